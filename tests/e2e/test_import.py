"""Files and logs through the real commands into a running platform, twice: the second time changes nothing."""

from __future__ import annotations

import gzip
import json
import os
import signal
import subprocess
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet
import pytest

from tests.e2e.events import event, total
from tests.e2e.running import AIFINOPS, Client, Up, eventually

GOLDEN = Path(__file__).parents[1] / "golden"


@pytest.fixture(scope="module")
def up(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Up]:
    with Up(tmp_path_factory.mktemp("up") / "data") as running:
        yield running


def _command(up: Up, *arguments: str, key: str | None = None, **variables: str) -> subprocess.CompletedProcess[str]:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("AIFINOPS_")}
    environment |= {"AIFINOPS_URL": up.addresses["http"], "AIFINOPS_KEY": up.addresses["key"] if key is None else key}
    return subprocess.run(
        [*AIFINOPS, *arguments], env={**environment, **variables}, capture_output=True, text=True, timeout=120
    )


def _spend(client: Client, **filters: str) -> Decimal:
    return sum((Decimal(row["cost"]) for row in client.costs(granularity="total", **filters)), Decimal(0))


@pytest.mark.slow
def test_columns_are_mapped_and_a_file_counts_once(up: Up, tmp_path: Path) -> None:
    events = [event(number) for number in range(1_200)]
    path = tmp_path / "usage.csv.gz"
    rows = ["when;what;who;cc;in;cached;out;provider"]
    for each in events:
        usage = each["usage"]
        counts = (usage["input_tokens"], usage["cache_read_tokens"], usage["output_tokens"])
        rows.append(
            ";".join([each["time"], each["model"], each["user"], each["team"], *map(str, counts), each["provider"]])
        )
    rows.insert(601, "yesterday;gpt-4o;ann;search;1;1;1;openai")
    path.write_bytes(gzip.compress(("\ufeff" + "\r\n".join(rows) + "\r\n").encode()))
    mapping = tmp_path / "mapping.toml"
    mapping.write_text(
        '[map]\nwhen = "time"\nwhat = "model"\nwho = "user"\ncc = ["team", "tag:cost_center"]\n'
        'in = "input_tokens"\ncached = "cache_read_tokens"\nout = "output_tokens"\n'
    )
    expected = total([
        {**each, "usage": {name: n for name, n in each["usage"].items() if name != "cache_write_tokens"}}
        for each in events
    ])  # fmt: skip
    command = ("import", str(path), "--mapping", str(mapping), "--map", "=imported=environment", "--rejected")
    client = up.client()
    for _ in range(2):
        done = _command(up, *command)
        assert done.returncode == 1  # One row is no event.
        assert "1,201 rows: 1,200 events accepted, 1 rejected" in done.stdout, (done.stdout, done.stderr)
        assert f"{path}:602: column 'when' as time: 'yesterday' is no time" in done.stderr
        assert "Traceback" not in done.stderr
        eventually(lambda: _spend(client, environment="imported"), lambda amount: amount == expected)
    kept = json.loads((tmp_path / "usage.csv.gz.rejected.jsonl").read_text())
    assert (kept["line"], kept["code"]) == (602, "unusable_row")
    rows_by_team = {row["team"]: row for row in client.costs(group_by="team", environment="imported")}
    assert sum(int(row["requests"]) for row in rows_by_team.values()) == 1_200


def test_parquet_and_json_lines_of_the_same_events_are_the_same(up: Up, tmp_path: Path) -> None:
    events = [event(number, project="parquet") for number in range(300)]
    lines = tmp_path / "events.jsonl"
    lines.write_text("".join(json.dumps(each) + "\n" for each in events))
    columns = {
        name: [each[name] for each in events]
        for name in (
            "id",
            "time",
            "source",
            "provider",
            "model",
            "team",
            "user",
            "project",
            "tool",
            "key",
            "environment",
        )
    }
    columns |= {
        bucket: [each["usage"].get(bucket, 0) for each in events]
        for bucket in ("input_tokens", "cache_read_tokens", "cache_write_tokens", "output_tokens", "requests")
    }
    columns["tag:feature"] = [each["tags"]["feature"] for each in events]
    table = tmp_path / "events.parquet"
    pa.parquet.write_table(pa.table(columns), table)
    done = _command(up, "import", str(lines), str(table))
    assert done.returncode == 0, done.stderr
    assert "600 rows: 600 events accepted, 0 rejected" in done.stdout
    client = up.client()
    eventually(lambda: _spend(client, project="parquet"), lambda amount: amount == total(events))


def test_a_bill_is_reported_and_no_spend(up: Up) -> None:
    before = _spend(up.client())
    for _ in range(2):
        done = _command(up, "import", str(GOLDEN / "files" / "cur2.csv"))
        assert done.returncode == 0, done.stderr
        assert "8 rows: 6 events accepted, 0 rejected, 1 rows of other services passed over" in done.stdout
    client = up.client()
    marker = [event(90_000, project="after-the-bill")]
    client.send(marker)
    eventually(lambda: _spend(client, project="after-the-bill"), lambda amount: amount == total(marker))
    assert _spend(client) == before + total(marker)


