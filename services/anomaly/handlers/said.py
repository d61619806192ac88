"""What people said, as the watch reckons with it."""

from __future__ import annotations

from collections.abc import Iterable

from services.anomaly.domain.lessons import Said
from services.anomaly.domain.plan import Window
from services.anomaly.domain.series import Hour, hour_of
from services.anomaly.handlers.desk import Desk
from services.anomaly.handlers.ports import Announced, Labelled
from services.common.clock import Micros


def window_of(announced: Announced, grace: Micros) -> Window:
    """The whole hours in which it counts: those that it touches and that were not closed when it was created, up to
    those that were not closed when it was deleted."""
    window = announced.window
    first = max(hour_of(window.start_unix_micros), hour_of(window.create_unix_micros - grace))
    end = hour_of(window.end_unix_micros - 1) + 1
    if announced.deleted:
        end = min(end, hour_of(announced.deleted - grace))
    return Window(window.name, dict(window.series), first, end)


def said_of(labelled: Labelled, grace: Micros) -> Said:
    """It counts from the first hour on that was not closed when it was said."""
    return Said(labelled.name, labelled.label.verdict, hour_of(labelled.label.label_unix_micros - grace))


def heard_the_same(desk: Desk, said: Iterable[Labelled | Announced], oldest: Hour, grace: Micros) -> bool:
    """True if a desk has heard exactly the labels and windows that stand now, apart from what ended before `oldest`."""
    labels: set[tuple[str, str, int, Micros]] = set()
    windows: dict[tuple[str, str], Window] = {}
    for one in said:
        if isinstance(one, Announced):
            windows[one.tenant, one.window.name] = window_of(one, grace)
        else:
            labels.add((one.tenant, one.name, one.label.verdict, one.label.label_unix_micros))
    heard = {(*key, label.verdict, label.label_unix_micros) for key, label in desk.heard.items()}
    planned = {
        (tenant, window.name): window for tenant, watch in desk.watches.items() for window in watch.plan.windows()
    }
    return _since(oldest, labels, windows) == _since(oldest, heard, planned)


def _since(
    oldest: Hour, labels: Iterable[tuple[str, str, int, Micros]], windows: dict[tuple[str, str], Window]
) -> tuple[object, object]:
    return (
        {label for label in labels if hour_of(label[-1]) > oldest},
        {key: window for key, window in windows.items() if window.end > oldest},
    )
