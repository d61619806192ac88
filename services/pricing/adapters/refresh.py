"""Keeps the price book fresh: fetches copies, has them judged, puts the good ones in force, and tells of the others."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from services.common.clock import SECOND, Clock, Micros
from services.common.component import Health
from services.common.log import get_logger
from services.common.repeating import Repeating
from services.pricing.adapters import metrics
from services.pricing.adapters.price_book.edition import (
    COPY,
    Edition,
    Limits,
    fresh_edition,
    kept_edition,
    wheel_edition,
)
from services.pricing.adapters.price_book.fetch import source_of
from services.pricing.adapters.price_book.litellm import read_quotes
from services.pricing.adapters.price_book.reading import MalformedCopyError
from services.pricing.adapters.price_book.refusal import Refusal, RefusedCopyError
from services.pricing.adapters.price_book.shelf import KeptCopy, Shelf
from services.pricing.domain.rating import PriceBook
from services.pricing.settings import BookOptions

log = get_logger(__name__)

_LOOK_SECONDS = 5.0
"""How soon a copy that another process put into the folder is noticed."""
_RETRY_SECONDS = 300.0
"""After a refused copy; the interval, where that is shorter."""


@dataclass(frozen=True)
class Opening:
    """What there is at the start."""

    edition: Edition
    second: bytes
    """The second catalogue; empty: none yet."""
    kept: KeptCopy | None = None
    trouble: RefusedCopyError | None = None
    """Why the kept copy is not used, where it should be."""


def open_book(options: BookOptions, now: Micros) -> Opening:
    """The kept copy's edition, or the wheel's where that is newer or the copy is of no use."""
    shelf = Shelf(Path(options.folder)) if options.folder else None
    second = shelf.second() if shelf is not None else b""
    wheel = wheel_edition(second, options.accepted_prices(), now)
    if shelf is None:
        return Opening(wheel, second)
    try:
        kept = shelf.load()
        if kept is None:
            return Opening(wheel, second)
        edition = kept_edition(kept.content, kept.as_of, kept.outliers, options.accepted_prices(), now)
    except RefusedCopyError as error:
        return Opening(wheel, second, trouble=error)
    if edition.book.as_of < wheel.book.as_of:
        log.info(
            "the wheel's price list is newer than the kept copy", wheel=wheel.book.version, copy=edition.book.version
        )
        return Opening(wheel, second)
    return Opening(edition, second, kept)


class PriceBookKeeper:
    """Keeps what is in force the newest good copy. A component; always ready, since some book is in force always."""

    def __init__(self, options: BookOptions, opening: Opening, use: Callable[[PriceBook], None], clock: Clock) -> None:
        """`use` puts a book in force."""
        self.name = "price book"
        self.edition = opening.edition
        self._options = options
        self._use = use
        self._clock = clock
        self._second = opening.second
        self._second_etag = ""
        self._kept = opening.kept
        self._shelf = Shelf(Path(options.folder)) if options.folder else None
        self._mark = self._shelf.mark() if self._shelf is not None else (0, 0)
        self._due: Micros = 0
        self._troubles: dict[str, str] = {}
        self._started_at = clock.now()
        if opening.trouble is not None:
            self._tell("kept copy", opening.trouble)
        interval = options.interval_minutes * 60
        self._turning = Repeating(self.name, self._turn, seconds=min(_LOOK_SECONDS, interval))
        self._interval = round(interval * SECOND)
        metrics.watch_book(lambda: self.edition, clock, self._confirmed if options.source else None)

    async def start(self) -> None:
        await self._turning.start()

    async def stop(self) -> None:
        await self._turning.stop()

    def health(self) -> Health:
        """What is wrong, and what of the book is out of use, is told; neither makes the process unready."""
        told = list(self._troubles.values())
        if told:
            told.append(f"{self.edition.book.version} stays in force")
        if self.edition.quarantined:
            told.append(f"quarantined prices: {len(self.edition.quarantined)} (`aifinops prices quarantine`)")
        return Health(ready=True, detail="; ".join(told))

    async def refresh(self) -> bool:
        """Fetches now; True where another book is in force after it.

        Raises:
            RefusedCopyError: the copy is not taken. It was told of already.
        """
        await self._refresh_second()
        place, etag = self._options.source, ""
        if self._kept is not None and self._kept.place == place:
            etag = self._kept.etag
        try:
            source = source_of(
                place, most_bytes=self._options.most_bytes, timeout_seconds=self._options.timeout_seconds
            )
            if source is None:
                return False
            copy = await source.fetch(etag)
            same = copy is None or (self._kept is not None and copy.content == self._kept.content)
            if same and self._kept is not None:
                await self._confirm(self._kept, copy.etag if copy is not None else etag)
                changed = False
            elif copy is not None:
                changed = await self._take(copy.content, copy.etag, place)
            else:
                changed = False
        except RefusedCopyError as error:
            self._tell("refresh", error)
            raise
        self._troubles.pop("refresh", None)
        self._troubles.pop("kept copy", None)
        return changed

    async def _turn(self) -> None:
        await self._look()
        if not self._options.source or self._clock.now() < self._due:
            return
        try:
            await self.refresh()
        except RefusedCopyError:
            self._due = self._clock.now() + min(self._interval, round(_RETRY_SECONDS * SECOND))
        else:
            self._due = self._clock.now() + self._interval

    async def _take(self, content: bytes, etag: str, place: str) -> bool:
        limits = Limits(self._options.least_share, self._options.most_jumps)
        now = self._clock.now()
        try:
            edition = await asyncio.to_thread(
                fresh_edition, content, self.edition, self._second, self._options.accepted_prices(), limits, now
            )
        except RefusedCopyError:
            raise
        except Exception as error:  # Whatever a copy does to its reader, the book in force stays, and it is told of.
            log.error("a copy that nobody foresaw", exc_info=error)
            raise RefusedCopyError(Refusal.MALFORMED, f"{type(error).__name__}: {error}") from error
        self._kept = KeptCopy(content, etag, place, edition.book.as_of, now, edition.outliers)
        changed = edition.book.version != self.edition.book.version
        self._put_in_force(edition)
        await self._keep(self._kept)
        return changed

    async def _confirm(self, kept: KeptCopy, etag: str) -> None:
        self._kept = KeptCopy(kept.content, etag, self._options.source, kept.as_of, self._clock.now(), kept.outliers)
        await self._keep(self._kept)

    async def _keep(self, kept: KeptCopy) -> None:
        """A folder that cannot be written is told of; the copy counts all the same."""
        if self._shelf is None:
            return
        try:
            await asyncio.to_thread(self._shelf.put, kept)
        except RefusedCopyError as error:
            self._tell("folder", error)
        else:
            self._troubles.pop("folder", None)
            self._mark = self._shelf.mark()

    async def _look(self) -> None:
        """Takes what another process, `aifinops prices refresh` say, put into the folder."""
        if self._shelf is None or (mark := self._shelf.mark()) == self._mark:
            return
        self._mark = mark
        opening = await asyncio.to_thread(open_book, self._options, self._clock.now())
        if opening.trouble is not None:
            self._tell("kept copy", opening.trouble)
            return
        if opening.edition.origin == COPY:
            self._kept, self._second = opening.kept, opening.second
            self._troubles.pop("kept copy", None)
            if opening.edition.book.version != self.edition.book.version:
                self._put_in_force(opening.edition)

    async def _refresh_second(self) -> None:
        """A second catalogue that is away is told of; prices are then judged by the one that was read last."""
        options = self._options
        try:
            source = source_of(
                options.second_catalogue, most_bytes=options.most_bytes, timeout_seconds=options.timeout_seconds
            )
            copy = await source.fetch(self._second_etag) if source is not None else None
            if copy is not None:
                await asyncio.to_thread(read_quotes, copy.content, self.edition.book.catalogue)
                self._second, self._second_etag = copy.content, copy.etag
                if self._shelf is not None:
                    await asyncio.to_thread(self._shelf.put_second, copy.content)
        except MalformedCopyError as error:
            self._tell("second catalogue", RefusedCopyError(Refusal.CATALOGUE, str(error)))
        except RefusedCopyError as error:
            self._tell("second catalogue", RefusedCopyError(Refusal.CATALOGUE, str(error)))
        else:
            self._troubles.pop("second catalogue", None)

    def _put_in_force(self, edition: Edition) -> None:
        before, self.edition = self.edition, edition
        self._use(edition.book)
        metrics.tell_book(edition)
        log.info(
            "price book in force",
            version=edition.book.version, before=before.book.version, models=len(edition.models),
            quarantined=len(edition.quarantined),
        )  # fmt: skip
        for outlier in edition.quarantined:
            if outlier not in before.quarantined:
                log.warning(
                    "price quarantined",
                    model=outlier.price_id, kind=outlier.kind, bucket=outlier.bucket, reason=outlier.reason,
                )  # fmt: skip

    def _tell(self, what: str, error: RefusedCopyError) -> None:
        metrics.REFRESH_FAILURES.labels(error.refusal.value).inc()
        log.error("price list not taken", what=what, reason=error.refusal.value, error=str(error),
                  in_force=self.edition.book.version)  # fmt: skip
        self._troubles[what] = f"{what}: {error}"

    def _confirmed(self) -> Micros:
        """When the source last confirmed what is in force; before it ever did, the start."""
        return self._kept.confirmed if self._kept is not None else self._started_at
