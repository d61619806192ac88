"""The published references: up to date, and telling of everything there is."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import yaml

from services.common.kafka.topics import TOPICS
from services.ingest.adapters.http.routes import UNKNOWN_PROVIDER
from services.ingest.domain.sources import CLOUDEVENTS, SOURCES

ROOT = Path(__file__).resolve().parents[2]
REFERENCE = ROOT / "docs" / "reference"


def test_the_references_are_up_to_date() -> None:
    done = subprocess.run(
        [sys.executable, ROOT / "docs" / "reference.py", "--check"], capture_output=True, text=True, cwd=ROOT
    )
    assert done.returncode == 0, done.stderr


def test_every_topic_is_a_channel_with_its_message() -> None:
    document = yaml.safe_load((REFERENCE / "asyncapi.yaml").read_text())
    assert document["asyncapi"].startswith("3.")
    assert {channel["address"] for channel in document["channels"].values()} == {topic.name for topic in TOPICS}
    assert len(document["operations"]) == len(TOPICS)
    assert _dangling(document) == []


def test_every_message_service_and_comment_is_in_the_protobuf_reference() -> None:
    text = (REFERENCE / "protobuf.md").read_text()
    flat = " ".join(text.split())
    for file in (ROOT / "proto" / "finops").rglob("*.proto"):
        source = file.read_text()
        package = re.findall(r"^package (\S+);", source, re.M)[0]
        for name in re.findall(r"^(?:message|enum|service) (\w+)", source, re.M):
            assert f"### {package}.{name}\n" in text
        for method in re.findall(r"^  rpc (\w+)", source, re.M):
            assert f"| `{method}` |" in text
        for comment in re.findall(r"^ +// (.+)$", source, re.M):
            assert " ".join(comment.replace("|", "\\|").split()) in flat, comment
    anchors = {heading.lower().replace(".", "") for heading in re.findall(r"^#+ (.+)$", text, re.M)}
    assert set(re.findall(r"\]\(#([^)]+)\)", text)) <= anchors


def test_every_ingest_path_is_documented() -> None:
    document = json.loads((REFERENCE / "openapi-ingest.json").read_text())
    assert set(document["paths"]) == {source.path for source in SOURCES} | {CLOUDEVENTS.path, UNKNOWN_PROVIDER}
    assert _dangling(document) == []


def test_the_resources_of_the_console_are_documented() -> None:
    document = json.loads((REFERENCE / "openapi-console.json").read_text())
    first = {path.split("/")[1].split(":")[0] for path in document["paths"]}
    assert {"costs", "budgets", "anomalies", "recommendations", "tools", "approvals", "keys"} <= first
    assert _dangling(document) == []


def _dangling(document: Any) -> list[str]:
    """References within the document that lead nowhere."""
    found = []
    for reference in _references(document):
        node = document
        for part in reference.removeprefix("#/").split("/"):
            node = node.get(part.replace("~1", "/").replace("~0", "~")) if isinstance(node, dict) else None
        if node is None:
            found.append(reference)
    return found


def _references(node: Any) -> list[str]:
    if isinstance(node, dict):
        own = [node["$ref"]] if isinstance(node.get("$ref"), str) else []
        return own + [reference for value in node.values() for reference in _references(value)]
    if isinstance(node, list):
        return [reference for value in node for reference in _references(value)]
    return []