def test_coding_agents(up: Up, tmp_path: Path) -> None:
    for _ in range(2):
        done = _command(
            up, "collect", "--home", str(GOLDEN / "agents" / "claude"), "--agents", "claude-code", "--user", "ann",
            XDG_STATE_HOME=str(tmp_path / "state"),
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
    assert "0 logs with something new: 0 requests sent" in done.stdout
    client = up.client()
    rows = eventually(
        lambda: client.costs(group_by="model", tool="claude-code"),
        lambda rows: sum(int(row["requests"]) for row in rows) == 4,
    )
    tokens = {row["model"]: row["tokens"] for row in rows}
    assert tokens["claude-sonnet-4-5-20250929"]["output_tokens"] == 211 + 90 + 40


def test_a_folder_is_polled(up: Up, tmp_path: Path) -> None:
    """By hand, as the runtime does: a delivery, the same again, and one that no longer has most of its rows."""
    folder = tmp_path / "BILLING_PERIOD=2026-11"
    folder.mkdir()
    bill = (GOLDEN / "files" / "cur2.csv").read_text()
    options = {"url": str(tmp_path / "."), "state": str(tmp_path / "state" / "bills.sqlite")}
    poller = {"name": "bills", "connector": "files", "api_key_env": "AIFINOPS_KEY", "options": options, "account": "a"}
    polled = []
    for content in (bill, bill, "".join(bill.splitlines(keepends=True)[:2])):
        (folder / "cur-00001.csv").write_text(content)
        done = _command(
            up, "connectors", "poll", "bills", "--from", "2026-11-01", "--data", str(up.data),
            AIFINOPS_CONNECTORS__POLLERS=json.dumps([poller]),
        )  # fmt: skip
        assert done.returncode == 0, (done.stdout, done.stderr)
        polled.append(done.stdout.partition(" rows")[0])
    # Written again it has another time and so is read again; then one revised row and five that are taken back.
    assert polled == ["6", "6", "6"]


def test_following_a_log_while_it_grows(up: Up, tmp_path: Path) -> None:
    source = next((GOLDEN / "agents" / "claude").rglob("bbbbbbbb-*.jsonl")).read_text().replace("msg_01", "msg_follow_")
    first, *rest = source.splitlines(keepends=True)
    log = tmp_path / ".claude" / "projects" / "p" / "s.jsonl"
    log.parent.mkdir(parents=True)
    log.write_text(first)
    environment = {**os.environ, "AIFINOPS_URL": up.addresses["http"], "AIFINOPS_KEY": up.addresses["key"]}
    options = (
        "--home",
        str(tmp_path),
        "--follow",
        "--every",
        "0.2",
        "--team",
        "followed",
        "--state",
        str(tmp_path / "s"),
    )
    following = subprocess.Popen(
        [*AIFINOPS, "collect", *options], env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        # A test runner's workers ignore Ctrl-C, and their children would.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),  # noqa: PLW1509
    )  # fmt: skip
    try:
        client = up.client()

        def output() -> list[int]:
            rows = client.costs(group_by="model", team="followed")
            return [sum(int(row["requests"]) for row in rows), sum(row["tokens"]["output_tokens"] for row in rows)]

        # Still streaming, then whole, then two more.
        steps: list[tuple[list[str], list[int]]] = [([], [1, 1]), (rest[:1], [1, 211]), (rest[1:], [3, 211 + 90 + 40])]
        for lines, expected in steps:
            with log.open("a") as file:
                file.writelines(lines)
            eventually(output, expected.__eq__)
        following.send_signal(signal.SIGINT)
        said, _ = following.communicate(timeout=20)
    finally:
        following.kill()
    assert following.returncode == 0, said
    assert "Traceback" not in said


@pytest.mark.parametrize(
    ("arguments", "key", "code", "said"),
    [
        (("import", "none.csv"), None, 1, "none.csv: No such file"),
        (("import", "cur2.csv", "--map", "x=wehn"), None, 2, "'wehn' is no field"),
        (("import", "cur2.csv", "--cost", "free"), None, 2, "--cost 'free'"),
        (("import", "cur2.csv", "--encoding", "klingon"), None, 2, "klingon"),
        (("import", "cur2.csv"), "", 2, "AIFINOPS_KEY holds no API key"),
        (("import", "cur2.csv"), "sk-nonsense", 1, "refuses the API key"),
        (("import", "cur2.csv", "--url", "http://127.0.0.1:1/nowhere", "--patience", "1"), None, 1, "took no events"),
        (("import", "cur2.csv", "--key-file", "none"), None, 2, "none: No such file"),
        (("collect", "--agents", "clod"), None, 2, "no agent 'clod'"),
        (("collect", "--home", "nowhere"), None, 2, "--home nowhere is no folder"),
        (("collect", "--since", "soon"), None, 2, "'soon' is no time"),
    ],
)
def test_failures_are_one_line(up: Up, arguments: tuple[str, ...], key: str | None, code: int, said: str) -> None:
    files = [str(GOLDEN / "files" / part) if part == "cur2.csv" else part for part in arguments]
    done = _command(up, *files, key=key)
    assert done.returncode == code, (done.stdout, done.stderr)
    assert said in done.stderr
    assert "Traceback" not in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1
