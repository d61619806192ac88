"""Amounts booked by hand: a credit note, a refund, a bill that no event tells of. For keys that may edit.

Each is an event of its own, in the ledger beside what it adjusts, with its author and reason; the same id again with
another amount is a revision, and `"amount": "0"` takes it back.
"""

from __future__ import annotations

from finops.usage.v1.usage_pb2 import Correction, CorrectionKind, UsageEvent

from services.common.dimensions import ADJUSTMENTS
from services.ingest.domain import fields
from services.ingest.domain.context import Context
from services.ingest.domain.rejection import Reason, Rejected

NAME = ADJUSTMENTS

_TEXTS = ("provider", "model", "tool", "team", "user", "project", "key", "environment")
FIELDS = ("id", "time", "amount", "reason", *_TEXTS, "tags")
"""What an adjustment may have, in the order messages list it."""


def decode(value: object, context: Context) -> UsageEvent:
    """The event an adjustment stands for: no quantities, and the amount as its cost.

    Raises:
        Rejected
    """
    item = fields.item(value, FIELDS)
    identity = fields.required_text(item.get("id"), "id", "send your own id of it, the same one on every resend")
    reason = fields.required_text(item.get("reason"), "reason", "say why, for whoever reads the ledger later")
    for name, example in (("time", "2026-11-23T12:00:00Z"), ("amount", "-12.50")):
        if item.get(name) is None:
            raise Rejected(Reason.MISSING, name, f'is missing: send it, such as "{example}"')
    return UsageEvent(
        tenant_id=context.tenant_id,
        source=NAME,
        source_event_id=identity,
        time_unix_micros=context.window.rfc3339(item["time"], "time"),
        source_cost_picos=fields.dollars(item["amount"], "amount"),
        source_cost_billed=True,
        tags=fields.tags(item.get("tags"), "tags"),
        correction=Correction(
            kind=CorrectionKind.CORRECTION_KIND_MANUAL_ADJUSTMENT, author=context.author, reason=reason
        ),
        **{name: fields.text(item.get(name), name) for name in _TEXTS},  # type: ignore[arg-type]
    )
