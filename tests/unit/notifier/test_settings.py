"""Destinations from the environment; their URLs stay secret."""

from __future__ import annotations

import json

import pytest
from pydantic import SecretStr, ValidationError

from services.common.settings import load
from services.notifier.adapters.senders.apprise_url import AppriseUrl
from services.notifier.adapters.senders.guard import Guard
from services.notifier.settings import Destination, NotifierOptions, NotifierSettings

SLACK = "slack://T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ/#finops"


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    monkeypatch.setenv("AIFINOPS_KAFKA__BOOTSTRAP_SERVERS", "localhost:9092")
    monkeypatch.setenv("AIFINOPS_CLICKHOUSE__URL", "http://localhost:8123")
    monkeypatch.setenv("AIFINOPS_AUTH__SERVICE_KEY", "afk_x")
    return monkeypatch


def test_destinations_are_json_in_one_variable(environment: pytest.MonkeyPatch) -> None:
    destinations = [{"name": "ops", "url": SLACK, "kinds": ["budget"], "tenants": ["acme"], "min_severity": "warning"}]
    environment.setenv("AIFINOPS_NOTIFIER__DESTINATIONS", json.dumps(destinations))
    [ops] = NotifierSettings().notifier.destinations
    assert ops == Destination(
        name="ops", url=SecretStr(SLACK), kinds=("budget",), tenants=("acme",), min_severity="warning"
    )
    assert "TIiajkdnlazkcOXrIdevi7FQ" not in repr(ops)


@pytest.mark.parametrize(
    "destinations",
    [
        [{"name": "ops", "url": "not a url"}],
        [{"name": "", "url": SLACK}],
        [{"name": "ops", "url": SLACK, "kinds": ["gossip"]}],
        [{"name": "ops", "url": SLACK, "kinds": []}],
        [{"name": "ops", "url": SLACK}, {"name": "ops", "url": SLACK}],
    ],
)
def test_wrong_destinations_are_refused(destinations: list[dict[str, object]]) -> None:
    with pytest.raises(ValidationError):
        NotifierOptions.model_validate({"destinations": destinations})


def test_urls_of_services_apprise_does_not_know_are_refused_without_being_told() -> None:
    with pytest.raises(ValueError, match="Apprise") as caught:
        AppriseUrl(Guard(allow_private=True), "carrierpigeon://hunter2@roof", 5)
    assert "hunter2" not in str(caught.value)


def test_the_notifiers_own_machine_is_no_receiver() -> None:
    with pytest.raises(ValueError, match="syslog"):
        AppriseUrl(Guard(allow_private=False), "syslog://", 5)


def test_short_keys_and_a_mail_server_without_sender_are_refused() -> None:
    with pytest.raises(ValidationError, match="SECRET_KEYS"):
        NotifierOptions.model_validate({"secret_keys": {"2026": "short"}})
    with pytest.raises(ValidationError, match="SENDER"):
        NotifierOptions.model_validate({"smtp": {"host": "mail.example.com"}})


def test_a_refused_setting_does_not_show_the_urls(
    environment: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    destinations = [{"name": "ops", "url": SLACK}, {"name": "ops", "url": SLACK}]
    environment.setenv("AIFINOPS_NOTIFIER__DESTINATIONS", json.dumps(destinations))
    with pytest.raises(SystemExit):
        load(NotifierSettings)
    told = capsys.readouterr().err
    assert "two destinations have the same name" in told
    assert "TIiajkdnlazkcOXrIdevi7FQ" not in told
