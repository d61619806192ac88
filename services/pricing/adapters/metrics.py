"""Prometheus metrics of pricing."""

from __future__ import annotations

from collections.abc import Collection

from prometheus_client import Counter, Gauge, Histogram

from services.common.clock import DAY, Clock
from services.pricing.domain.names import Catalogue
from services.pricing.domain.rating import PriceBook
from services.pricing.handlers.ports import RatedBatch

RATED = Counter("aifinops_rater_events_total", "Events rated: first records and revisions")
DUPLICATES = Counter("aifinops_rater_duplicates_total", "Resent events that changed nothing")
REVISIONS = Counter("aifinops_rater_revisions_total", "Events whose content changed")
SUPERSEDED = Counter("aifinops_rater_superseded_estimates_total", "Estimates that came after the final record")
UNPRICED = Counter("aifinops_rater_unpriced_events_total", "Rated events with a bucket that has no price", ["provider"])
SECONDS = Histogram("aifinops_rater_batch_seconds", "Time from a batch's decoding to its acknowledged costs")
BOOK_AGE = Gauge("aifinops_price_book_age_days", "Days since a price in the book last changed")

_OTHER = "other"


class PrometheusMeter:
    """The rater's meter. Providers the book does not know share one label."""

    def __init__(self, catalogue: Catalogue) -> None:
        self._catalogue = catalogue
        self._providers: Collection[str] = catalogue.providers.keys()

    def rated(self, batch: RatedBatch) -> None:
        RATED.inc(len(batch.records))
        DUPLICATES.inc(batch.duplicates)
        SUPERSEDED.inc(batch.superseded)
        REVISIONS.inc(sum(record.revision > 1 for record in batch.records))
        for record in batch.records:
            if record.rating.unpriced_buckets:
                provider = self._catalogue.resolve(record.usage.provider, record.usage.model).provider
                UNPRICED.labels(provider if provider in self._providers else _OTHER).inc()
        SECONDS.observe(batch.seconds)


def watch_age(book: PriceBook, clock: Clock) -> None:
    """Keeps the age gauge current."""
    BOOK_AGE.set_function(lambda: (clock.now() - book.as_of) / DAY)
