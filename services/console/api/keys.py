"""`/keys`."""

from __future__ import annotations

from typing import Literal

from fastapi import APIRouter, Response
from pydantic import Field

from services.common.auth import ApiKey, Role
from services.common.clock import HOUR
from services.console.api.calls import Admin, ConsoleOf, refusals
from services.console.api.models import Answer, Body

router = APIRouter(tags=["keys"])

RoleName = Literal["ingest", "gateway", "viewer", "editor", "admin"]


class Key(Answer):
    """An API key of the caller's tenant, without its secret."""

    id: str
    name: str
    role: RoleName


class Keys(Answer):
    keys: list[Key]


class NewKey(Body):
    name: str = Field(min_length=1, max_length=100, description="Who or what will hold it", examples=["checkout-api"])
    role: RoleName = Field(
        description="ingest sends events, gateway also asks whether spend fits, viewer reads, editor also edits, "
        "admin also decides"
    )


class Rotation(Body):
    overlap_hours: int = Field(
        default=0, ge=0, le=720, description="How long the old key goes on; 0 revokes it at once"
    )


class CreatedKey(Key):
    key: str = Field(description="The key itself; it is not stored and cannot be shown again", examples=["afk_..."])


@router.get("/keys", summary="Valid API keys", responses=refusals())
async def list_keys(caller: Admin, console: ConsoleOf) -> Keys:
    return Keys(keys=[_shown(key) for key in console.keyring.of_tenant(caller.principal.tenant_id)])


@router.post("/keys", summary="Create an API key", status_code=201, responses=refusals(413))
async def create_key(caller: Admin, console: ConsoleOf, body: NewKey) -> CreatedKey:
    principal = caller.principal
    text, key = await console.keyring.create(principal.tenant_id, Role(body.role), body.name, principal.key_name)
    return CreatedKey(key=text, **_shown(key).model_dump())


@router.post("/keys/{key_id}:rotate", summary="Put a new key in a key's place", responses=refusals(404, 413))
async def rotate_key(caller: Admin, console: ConsoleOf, key_id: str, body: Rotation) -> CreatedKey:
    """The new key has the same role and name. A key that settings brought cannot be rotated."""
    principal = caller.principal
    overlap = body.overlap_hours * HOUR
    text, key = await console.keyring.rotate(principal.tenant_id, key_id, principal.key_name, overlap)
    return CreatedKey(key=text, **_shown(key).model_dump())


@router.delete("/keys/{key_id}", summary="Revoke an API key", status_code=204, responses=refusals(404))
async def revoke_key(caller: Admin, console: ConsoleOf, key_id: str) -> Response:
    """Refused here at once, by other processes within seconds. A key that settings brought cannot be revoked."""
    await console.keyring.revoke(caller.principal.tenant_id, key_id, caller.principal.key_name)
    return Response(status_code=204)


def _shown(key: ApiKey) -> Key:
    # A tenant's list holds no service keys.
    return Key(id=key.key_id, name=key.name, role=key.role.value)  # type: ignore[arg-type]
