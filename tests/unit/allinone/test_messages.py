"""What a command says when it cannot do what it was asked: what, where, how to mend it. One line, no traceback."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from services.allinone.cli import app
from services.common.auth import Role, new_api_key

_NOWHERE = {
    "AIFINOPS_KAFKA__BOOTSTRAP_SERVERS": "127.0.0.1:1",
    "AIFINOPS_CLICKHOUSE__URL": "http://127.0.0.1:1",
    "AIFINOPS_AUTH__SERVICE_KEY": new_api_key("any", Role.SERVICE, "test")[0],
    "AIFINOPS_AUTH__ADMIN_KEY": new_api_key("acme", Role.ADMIN, "test")[0],
    "AIFINOPS_LEDGER__EXPORT__TO": "s3://exports/ai",
    "AIFINOPS_LEDGER__EXPORT__STORE_OPTIONS": '{"regon": "eu-central-1"}',
}


def _files(folder: Path) -> None:
    (folder / "broken.json").write_text('{"a": ')
    (folder / "random.bin").write_bytes(b"\x80\0" * 1_000)
    (folder / "folder").mkdir()


@pytest.mark.parametrize(
    ("command", "code", "said"),
    [
        ("import --dry-run broken.json", 1, r"broken\.json: line 1 is no JSON: .*: write one whole object a line"),
        ("import --dry-run random.bin", 1, r"random\.bin: line 1 is not utf-8: .*; it looks like no text: CSV, .*"),
        ("import --dry-run folder", 1, r"folder: Is a directory: name the files in it, such as folder/\*\.csv"),
        ("import --dry-run none.csv", 1, r"none\.csv: No such file or directory: check its name, .*"),
        ("dlq replay --all --topic nope", 2, r"--all is for every open one: leave it out, or leave out .*"),
        ("dlq drop", 2, r"name dead letters, or filter them, or say --all"),
        ("key create --name x --tenant a/c", 2, r"--tenant 'a/c': 1 to 63 lower-case letters, digits and dashes, .*"),
        ("key list --tenant a/c", 2, r"--tenant 'a/c': 1 to 63 lower-case letters, digits and dashes, .*"),
        ("topics", 1, r"Kafka at 127\.0\.0\.1:1 does not answer .*: start it, or set AIFINOPS_KAFKA__BOOTSTRAP.*"),
    ],
)  # fmt: skip
def test_one_line_says_what_is_wrong_and_how_to_mend_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command: str, code: int, said: str
) -> None:
    _files(tmp_path)
    monkeypatch.chdir(tmp_path)
    others = {name: None for name in os.environ if name.startswith("AIFINOPS_")}
    done = CliRunner().invoke(app, command.split(), prog_name="aifinops", env={**others, **_NOWHERE})
    assert done.exit_code == code, (done.output, done.exception)
    (line,) = done.stderr.splitlines()
    assert re.fullmatch(f"aifinops: {said}", line), line


@pytest.mark.parametrize(
    ("command", "code", "said"),
    [
        ("import --dry-run broken.json", 1, r"broken\.json: line 1 is no JSON: .*: write one whole object a line"),
        ("run ledger", 78, r"AIFINOPS_LEDGER__EXPORT__STORE_OPTIONS: s3://exports/ai: .*'regon' is not valid.*"),
    ],
)
def test_a_process_says_no_more_than_that(tmp_path: Path, command: str, code: int, said: str) -> None:
    _files(tmp_path)
    environment = {name: value for name, value in os.environ.items() if not name.startswith("AIFINOPS_")} | _NOWHERE
    root = str(Path(__file__).resolve().parents[3])
    done = subprocess.run(
        [sys.executable, "-m", "services.allinone.cli", *command.split()],
        cwd=tmp_path, env={**environment, "PYTHONPATH": root}, capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    assert done.returncode == code, done.stderr
    (line,) = done.stderr.splitlines()
    assert re.fullmatch(f"aifinops: {said}", line), line
