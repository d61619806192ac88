"""The events a settlement posts. They run through the rater like any other; their names never change."""

from __future__ import annotations

import hashlib
from typing import NamedTuple

from finops.usage.v1.usage_pb2 import CORRECTION_KIND_SETTLEMENT, Correction, UsageEvent

from services.common.clock import Micros
from services.common.event_key import KEY_BYTES, event_key
from services.common.money import Picos
from services.pricing.domain.settlement import SOURCE, Balance

NAME_TAG = "settlement"
"""Holds a posting's name, so that the ledger's sums tell what was posted."""
CONTRACT_TAG = "contract"
_CHARGE_TAG = "charge"
"""Tells exports what FOCUS calls the charge."""
_REASONS = {
    "credit": "paid for by the credit",
    "commitment": "spend below the commitment",
    "payment": "paid in advance",
    "excess": "use beyond what was paid in advance",
}


class Posted(NamedTuple):
    """What the ledger holds under a posting's name."""

    name: str
    day: Micros
    provider: str
    model: str
    user: str
    amount: Picos
    billed: Picos

    @property
    def amounts(self) -> tuple[Picos, Picos]:
        """Effective and billed."""
        return self.amount, self.billed


def posting(tenant_id: str, balance: Balance, now: Micros) -> UsageEvent:
    """The event of a balance."""
    event = _event(
        tenant_id, balance.name, balance.time, balance.provider, balance.model, balance.user, *balance.amounts
    )
    event.tags[CONTRACT_TAG] = balance.contract
    if balance.kind == "payment":
        event.tags[_CHARGE_TAG] = "Purchase"
    return _sealed(event, now, _reason(balance))


def withdrawal(tenant_id: str, posted: Posted, now: Micros) -> UsageEvent:
    """The event that takes back what no contract says any more."""
    event = _event(tenant_id, posted.name, posted.day, posted.provider, posted.model, posted.user, 0, 0)
    event.tags[CONTRACT_TAG] = posted.name.partition("/")[0]
    return _sealed(event, now, "not owed any more, as contract and use are now")


def _event(
    tenant_id: str, name: str, time: Micros, provider: str, model: str, user: str, effective: Picos, billed: Picos
) -> UsageEvent:
    return UsageEvent(
        tenant_id=tenant_id,
        source=SOURCE,
        source_event_id=name,
        time_unix_micros=time,
        provider=provider,
        model=model,
        user=user,
        tags={NAME_TAG: name},
        source_cost_picos=billed,
        source_effective_cost_picos=None if effective == billed else effective,
        source_cost_billed=True,
    )


def _sealed(event: UsageEvent, now: Micros, reason: str) -> UsageEvent:
    """With key and hash as every event has them. The hash leaves out when and why, so that the same amount worked out
    again is a resend."""
    content = event.SerializeToString(deterministic=True)
    event.event_key = event_key(event.tenant_id, event.source, event.source_event_id)
    event.content_hash = hashlib.blake2b(content, digest_size=KEY_BYTES).digest()
    event.received_unix_micros = now
    event.correction.CopyFrom(
        Correction(kind=CORRECTION_KIND_SETTLEMENT, author=SOURCE, reason=reason, recorded_unix_micros=now)
    )
    return event


def _reason(balance: Balance) -> str:
    if balance.kind == "allowance":
        return f"{balance.used} {balance.bucket} used, {balance.agreed} included"
    return _REASONS[balance.kind]
