"""The commands of `aifinops`: all are there, and one that is asked for brings no other's modules along."""

from __future__ import annotations

import subprocess
import sys

from typer.testing import CliRunner

from services.allinone.cli import app

_NAMES = [
    "anomaly", "budgets", "collect", "connectors", "contracts", "demo", "dlq", "export", "import", "key", "migrate",
    "price", "prices", "reconcile", "reconcile-bill", "rerate", "run", "tenant", "topics", "unpriced", "up", "version",
]  # fmt: skip

_WHAT_IS_LOADED = """
import sys
from services.allinone.cli import app
app(["version"], standalone_mode=False)
print(*sorted(name for name in sys.modules if name.startswith("services.")))
"""


def test_the_help_lists_every_command_with_a_sentence() -> None:
    said = CliRunner().invoke(app, ["--help"], env={"COLUMNS": "200"})
    assert said.exit_code == 0, said.output
    commands = said.output.partition("Commands")[2]
    listed = {
        line.split()[1] for line in commands.splitlines() if line.startswith("│ ") and line.rstrip("│ ")[-1] == "."
    }
    assert sorted(listed) == _NAMES


def test_a_command_nobody_knows_is_refused_with_the_nearest_name() -> None:
    said = CliRunner().invoke(app, ["bugdets"])
    assert said.exit_code == 2
    assert "No such command 'bugdets'. Did you mean 'budgets'?" in said.output


def test_a_command_loads_no_other() -> None:
    done = subprocess.run([sys.executable, "-c", _WHAT_IS_LOADED], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    _version, loaded = done.stdout.splitlines()
    assert loaded.split() == [
        "services.allinone",
        "services.allinone.cli",
        "services.allinone.commands",
        "services.allinone.commands.version",
    ]
