"""What every endpoint needs: the console, the caller, and how a refusal looks in the OpenAPI document."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Annotated, Any

from fastapi import Depends, Request, Security
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from pydantic import BaseModel, Field

from services.common import auth
from services.common.auth import Access
from services.common.http.problems import authenticate
from services.common.paging import MAX_PAGE_SIZE
from services.console.console import Console
from services.console.handlers.peers import Caller, Peers

_bearer = HTTPBearer(
    auto_error=False, scheme_name="ApiKey", description="`Authorization: Bearer afk_...`. The key decides the tenant."
)


def console(request: Request) -> Console:
    """The console this application serves."""
    found: Console = request.app.state.console()
    return found


ConsoleOf = Annotated[Console, Depends(console)]


def peers(found: ConsoleOf) -> Peers:
    """The services the console asks."""
    return found.peers


PeersOf = Annotated[Peers, Depends(peers)]


def needs(access: Access) -> Callable[..., Awaitable[Caller]]:
    """A dependency: the caller, who must have `access`."""

    async def caller(
        request: Request,
        found: ConsoleOf,
        _documented: Annotated[HTTPAuthorizationCredentials | None, Security(_bearer)] = None,
    ) -> Caller:
        principal = await authenticate(request, found.keyring, access)
        return Caller(auth.bearer_token(request.headers.get("authorization")), principal)

    return caller


Reader = Annotated[Caller, Depends(needs(Access.READ))]
Editor = Annotated[Caller, Depends(needs(Access.EDIT))]
Admin = Annotated[Caller, Depends(needs(Access.ADMINISTER))]


class FieldProblem(BaseModel):
    """One thing wrong with one field."""

    field: str = Field(description="Its path, e.g. `amount`", examples=["granularity"])
    description: str = Field(description="How to mend it")


class ProblemBody(BaseModel):
    """Why a request was refused."""

    code: str = Field(description="Canonical code", examples=["INVALID_ARGUMENT"])
    message: str
    details: list[FieldProblem] = []


class Problem(BaseModel):
    """Every answer that is not 2xx."""

    error: ProblemBody


_WHY = {
    400: "A parameter or field is wrong, or the resource's state forbids it; `details` names the fields",
    401: "No API key, or an unknown or revoked one",
    403: "The key's role does not allow this",
    404: "No such resource in the key's tenant",
    409: "The name is taken, or somebody else changed the resource first (etag)",
    413: "The body is larger than 64 KiB",
    503: "A service this needs is away; retry after `Retry-After` seconds",
}


def refusals(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """OpenAPI `responses` of an endpoint that can refuse so; 400, 401, 403 and 503 are always among them."""
    return {
        status: {"model": Problem, "description": _WHY[status]} for status in sorted({400, 401, 403, 503, *statuses})
    }


PageSize = Annotated[int, Field(ge=1, le=MAX_PAGE_SIZE, description=f"1 to {MAX_PAGE_SIZE:,}")]
