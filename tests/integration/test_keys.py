"""API keys in ClickHouse, as several processes see them."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable

import pytest
from typer.testing import CliRunner, Result

from services.allinone.cli import app
from services.common.auth import Role, key_id_of
from services.common.clickhouse import ClickHouse, migrate
from services.common.clock import HOUR, MINUTE, SECOND, Clock, ManualClock, SystemClock
from services.common.errors import NotFoundError, UnauthenticatedError, UnavailableError
from services.common.keyring import KeyRing
from services.common.settings import AuthSettings, ClickHouseSettings

Ring = Callable[..., KeyRing]


@pytest.fixture
async def ring(auth_settings: AuthSettings, clickhouse_settings: ClickHouseSettings) -> AsyncIterator[Ring]:
    """Makes the key rings of several processes; they read only when told to."""
    await migrate(clickhouse_settings, ["services.common.migrations"])
    made: list[KeyRing] = []

    def another(clock: Clock | None = None, settings: AuthSettings = auth_settings) -> KeyRing:
        made.append(KeyRing(settings, ClickHouse(clickhouse_settings), clock))
        return made[-1]

    yield another
    for one in made:
        await one.stop()


async def works(ring: KeyRing, key: str) -> bool:
    try:
        await ring.authenticate(f"Bearer {key}")
    except UnauthenticatedError:
        return False
    return True


async def test_a_key_made_elsewhere_works_at_once_and_a_revoked_one_after_a_reading(ring: Ring) -> None:
    one, two = ring(), ring()
    await two.refresh()
    text, key = await one.create("acme", Role.INGEST, "shop", "test")
    assert await works(one, text)
    assert await works(two, text)
    await two.revoke("acme", key.key_id, "test")
    assert not await works(two, text)
    assert await works(one, text)
    await one.refresh()
    assert not await works(one, text)


async def test_a_process_notices_by_itself(ring: Ring) -> None:
    one, two = ring(), ring()
    await two.start()
    async with asyncio.timeout(60):
        while not two.health().ready:
            await asyncio.sleep(0.02)
    text, key = await one.create("acme", Role.INGEST, "shop", "test")
    assert await works(two, text)
    await one.revoke("acme", key.key_id, "test")
    async with asyncio.timeout(30):
        while await works(two, text):
            await asyncio.sleep(0.02)


async def test_before_the_first_reading_a_key_is_not_called_wrong(ring: Ring, auth_settings: AuthSettings) -> None:
    """A client told 401 gives up, and its events are lost; one told 503 comes again."""
    text, _ = await ring().create("acme", Role.INGEST, "shop", "test")
    fresh = ring()
    with pytest.raises(UnavailableError) as caught:
        await fresh.authenticate(f"Bearer {text}")
    assert caught.value.retry_after_seconds
    assert await works(fresh, auth_settings.admin_key.get_secret_value())
    assert not await works(fresh, "afk_nonsense")
    await fresh.refresh()
    assert await works(fresh, text)


async def test_a_revocation_by_a_clock_that_is_behind_counts(ring: Ring) -> None:
    now = SystemClock().now()
    ahead, behind = ring(ManualClock(now + MINUTE)), ring(ManualClock(now - MINUTE))
    text, key = await ahead.create("acme", Role.INGEST, "shop", "test")
    await behind.revoke("acme", key.key_id, "test")
    await ahead.refresh()
    assert not await works(ahead, text)


async def test_a_reading_under_way_does_not_undo_a_change(ring: Ring, monkeypatch: pytest.MonkeyPatch) -> None:
    one = ring()
    text, key = await one.create("acme", Role.INGEST, "shop", "test")
    await one.refresh()
    query, answered, go_on = ClickHouse.query, asyncio.Event(), asyncio.Event()

    async def slow(self: ClickHouse, *arguments: object) -> object:
        rows = await query(self, *arguments)  # type: ignore[arg-type]
        answered.set()
        await go_on.wait()
        return rows

    with monkeypatch.context() as patched:
        patched.setattr(ClickHouse, "query", slow)
        reading = asyncio.create_task(one.refresh())
        await answered.wait()
        patched.undo()
        await one.revoke("acme", key.key_id, "test")
        go_on.set()
        await reading
    assert not await works(one, text)


async def test_rotation_with_and_without_an_overlap(ring: Ring) -> None:
    clock = ManualClock(SystemClock().now())
    one, two = ring(clock), ring(clock)
    old, key = await one.create("acme", Role.VIEWER, "dashboard", "test")
    new, successor = await one.rotate("acme", key.key_id, "test", HOUR)
    assert (successor.tenant_id, successor.role, successor.name) == ("acme", Role.VIEWER, "dashboard")
    await two.refresh()
    for each in (one, two):
        assert await works(each, old)
        assert await works(each, new)
    clock.advance(HOUR - SECOND)
    assert await works(two, old)
    clock.advance(SECOND)
    for each in (one, two):
        assert not await works(each, old)
        assert await works(each, new)
        assert [k.key_id for k in each.of_tenant("acme") if k.name == "dashboard"] == [successor.key_id]
    newest, _ = await two.rotate("acme", successor.key_id, "test")
    assert not await works(two, new)
    assert await works(two, newest)
    with pytest.raises(NotFoundError):
        await two.rotate("globex", key_id_of(newest), "test")


async def test_a_key_that_ends_can_be_revoked_before(ring: Ring) -> None:
    one = ring()
    old, key = await one.create("acme", Role.VIEWER, "dashboard", "test")
    await one.rotate("acme", key.key_id, "test", HOUR)
    await one.revoke("acme", key.key_id, "test")
    await one.refresh()
    assert not await works(one, old)


async def test_the_settings_keys_are_not_touched_here(ring: Ring, auth_settings: AuthSettings) -> None:
    admin = auth_settings.admin_key.get_secret_value()
    with pytest.raises(NotFoundError):
        await ring().revoke("acme", key_id_of(admin), "test")
    assert await works(ring(), admin)


# --- the command ------------------------------------------------------------------------------------------------------


@pytest.fixture
def cli(auth_settings: AuthSettings, clickhouse_settings: ClickHouseSettings) -> Callable[..., Result]:
    asyncio.run(migrate(clickhouse_settings, ["services.common.migrations"]))
    environment = {
        "AIFINOPS_KAFKA__BOOTSTRAP_SERVERS": "127.0.0.1:1",
        "AIFINOPS_CLICKHOUSE__URL": clickhouse_settings.url,
        "AIFINOPS_CLICKHOUSE__DATABASE": clickhouse_settings.database,
        "AIFINOPS_AUTH__SERVICE_KEY": auth_settings.service_key.get_secret_value(),
        "AIFINOPS_AUTH__ADMIN_KEY": auth_settings.admin_key.get_secret_value(),
        "AIFINOPS_AUTH__ADMIN_TENANT": "acme",
    }

    def run(*arguments: str, code: int = 0, **more: str) -> Result:
        result = CliRunner().invoke(app, ["key", *arguments], env=environment | more, catch_exceptions=False)
        assert result.exit_code == code, (result.exit_code, result.output)
        return result

    return run


def test_the_life_of_a_key_by_command(cli: Callable[..., Result]) -> None:
    assert key_id_of(cli().stdout.strip())
    made = cli("create", "--name", "shop")
    text = made.stdout.strip()
    assert "ingest of acme" in made.stderr
    assert text not in made.stderr
    other = cli("create", "--name", "board", "--role", "viewer", "--tenant", "globex").stdout.strip()

    def listed(*options: str) -> dict[str, dict[str, str]]:
        lines = cli("list", "--json", *options).stdout.splitlines()
        return {key["id"]: key for key in map(json.loads, lines)}

    assert listed("--tenant", "globex").keys() == {key_id_of(other)}
    assert listed().keys() > {key_id_of(text), key_id_of(other)}
    assert "board" in cli("list").stdout
    successor = cli("rotate", key_id_of(text), "--overlap", "24h").stdout.strip()
    assert listed()[key_id_of(text)]["expires"]
    assert not listed()[key_id_of(successor)]["expires"]
    cli("revoke", key_id_of(text))
    cli("rotate", key_id_of(other))
    assert not listed().keys() & {key_id_of(text), key_id_of(other)}
    assert len(listed("--tenant", "globex")) == 1


@pytest.mark.parametrize(
    ("arguments", "code", "told"),
    [
        (("create",), 2, "--name"),
        (("create", "--name", "x", "--role", "service"), 2, "one of ingest"),
        (("create", "--name", ""), 2, "1 to 100"),
        (("create", "--name", "x", "--tenant", "Acme!"), 2, "lower-case"),
        (("revoke", "nobody"), 1, "no valid API key"),
        (("rotate", "nobody"), 1, "no valid API key"),
        (("rotate", "nobody", "--overlap", "soon"), 2, "30m"),
        (("list", "--data", "/nowhere"), 1, "no data folder"),
    ],
)
def test_what_cannot_be_done(cli: Callable[..., Result], arguments: tuple[str, ...], code: int, told: str) -> None:
    assert told in cli(*arguments, code=code).output


def test_without_clickhouse(cli: Callable[..., Result]) -> None:
    away = cli("list", code=1, AIFINOPS_CLICKHOUSE__URL="http://127.0.0.1:1")
    assert "ClickHouse" in away.output
    assert "Traceback" not in away.output
