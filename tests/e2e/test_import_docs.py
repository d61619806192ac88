"""The pages about files, bills and coding agents: what they tell a user to type is typed, and answers as they say."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from services.connectors.settings import ConnectorOptions
from tests.e2e.running import Up

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs" / "connectors"
GOLDEN = ROOT / "tests" / "golden"
PAGES = ("files.md", "focus.md", "aws-bedrock.md", "azure-openai.md", "vertex-ai.md", "coding-agents.md")
BLOCK = re.compile(r"```(console|csv|toml)\n(.*?)```", re.DOTALL)
SETTING = re.compile(r"export AIFINOPS_CONNECTORS__POLLERS='(\[.*?\])'", re.DOTALL)


@pytest.fixture(scope="module")
def up(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Up]:
    with Up(tmp_path_factory.mktemp("up") / "data") as running:
        yield running


@pytest.mark.parametrize("page", PAGES)
def test_a_page(page: str, up: Up, tmp_path: Path) -> None:
    for agent in ("claude", "codex", "gemini"):
        shutil.copytree(GOLDEN / "agents" / agent, tmp_path, dirs_exist_ok=True)
    for name, golden in {
        "cur-00001.csv": "cur2.csv",
        "focus.csv": "focus-azure.csv",
        "focus.jsonl": "focus-google.jsonl",
    }.items():
        shutil.copy(GOLDEN / "files" / golden, tmp_path / name)
    (tmp_path / "bin").mkdir()
    command = tmp_path / "bin" / "aifinops"
    command.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m services.allinone.cli "$@"\n')
    command.chmod(0o755)
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith("AIFINOPS_")},
        "PATH": f"{tmp_path / 'bin'}:{os.environ['PATH']}", "PYTHONPATH": f"{ROOT}:{ROOT / 'proto' / 'gen'}",
        "AIFINOPS_URL": up.addresses["http"], "AIFINOPS_KEY": up.addresses["key"],
        "XDG_STATE_HOME": str(tmp_path / "state"),
    }  # fmt: skip
    text = (DOCS / page).read_text()
    for setting in SETTING.findall(text):
        (poller,) = ConnectorOptions(pollers=json.loads(setting)).pollers
        assert poller.connector == "files"
    typed = 0
    for kind, content in BLOCK.findall(text):
        if kind != "console":
            (tmp_path / ("usage.csv" if kind == "csv" else "mapping.toml")).write_text(content)
            continue
        for step in re.split(r"^\$ ", content, flags=re.MULTILINE)[1:]:
            if not step.startswith("aifinops "):
                continue
            line, expected = re.fullmatch(r"((?:[^\n]*\\\n)*[^\n]*\n)(.*)", step, re.DOTALL).groups()  # type: ignore[union-attr]
            done = subprocess.run(
                ["/bin/sh", "-c", line], cwd=tmp_path, env=environment, stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT, text=True, timeout=60,
            )  # fmt: skip
            assert done.stdout == expected, line
            typed += 1
    assert typed or page == "azure-openai.md"
