"""API keys: hashed, of one tenant, with a role."""

from __future__ import annotations

import pytest

from services.common import auth
from services.common.auth import Access, Principal, Role
from services.common.errors import InvalidArgumentError, PermissionDeniedError, UnauthenticatedError


def test_a_key_proves_its_tenant_and_role() -> None:
    text, stored = auth.new_api_key("acme", Role.VIEWER, "dashboards")
    assert text not in repr(stored)
    principal = auth.verify(text, {stored.key_id: stored})
    assert (principal.tenant_id, principal.role, principal.key_name) == ("acme", Role.VIEWER, "dashboards")
    principal.require(Access.READ)
    with pytest.raises(PermissionDeniedError, match="viewer"):
        principal.require(Access.EDIT)


def test_the_right_id_with_another_secret_is_refused() -> None:
    text, stored = auth.new_api_key("acme", Role.ADMIN, "a")
    forged = text[:-1] + ("A" if text[-1] != "A" else "B")
    with pytest.raises(UnauthenticatedError):
        auth.verify(forged, {stored.key_id: stored})


@pytest.mark.parametrize(
    ("role", "granted"),
    [
        (Role.INGEST, {Access.WRITE_EVENTS}),
        (Role.GATEWAY, {Access.WRITE_EVENTS, Access.ASK}),
        (Role.VIEWER, {Access.ASK, Access.READ}),
        (Role.EDITOR, {Access.WRITE_EVENTS, Access.ASK, Access.READ, Access.EDIT}),
        (Role.ADMIN, {Access.WRITE_EVENTS, Access.ASK, Access.READ, Access.EDIT, Access.ADMINISTER}),
        (Role.SERVICE, set(Access)),
    ],
)
def test_a_role_grants_this_and_no_more(role: Role, granted: set[Access]) -> None:
    principal = Principal("acme", role, "k", "key")
    for access in Access:
        if access in granted:
            principal.require(access)
        else:
            with pytest.raises(PermissionDeniedError, match=f"role '{role.value}' may not do this"):
                principal.require(access)


@pytest.mark.parametrize("text", ["", "afk_", "afk_x_y", "Bearer", "afk_abcdefghijkl_" + "!" * 43, "\x00"])
def test_what_is_no_key_is_refused(text: str) -> None:
    with pytest.raises(UnauthenticatedError):
        auth.verify(text, {})


def test_only_a_service_key_acts_for_another_tenant() -> None:
    admin_text, admin = auth.new_api_key("acme", Role.ADMIN, "a")
    service_text, service = auth.new_api_key("aifinops", Role.SERVICE, "s")
    keys = {admin.key_id: admin, service.key_id: service}
    assert auth.verify(service_text, keys, acting_for="acme").tenant_id == "acme"
    assert auth.verify(admin_text, keys, acting_for="acme").tenant_id == "acme"
    with pytest.raises(PermissionDeniedError):
        auth.verify(admin_text, keys, acting_for="globex")


@pytest.mark.parametrize("header", [None, "", "Basic abc", "Bearer", "Bearer  "])
def test_a_header_without_a_bearer_key_says_what_to_send(header: str | None) -> None:
    with pytest.raises(UnauthenticatedError, match="Bearer"):
        auth.bearer_token(header)


@pytest.mark.parametrize("tenant", ["", "A", "a b", "a/b", "-a", "a" * 64])
def test_a_tenant_id_is_a_dns_label(tenant: str) -> None:
    with pytest.raises(InvalidArgumentError):
        auth.new_api_key(tenant, Role.ADMIN, "a")
