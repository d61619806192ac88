"""A service that lacks a setting says which one, and ends."""

from __future__ import annotations

import pytest

from services.common.settings import EXIT_CONFIG, ServiceSettings, load

COMPLETE = {
    "AIFINOPS_KAFKA__BOOTSTRAP_SERVERS": "localhost:9092",
    "AIFINOPS_CLICKHOUSE__URL": "http://localhost:8123",
    "AIFINOPS_AUTH__SERVICE_KEY": "afk_x",
}


@pytest.fixture(autouse=True)
def complete(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in COMPLETE.items():
        monkeypatch.setenv(name, value)


def test_reads_nested_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AIFINOPS_KAFKA__PARTITIONS", "12")
    assert load(ServiceSettings).kafka.partitions == 12


@pytest.mark.parametrize("missing", COMPLETE)
def test_names_what_is_missing(
    missing: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv(missing)
    with pytest.raises(SystemExit) as ended:
        load(ServiceSettings)
    assert ended.value.code == EXIT_CONFIG
    assert f"{missing} is not set" in capsys.readouterr().err


def test_names_what_is_wrong(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("AIFINOPS_KAFKA__PARTITIONS", "many")
    with pytest.raises(SystemExit):
        load(ServiceSettings)
    assert "AIFINOPS_KAFKA__PARTITIONS" in capsys.readouterr().err


def test_secrets_are_not_shown(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("AIFINOPS_KAFKA__PARTITIONS", "many")
    monkeypatch.setenv("AIFINOPS_AUTH__SERVICE_KEY", "afk_very_secret")
    with pytest.raises(SystemExit):
        load(ServiceSettings)
    assert "afk_very_secret" not in capsys.readouterr().err
    monkeypatch.setenv("AIFINOPS_KAFKA__PARTITIONS", "3")
    assert "afk_very_secret" not in repr(load(ServiceSettings))
