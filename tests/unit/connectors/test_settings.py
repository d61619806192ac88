"""What may be configured, and what is said about what may not; secrets are in neither."""

from __future__ import annotations

import json
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from services.common.settings import EXIT_CONFIG, load
from services.connectors.adapters.secrets import SecretSource
from services.connectors.handlers.poll_ports import ConfigurationError
from services.connectors.settings import ByHandSettings, ConnectorOptions

GOOD: dict[str, Any] = {
    "name": "openai", "connector": "openai-usage", "api_key_file": "/run/key", "secret_file": "/run/secret",
}  # fmt: skip


def configured(monkeypatch: pytest.MonkeyPatch, *entries: Any) -> ConnectorOptions:
    monkeypatch.setenv("AIFINOPS_CONNECTORS__POLLERS", json.dumps(entries))
    return load(ByHandSettings).connectors


def refusal(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], *entries: Any) -> str:
    with pytest.raises(SystemExit) as ended:
        configured(monkeypatch, *entries)
    assert ended.value.code == EXIT_CONFIG
    return capsys.readouterr().err


def test_an_entry_is_a_poller(monkeypatch: pytest.MonkeyPatch) -> None:
    more = {"interval": "10m", "backfill_from": "2026-11-01", "base_url": "http://127.0.0.1:9/v1/", "account": "eu",
            "requests_per_minute": 7}  # fmt: skip
    (entry,) = configured(monkeypatch, GOOD | more).pollers
    poller = entry.poller()
    assert (poller.interval, poller.base_url) == (timedelta(minutes=10), "http://127.0.0.1:9/v1")
    assert (poller.account, poller.requests_per_minute) == ("eu", 7)
    assert poller.backfill_from == datetime(2026, 11, 1, tzinfo=UTC)
    (plain,) = configured(monkeypatch, GOOD).pollers
    assert plain.poller().base_url == "https://api.openai.com/v1"
    assert (plain.poller().interval, plain.poller().requests_per_minute) == (timedelta(minutes=30), 60)
    assert plain.poller().reads != poller.reads


def test_no_pollers_is_fine(monkeypatch: pytest.MonkeyPatch) -> None:
    assert configured(monkeypatch).pollers == ()


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"connector": "nothing"}, "has no connector 'nothing': choose from"),
        ({"secret_file": None}, "poller 'openai' needs one of secret_file and secret_env"),
        ({"secret_env": "X"}, "poller 'openai' needs one of secret_file and secret_env"),
        ({"api_key_file": None}, "poller 'openai' needs one of api_key_file and api_key_env"),
        ({"options": {"colour": "red"}}, "has options openai-usage does not know: colour; it knows none"),
        ({"connector": "copilot-seats"}, "poller 'openai' needs in its options: organization"),
        ({"interval": "soon"}, "AIFINOPS_CONNECTORS__POLLERS__1__INTERVAL: Value error, must be a number and a unit"),
        ({"interval": 60}, "must be a number and a unit"),
        ({"backfill_from": "yesterday"}, "POLLERS__1__BACKFILL_FROM: Value error, must be a day"),
        ({"base_url": "https://user:sk-secret@host/"}, "POLLERS__1__BASE_URL: Value error, must read http(s)"),
        ({"base_url": "ftp://host"}, "must read http(s)"),
        ({"name": "Open AI"}, "POLLERS__1__NAME"),
        ({"secret": "sk-secret"}, "POLLERS__1__SECRET: Extra inputs are not permitted"),
        ({"key": "sk-secret"}, "POLLERS__1__KEY: Extra inputs are not permitted"),
        ({"name": "openai-2"}, "'first' and 'openai-2' both read openai-usage for one tenant; give each its own"),
        ({"name": "first", "account": "x"}, "two entries are called 'first'"),
    ],
)
def test_what_cannot_be_used_is_named_with_its_entry(
    changes: dict[str, Any], said: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    error = refusal(monkeypatch, capsys, GOOD | {"name": "first"}, GOOD | changes)
    assert said in error and "AIFINOPS_CONNECTORS" in error
    assert "sk-secret" not in error


@pytest.mark.parametrize(
    "text", ['{"name": "sk-secret"}', "sk-secret", '["sk-secret"]', '[{"secret_file": ["sk-secret"]}]']
)
def test_a_secret_in_the_wrong_place_is_not_shown(
    text: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("AIFINOPS_CONNECTORS__POLLERS", text)
    with pytest.raises(SystemExit):
        load(ByHandSettings)
    error = capsys.readouterr().err
    assert "sk-secret" not in error and "connectors" in error.lower()


def test_a_secret_is_read_anew_each_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "secret"
    source = SecretSource("the secret of poller 'x'", file)
    file.write_text(" sk-1\n")
    assert source.read().get_secret_value() == "sk-1"
    file.write_text("sk-2\n")
    assert source.read().get_secret_value() == "sk-2"
    assert "sk-2" not in repr(source.read())
    monkeypatch.setenv("X_SECRET", "sk-3")
    assert SecretSource("it", env="X_SECRET").read().get_secret_value() == "sk-3"


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "is empty or not set"),
        (b" \n", "is empty or not set"),
        (b"sk-1\nsk-2", "one line of ASCII"),
        ("sk-é".encode(), "one line of ASCII"),
        (b"\xff\xfe", "is not text"),
        (b"x" * 20_000, "one line of ASCII"),
    ],
)
def test_what_cannot_be_a_secret(content: bytes, said: str, tmp_path: Path) -> None:
    file = tmp_path / "secret"
    file.write_bytes(content)
    with pytest.raises(ConfigurationError, match=said) as caught:
        SecretSource("the secret of poller 'x'", file).read()
    assert str(file) in str(caught.value) and "sk-" not in str(caught.value)


def test_a_secret_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="No such file"):
        SecretSource("it", tmp_path / "none").read()
    with pytest.raises(ConfigurationError, match="Is a directory"):
        SecretSource("it", tmp_path).read()
    assert "X_NOTHING" not in os.environ
    with pytest.raises(ConfigurationError, match="environment variable X_NOTHING, is empty or not set"):
        SecretSource("it", env="X_NOTHING").read()
