"""The pollers under `aifinops up`, and the commands beside it."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.fakes.openai import FakeOpenAI, days_ago, hours_ago
from tests.fakes.server import FakeServer, refused
from tests.integration.connectors_harness import PATIENCE, SECRET
from tests.integration.killable import ROOT

AIFINOPS = [sys.executable, "-m", "services.allinone.cli"]


@pytest.fixture
async def server() -> AsyncIterator[FakeServer]:
    openai = FakeOpenAI()
    async with FakeServer(openai.routes(), secret=f"Bearer {SECRET}") as made:
        for ago in range(100):
            openai.use("completions", hours_ago(made, ago), model="gpt-4o", input_tokens=100, num_model_requests=1)
        yield made


def environment(folder: Path, server: FakeServer, **changes: Any) -> dict[str, str]:
    (folder / "source.secret").write_text(SECRET)
    entry = {
        "name": "openai", "connector": "openai-usage", "api_key_env": "AIFINOPS_AUTH__ADMIN_KEY",
        "secret_file": str(folder / "source.secret"), "base_url": f"{server.url}/v1", "requests_per_minute": 6_000,
        "backfill_from": days_ago(server, 2).date().isoformat(), **changes,
    }  # fmt: skip
    plain = {name: value for name, value in os.environ.items() if not name.startswith("AIFINOPS_")}
    return plain | {
        "PYTHONPATH": f"{ROOT}{os.pathsep}{ROOT / 'proto' / 'gen'}",
        "AIFINOPS_CONNECTORS__POLLERS": json.dumps([entry]),
        "COLUMNS": "200",
    }


async def command(env: dict[str, str], *arguments: str) -> tuple[int, str, str]:
    process = await asyncio.create_subprocess_exec(
        *AIFINOPS, "connectors", *arguments, env=env, cwd=ROOT,
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    out, err = await asyncio.wait_for(process.communicate(), PATIENCE)
    return process.returncode or 0, out.decode(), err.decode()


@asynccontextmanager
async def up(env: dict[str, str], folder: Path) -> AsyncIterator[dict[str, str]]:
    process = await asyncio.create_subprocess_exec(
        *AIFINOPS, "up", "--json", "--data", str(folder), "--http-port", "0", "--grpc-port", "0",
        env=env, cwd=ROOT, stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    try:
        assert process.stdout is not None
        yield json.loads(await asyncio.wait_for(process.stdout.readline(), PATIENCE))
    finally:
        process.send_signal(signal.SIGTERM)
        await asyncio.wait_for(process.wait(), 60)


@pytest.mark.slow
async def test_up_polls_and_the_commands_see_it(tmp_path: Path, server: FakeServer) -> None:
    env, data = environment(tmp_path, server), tmp_path / "data"
    async with up(env, data) as running:
        async with asyncio.timeout(PATIENCE):
            while "openai " not in (status := await command(env, "status", "--data", str(data)))[1]:
                await asyncio.sleep(0.5)
        assert status[0] == 0 and "behind" in status[1]
        before = len(server.requests)
        begin, end = (days_ago(server, days).date().isoformat() for days in (4, 2))
        code, out, err = await command(env, "poll", "openai", "--from", begin, "--to", end, "--data", str(data))
        assert (code, err.count("rejected")) == (0, 0), err
        hours = sum(begin <= hours_ago(server, ago).date().isoformat() < end for ago in range(100))
        assert out == f"{hours} rows accepted, 0 rejected, {begin}T00:00:00Z to {end}T00:00:00Z\n"
        assert len(server.requests) > before
        async with httpx.AsyncClient(base_url=running["http"], trust_env=False) as client:
            assert (await client.get("/readyz")).status_code == 200
            spent = await client.get("/api/v1/costs", headers={"Authorization": f"Bearer {running['key']}"})
        assert [row for row in spent.json()["rows"] if float(row["cost"])] == [], "reported use is not spend"


async def test_list_shows_what_each_needs(tmp_path: Path, server: FakeServer) -> None:
    code, out, _ = await command(environment(tmp_path, server), "list")
    assert code == 0
    assert "openai-usage            OpenAI usage report, by 1h, every 30m\n" in out
    assert "copilot-seats" in out and "organization: " in out


async def test_a_back_fill_by_hand_says_what_is_wrong(tmp_path: Path, server: FakeServer) -> None:
    env = environment(tmp_path, server) | {"AIFINOPS_AUTH__ADMIN_KEY": "afk_x"}
    for arguments, code, said in (
        (("poll", "nobody", "--from", "2026-11-01"), 2, "no poller 'nobody' in AIFINOPS_CONNECTORS__POLLERS"),
        (("poll", "openai", "--from", "soon"), 2, "--from 'soon' is neither a day"),
        (("poll", "openai", "--from", "2026-11-02", "--to", "2026-11-01"), 2, "does not lie before --to 2026-11-01"),
        (("status", "--data", str(tmp_path)), 1, "is no data folder"),
    ):
        done = await command(env, *arguments)
        assert done[0] == code and said in done[2], done
        assert "Traceback" not in done[2] and done[2].count("\n") == 1, done[2]
    server.fail_next(*[refused(403, "no scope api.usage.read")] * 3)
    code, _, error = await command(env, "poll", "openai", "--from", days_ago(server, 1).date().isoformat())
    assert code == 1 and "no scope api.usage.read; check what its secret may read" in error
    assert "Traceback" not in error and SECRET not in error
