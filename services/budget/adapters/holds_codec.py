"""Holds as bytes: the key is the tenant and the request id, the value a HoldRecord, or none where it is gone."""

from __future__ import annotations

from finops.budget.v1 import budget_pb2 as pb

from services.budget.domain.holds import Change, Gone, HeldScope, Hold, HoldState
from services.common import money


def key_of(change: Change) -> bytes:
    return "/".join(change.key).encode()


def value_of(change: Change) -> bytes | None:
    return None if isinstance(change, Gone) else _record(change).SerializeToString()


def decode(key: bytes, value: bytes | None) -> Change:
    """The step that a record tells of.

    Raises:
        ValueError, DecodeError: not a record of holds.
    """
    tenant_id, slash, request_id = key.decode().partition("/")
    if not slash:
        raise ValueError(f"{key!r} is no key of a hold")
    if value is None:
        return Gone((tenant_id, request_id))
    record = pb.HoldRecord.FromString(value)
    hold = record.hold
    return Hold(
        tenant_id,
        request_id,
        intent=hold.intent.SerializeToString(deterministic=True),
        answer=record.decision,
        scopes=tuple(HeldScope(s.budget_id, s.member if s.HasField("member") else None) for s in record.scopes),
        amount=money.from_proto(hold.amount),
        created=hold.create_unix_micros,
        expires=hold.expire_unix_micros,
        event_id=hold.event_id,
        state=HoldState(record.state or HoldState.OPEN),
    )


def to_proto(hold: Hold) -> pb.Hold:
    """As the API shows it."""
    return pb.Hold(
        request_id=hold.request_id,
        intent=pb.SpendIntent.FromString(hold.intent),
        amount=money.to_proto(hold.amount),
        settled=hold.state is HoldState.SETTLED,
        create_unix_micros=hold.created,
        expire_unix_micros=hold.expires,
        event_id=hold.event_id,
    )


def _record(hold: Hold) -> pb.HoldRecord:
    return pb.HoldRecord(
        tenant_id=hold.tenant_id,
        hold=to_proto(hold),
        decision=hold.answer,
        scopes=[pb.HeldScope(budget_id=scope.budget_id, member=scope.member) for scope in hold.scopes],
        state=f"STATE_{hold.state.name}",
    )
