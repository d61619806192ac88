"""Prometheus metrics of pricing."""

from __future__ import annotations

import math
from collections.abc import Callable

from prometheus_client import Counter, Gauge, Histogram

from services.common.clock import DAY, SECOND, Clock, Micros
from services.pricing.adapters.price_book.edition import Edition
from services.pricing.domain.names import Catalogue
from services.pricing.handlers.ports import RatedBatch

RATED = Counter("aifinops_rater_events_total", "Events rated: first records and revisions")
DUPLICATES = Counter("aifinops_rater_duplicates_total", "Resent events that changed nothing")
REVISIONS = Counter("aifinops_rater_revisions_total", "Events whose content changed")
SUPERSEDED = Counter("aifinops_rater_superseded_estimates_total", "Estimates that came after the final record")
UNPRICED = Counter("aifinops_rater_unpriced_events_total", "Rated events with a bucket that has no price", ["provider"])
SECONDS = Histogram("aifinops_rater_batch_seconds", "Time from a batch's decoding to its acknowledged costs")
BOOK_AGE = Gauge("aifinops_price_book_age_days", "Days since a price in the book last changed")
BOOK_INFO = Gauge("aifinops_price_book_info", "1 for the book in force", ["version", "origin"])
SOURCE_AGE = Gauge(
    "aifinops_price_book_source_age_seconds",
    "Since the source last confirmed the book in force; NaN where no source is set",
)
QUARANTINED = Gauge("aifinops_price_book_quarantined_prices", "Prices of the list in force that are out of use")
REFRESH_FAILURES = Counter(
    "aifinops_price_book_refresh_failures_total", "Copies of the price list not taken", ["reason"]
)

_OTHER = "other"


class PrometheusMeter:
    """The rater's meter. Providers the book does not know share one label."""

    def __init__(self, catalogue: Callable[[], Catalogue]) -> None:
        """`catalogue`: that of the book in force."""
        self._catalogue = catalogue

    def rated(self, batch: RatedBatch) -> None:
        RATED.inc(len(batch.records))
        DUPLICATES.inc(batch.duplicates)
        SUPERSEDED.inc(batch.superseded)
        REVISIONS.inc(sum(record.revision > 1 for record in batch.records))
        catalogue = self._catalogue()
        for record in batch.records:
            if record.rating.unpriced_buckets:
                provider = catalogue.resolve(record.usage.provider, record.usage.model).provider
                UNPRICED.labels(provider if provider in catalogue.providers else _OTHER).inc()
        SECONDS.observe(batch.seconds)


def watch_book(edition: Callable[[], Edition], clock: Clock, confirmed: Callable[[], Micros] | None) -> None:
    """Keeps the book's gauges current. `confirmed`: when its source last called it the newest; None: no source."""
    BOOK_AGE.set_function(lambda: (clock.now() - edition().book.as_of) / DAY)
    QUARANTINED.set_function(lambda: len(edition().quarantined))
    SOURCE_AGE.set_function(lambda: math.nan if confirmed is None else (clock.now() - confirmed()) / SECOND)
    tell_book(edition())


def tell_book(edition: Edition) -> None:
    """The book in force, as the one series of its metric."""
    BOOK_INFO.clear()
    BOOK_INFO.labels(edition.book.version, edition.origin).set(1)
