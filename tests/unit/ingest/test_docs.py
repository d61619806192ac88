"""The examples in the documentation do what they say, as written."""

from __future__ import annotations

import asyncio
import re
from pathlib import Path

import pytest
import uvicorn

from services.common.clock import SystemClock
from services.common.http.server import application
from services.ingest.domain.sources import PROVIDERS
from tests.unit.ingest.serving import Served, serve

DOCS = Path(__file__).parents[3] / "docs"
PAGES = [
    DOCS / "sending-usage.md",
    *sorted(
        path
        for path in (DOCS / "connectors").glob("*.md")
        if path.stem in {"openai-compatible"} | {source.name for source in PROVIDERS}
    ),
]


def _commands(page: Path) -> list[tuple[str, str]]:
    """Those that send, each with the answer shown below it."""
    found = []
    for block in re.findall(r"^```console\n(.*?)^```", page.read_text(), re.DOTALL | re.MULTILINE):
        for command in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
            lines = command.splitlines()
            answer = [line for line in lines if line.startswith('{"accepted"')]
            if "$URL" in command and "curl" in command:
                found.append(("\n".join(line for line in lines if line not in answer), "".join(answer)))
    return found


async def _run(served: Served, commands: list[tuple[str, str]]) -> list[tuple[str, str]]:
    """What each command printed, beside what the page shows; over a socket, for curl."""
    server = uvicorn.Server(uvicorn.Config(application(served.routes, None, dict), port=0, log_level="warning"))
    running = asyncio.create_task(server.serve())
    try:
        while not server.started:
            await asyncio.sleep(0.01)
        port = server.servers[0].sockets[0].getsockname()[1]
        key = served.client.headers["Authorization"].removeprefix("Bearer ")
        printed = []
        for command, answer in commands:
            process = await asyncio.create_subprocess_exec(
                "bash", "-c", command, stdout=asyncio.subprocess.PIPE, env={
                    "URL": f"http://127.0.0.1:{port}", "KEY": key, "PATH": "/usr/bin:/bin", "no_proxy": "127.0.0.1",
                },
            )  # fmt: skip
            output, _ = await process.communicate()
            printed.append((output.decode(), answer))
        return printed
    finally:
        server.should_exit = True
        await running


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
async def test_the_examples_of_a_page_answer_as_shown(page: Path) -> None:
    commands = _commands(page)
    assert commands
    served = serve(clock=SystemClock())
    for printed, shown in await _run(served, commands):
        assert printed.strip() == shown
    assert all(event.provider for event in served.kept.events)


def test_every_provider_has_a_page() -> None:
    shared = {"vertex": "gemini", "vllm": "openai-compatible"}
    for source in PROVIDERS:
        page = DOCS / "connectors" / f"{shared.get(source.name, source.name)}.md"
        assert source.path in page.read_text()
