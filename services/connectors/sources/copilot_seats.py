"""GitHub Copilot's seats: who holds one today, on which plan, and when it was last used. Metered: a seat is the spend.

https://docs.github.com/en/rest/copilot/copilot-user-management
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import date
from functools import partial

from services.common.clock import Clock, SystemClock
from services.connectors.domain.connector import Api, Pages, SourceRefusedError, Unreadable
from services.connectors.domain.event import Event, SeatState, rfc3339, row_id, tags
from services.connectors.domain.row import Row, document, listed, read
from services.connectors.sources import github, seats

NAME = "copilot-seats"


def snapshots(clock: Clock) -> Pages:
    """Reads the seats of today."""
    return seats.of_today(clock, _snapshot)


async def _snapshot(api: Api, day: date, options: Mapping[str, str]) -> AsyncIterator[Sequence[Event | Unreadable]]:
    organization = options[github.ORGANIZATION]
    asked: set[str] = set()
    url = f"/orgs/{github.path_name(organization)}/copilot/billing/seats"
    answer = await api.get(url, {"per_page": 100})
    while True:
        held = listed(document(answer.body, "GitHub"), "seats", "GitHub")
        yield [
            read(seat, partial(_event, day, organization), f"page {len(asked) + 1} seat {n}")
            for n, seat in enumerate(held, 1)
        ]
        if not answer.next_url:
            return
        if answer.next_url in asked:
            raise SourceRefusedError("GitHub's pages go round in a circle: try again later")
        asked.add(answer.next_url)
        answer = await api.get(answer.next_url)


def _event(day: date, organization: str, row: Row) -> Event:
    holder, team = row.row("assignee"), row.row("assigning_team")
    login = holder.needed("login")
    return Event(
        # The number stays when a login is renamed.
        id=row_id(organization.lower(), holder.text("id") or login, day),
        # The same at every reading of the day: a last use that moved is a revision of the day's seat, not another seat.
        time=f"{day}T00:00:00Z",
        source=NAME,
        provider=github.PROVIDER,
        model=f"copilot-{row.label('plan_type') or 'unknown'}",
        tool=github.TOOL,
        team=team.label("slug") or team.label("name"),
        user=holder.label("email") or login,
        tags=tags(organization=organization, login=login),
        usage={"seats": 1},
        seat=_state(row),
    )


def _state(row: Row) -> SeatState:
    state = SeatState(pending_cancellation=row.has("pending_cancellation_date"))
    if row.has("created_at"):
        state["assigned_at"] = rfc3339(row.moment("created_at"))
    # It needs telemetry from the editor: nothing told is not nothing done.
    if row.has("last_activity_at"):
        state["last_active_at"] = rfc3339(row.moment("last_activity_at"))
    return state


CONNECTOR = seats.connector(
    name=NAME,
    title="GitHub Copilot seats",
    base_url=github.BASE_URL,
    headers=github.headers,
    pages=snapshots(SystemClock()),
    requests_per_minute=github.REQUESTS_PER_MINUTE,
    options=github.OPTIONS,
)
