"""A day of a seat in each view of cost."""

from __future__ import annotations

from fractions import Fraction
from typing import NamedTuple

from services.common.clock import Micros
from services.common.money import Picos, round_half_even
from services.pricing.domain.contracts import CONTRACT, Now
from services.pricing.domain.seats import SeatPrice, day_price_at

_NONE = Fraction(0)


class SeatDay(NamedTuple):
    """Picodollars of one seat for one UTC day."""

    effective: Picos
    contracted: Picos
    listed: Picos
    price_id: str


def seat_day(
    provider: str, plan: str, time: Micros, listed: SeatPrice | None, own: Picos | None, agreed: Now | None
) -> SeatDay | None:
    """The contract's price, else the one the event itself brings, else the list price less the contract's discount.

    A discounted month is rounded half to even once, then spread over its days; so is a month with its mark-up.

    Args:
        provider: as the event names it.
        plan: as the event names it.
        time: within the day.
        listed: the plan's list price.
        own: picodollars a month that the event brings.
        agreed: what a contract says.
    """
    name = listed.price_id if listed is not None else f"{provider}/{plan}"
    discount, markup = (agreed.discount, agreed.markup) if agreed is not None else (_NONE, _NONE)
    if agreed is not None and agreed.seat is not None:
        day = agreed.seat.day_price(time)
        raised = agreed.seat.marked_up(agreed.markup).day_price(time)
        if day is None or raised is None:
            return None
        at_list = day if listed is None else day_price_at(listed.monthly, time)
        return SeatDay(raised, day, at_list, name + CONTRACT)
    if own is not None:
        monthly, name = own, f"{provider}/{plan} (the source's own price)"
    elif listed is not None:
        monthly = round_half_even(listed.monthly * (1 - discount)) if discount else listed.monthly
        name += CONTRACT if discount or markup else ""
    else:
        return None
    return SeatDay(
        effective=day_price_at(round_half_even(monthly * (1 + markup)) if markup else monthly, time),
        contracted=day_price_at(monthly, time),
        listed=day_price_at(monthly if listed is None else listed.monthly, time),
        price_id=name,
    )
