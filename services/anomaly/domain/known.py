"""Anomalies told in an earlier life. History read again may name the same incident a little differently; it keeps the
name people know."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from finops.anomaly.v1.anomaly_pb2 import Anomaly

from services.anomaly.domain.policy import Policy
from services.anomaly.domain.series import Hour
from services.anomaly.domain.suspects import Suspect
from services.common.clock import HOUR

_Key = tuple[frozenset[tuple[str, str]], Anomaly.Channel]


class KnownAnomalies:
    """Of one tenant."""

    def __init__(self, anomalies: Iterable[Anomaly], policy: Policy) -> None:
        self._policy = policy
        self._found: dict[_Key, list[Anomaly]] = {}
        self._unclaimed: dict[str, Anomaly] = {}
        for anomaly in anomalies:
            self._found.setdefault(_key(anomaly.series, anomaly.channel), []).append(anomaly)
            if anomaly.state == Anomaly.STATE_OPEN:
                self._unclaimed[anomaly.name] = anomaly

    def match(self, suspect: Suspect, channel: Anomaly.Channel) -> Anomaly | None:
        """The anomaly told of this series and channel in about these hours."""
        reach = self._policy.calm_hours
        for anomaly in self._found.get(_key(suspect.series.labels, channel), ()):
            start, end = anomaly.start_unix_micros // HOUR, anomaly.end_unix_micros // HOUR
            if suspect.run.start < end + reach and suspect.run.last >= start - reach:
                return anomaly
        return None

    def claim(self, name: str) -> None:
        """An incident of now carries on the anomaly of this name, if there is one."""
        self._unclaimed.pop(name, None)

    def expect(self, anomalies: Iterable[Anomaly]) -> None:
        """Open ones that were told after the state at hand was kept: what follows is to bear them out."""
        for anomaly in anomalies:
            self._unclaimed[anomaly.name] = anomaly
            self._found.setdefault(_key(anomaly.series, anomaly.channel), []).append(anomaly)

    def forsaken(self, hour: Hour) -> list[Anomaly]:
        """Open ones that nothing in history bears out any more; each is returned once, to be closed."""
        last = hour - self._policy.calm_hours - self._policy.pool_hours
        gone = [anomaly for anomaly in self._unclaimed.values() if anomaly.end_unix_micros // HOUR < last]
        for anomaly in gone:
            del self._unclaimed[anomaly.name]
        return gone


def _key(labels: Mapping[str, str], channel: Anomaly.Channel) -> _Key:
    return frozenset(labels.items()), channel
