"""Whose use it was, from headers; and the setting that maps them."""

from __future__ import annotations

import pytest

from services.common.settings import load
from services.ingest.domain.attribution import HEADERS, HeaderMap
from services.ingest.domain.rejection import Rejected
from services.ingest.settings import IngestSettings
from tests.unit.ingest.serving import serve

REQUIRED = {
    "AIFINOPS_KAFKA__BOOTSTRAP_SERVERS": "k:9092",
    "AIFINOPS_CLICKHOUSE__URL": "http://c:8123",
    "AIFINOPS_AUTH__SERVICE_KEY": "afk_x",
}
SETTING = "AIFINOPS_INGEST__ATTRIBUTION_HEADERS"


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    for name, value in REQUIRED.items():
        monkeypatch.setenv(name, value)
    return monkeypatch


def test_headers_lead_to_dimensions_and_tags_whatever_their_case() -> None:
    headers = HeaderMap(
        {"X-Cost-Centre": "team", "x-feature": "tag:feature", "X-Trace": "session", "x-where": "region"}
    )
    found = headers.read({"x-cost-centre": "4711", "x-feature": "answers", "x-trace": "t", "x-team": "ignored"})
    assert found.dimensions == {"team": "4711", "session": "t"}
    assert found.tags == {"feature": "answers"}


def test_a_mapped_header_wins_over_x_tags() -> None:
    found = HeaderMap({"x-feature": "tag:feature"}).read({"x-feature": "a", "x-tags": "feature=b,tier=gold"})
    assert found.tags == {"feature": "a", "tier": "gold"}


@pytest.mark.parametrize(
    ("mapping", "message"),
    [
        ({"x-team": "squad"}, "'x-team' leads to 'squad': use one of team, user, project, key, tool, environment"),
        ({"x-team": "tag:"}, "leads to 'tag:'"),
        ({"x-team": "tag:" + "n" * 65}, "leads to"),
        ({"x-team": "model"}, "leads to 'model'"),
        ({"": "team"}, "'' is no header name"),
        ({"x team": "team"}, "'x team' is no header name"),
        ({"X-Tags": "team"}, "header 'X-Tags' has a meaning of its own"),
        ({"Authorization": "team"}, "has a meaning of its own"),
        ({"x-team": "team", "X-Team": "user"}, "is given twice"),
    ],
)
def test_a_mapping_that_leads_nowhere_is_refused(mapping: dict[str, str], message: str) -> None:
    with pytest.raises(ValueError, match=r".") as caught:
        HeaderMap(mapping)
    assert message in str(caught.value)


@pytest.mark.parametrize("word", ["yes", "2", "maybe"])
def test_estimated_is_true_or_false(word: str) -> None:
    assert HeaderMap().read({"x-estimated": "True"}).estimated
    assert not HeaderMap().read({"x-estimated": "false"}).estimated
    with pytest.raises(Rejected, match="X-Estimated: must be true or false"):
        HeaderMap().read({"x-estimated": word})


def test_the_setting_replaces_the_default(environment: pytest.MonkeyPatch) -> None:
    assert load(IngestSettings).ingest.attribution_headers == HEADERS
    environment.setenv(SETTING, '{"X-Squad": "team", "X-Feature": "tag:feature"}')
    assert load(IngestSettings).ingest.attribution_headers == {"X-Squad": "team", "X-Feature": "tag:feature"}


@pytest.mark.parametrize("value", ['{"x-team": "squad"}', '["x-team"]', "x-team=team", '{"x-team": 5}'])
def test_a_bad_setting_stops_the_service_and_is_named(
    environment: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], value: str
) -> None:
    environment.setenv(SETTING, value)
    with pytest.raises(SystemExit) as stopped:
        load(IngestSettings)
    assert stopped.value.code == 78
    assert "ATTRIBUTION_HEADERS" in capsys.readouterr().err


async def test_the_endpoint_reads_mapped_headers() -> None:
    served = serve(header_map=HeaderMap({"x-squad": "team", "x-feature": "tag:feature", "x-where": "region"}))
    body = {"id": "a", "usage": {"prompt_tokens": 1, "completion_tokens": 1}}
    headers = {"X-Squad": "ranking", "X-Feature": "answers", "X-Where": "westeurope", "X-Team": "not read"}
    response = await served.client.post("/v1/usage/azure", json=body, headers=headers)
    assert response.status_code == 202, response.text
    (event,) = served.kept.events
    assert (event.team, dict(event.tags), event.region) == ("ranking", {"feature": "answers"}, "westeurope")


async def test_another_provider_is_answered_with_the_known_ones() -> None:
    response = await serve().client.post("/v1/usage/acme-ai", json={})
    assert response.status_code == 404
    message = response.json()["error"]["message"]
    assert message.startswith("no provider 'acme-ai': use one of openai, anthropic, gemini, vertex, bedrock, azure,")
    assert "openai-compatible; the last is for any server" in message


async def test_a_compatible_server_must_be_named() -> None:
    served = serve()
    body = {"id": "a", "model": "m", "usage": {"prompt_tokens": 1}}
    response = await served.client.post("/v1/usage/openai-compatible", json=body)
    assert response.status_code == 422
    assert "X-Provider: is missing or blank" in response.json()["rejected"][0]["message"]
    await served.client.post("/v1/usage/openai-compatible", json=body, headers={"X-Provider": "Fireworks"})
    assert [(event.provider, event.source) for event in served.kept.events] == [("fireworks", "fireworks")]
