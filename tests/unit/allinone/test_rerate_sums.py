"""What a re-rating came to over several connections."""

from __future__ import annotations

from finops.pricing.v1.pricing_pb2 import RerateEffect, RerateResponse

from services.allinone.commands.rerate_sums import Sums
from services.common.money import to_proto


def _progress(token: str, events: int, model: str = "m") -> RerateResponse:
    effect = RerateEffect(
        provider="p", model=model, events=events, cost_before=to_proto(events), cost_after=to_proto(3 * events),
        unpriced_before=events,
    )  # fmt: skip
    return RerateResponse(
        events_read=10 * events, events_changed=events, events_refused=1, effects=[effect], resume_token=token
    )


def test_connections_add_up_and_the_last_says_where_to_go_on() -> None:
    sums = Sums("start")
    assert (sums.token, sums.table()) == ("start", [])
    sums.add(_progress("a", 2))
    sums.add(_progress("b", 5))
    sums.add(_progress("", 1, "n"))
    assert (sums.token, sums.read, sums.changed, sums.refused) == ("", 80, 8, 3)
    _, first, second, everything = sums.table()
    assert first == ("p", "m", "7", "0.000000000007", "0.000000000021", "0.000000000014", "7", "0")
    assert second[:3] == ("p", "n", "1")
    assert everything == ("all", "", "8", "0.000000000008", "0.000000000024", "0.000000000016", "8", "0")
    assert [effect["delta"] for effect in sums.told()["effects"]] == ["0.000000000014", "0.000000000002"]
