"""People's word on anomalies: kept apart from them, shown with them, and heard by the watch."""

from __future__ import annotations

from finops.anomaly.v1.anomaly_pb2 import (
    Anomaly,
    GetPrecisionRequest,
    GetPrecisionResponse,
    Label,
    LabelAnomalyRequest,
)

from services.anomaly.handlers.ports import Archive, Labelled, Labels, Listener
from services.anomaly.handlers.read import get_anomaly, get_labelled
from services.common.clock import DAY, Clock
from services.common.errors import InvalidArgumentError

LONGEST_NOTE = 1_000
PRECISION_DAYS = 90
"""Looked back if a request names no start."""


class Labelling:
    """Labels of anomalies, within the caller's tenant."""

    def __init__(self, archive: Archive, labels: Labels, listener: Listener, clock: Clock) -> None:
        self._archive = archive
        self._labels = labels
        self._listener = listener
        self._clock = clock

    async def label(self, tenant: str, author: str, request: LabelAnomalyRequest) -> Anomaly:
        """Keeps a label and lets the series learn from it; VERDICT_UNSPECIFIED takes it back.

        The same verdict again, with another note, teaches nothing anew. A verdict that is changed or taken back leaves
        no trace in what was learned: history is read again without it.

        Raises:
            InvalidArgumentError: an unknown verdict, or a note that is too long.
            NotFoundError: the tenant has no such anomaly.
            UnavailableError: ClickHouse is away.
        """
        if request.verdict not in Label.Verdict.values():
            known = ", ".join(name for name, value in Label.Verdict.items() if value)
            raise InvalidArgumentError.of("verdict", f"must be one of {known}, or left out to take a label back")
        if len(request.note) > LONGEST_NOTE:
            raise InvalidArgumentError.of(
                "note", f"at most {LONGEST_NOTE:,} characters, this one has {len(request.note):,}"
            )
        await get_anomaly(self._archive, tenant, request.name)
        before = (await self._labels.of(tenant, [request.name])).get(request.name, Label())
        now = self._clock.now()
        if before.verdict or request.verdict:
            since = before.label_unix_micros if before.verdict == request.verdict else now
            said = Label(verdict=request.verdict, author=author, note=request.note, label_unix_micros=since)
            labelled = Labelled(tenant, request.name, said)
            await self._labels.save(labelled, now)
            await self._listener.hear(labelled)
        return await get_labelled(self._archive, self._labels, tenant, request.name)

    async def precision(self, tenant: str, request: GetPrecisionRequest) -> GetPrecisionResponse:
        """How often each channel was right, of what people labelled.

        Raises:
            InvalidArgumentError: a range that ends before it starts.
            UnavailableError: ClickHouse is away.
        """
        end = request.end_unix_micros or self._clock.now()
        start = request.start_unix_micros or end - PRECISION_DAYS * DAY
        if start < 0 or end <= start:
            raise InvalidArgumentError.of("end_unix_micros", "must lie after start_unix_micros")
        channels = await self._labels.precision(tenant, start, end)
        for channel in channels:
            right = channel.confirmed + channel.expected
            if labelled := right + channel.false_alarms:
                channel.precision = right / labelled
        return GetPrecisionResponse(channels=channels)
