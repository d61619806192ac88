"""Writes the references under docs/reference; `--check` fails where the committed ones differ."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Mapping
from importlib import import_module
from pathlib import Path
from typing import Any

from generators import asyncapi, protobuf, settings

from services.common.kafka.topics import TOPICS
from services.console.api import openapi_document
from services.ingest.openapi import document as ingest_document

TARGET = Path(__file__).resolve().parent / "reference"


def openapi_ingest() -> str:
    """Ingest's endpoints."""
    return _json(ingest_document())


def openapi_console() -> str:
    """REST, /api/v1."""
    return _json(openapi_document())


REFERENCES: Mapping[str, Callable[[], str]] = {
    "openapi-ingest.json": openapi_ingest,
    "openapi-console.json": openapi_console,
    "asyncapi.yaml": asyncapi.document,
    "protobuf.md": protobuf.document,
    "settings.md": settings.document,
}


def main() -> int:
    """Writes, or with `--check` compares."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true")
    check = parser.parse_args().check
    _register_messages()
    stale = []
    for name, generate in REFERENCES.items():
        text, file = generate(), TARGET / name
        if check and (not file.exists() or file.read_text() != text):
            stale.append(name)
        elif not check:
            TARGET.mkdir(exist_ok=True)
            file.write_text(text)
    if stale:
        sys.stderr.write(
            "stale references, run `make docs`:\n" + "".join(f"  docs/reference/{name}\n" for name in stale)
        )
    return 1 if stale else 0


def _register_messages() -> None:
    """Imports the stubs of every topic's value, by which protobuf knows the message."""
    for topic in TOPICS:
        if topic.value.startswith("finops."):
            package = topic.value.rpartition(".")[0]
            import_module(f"{package}.{package.split('.')[1]}_pb2")


def _json(document: Any) -> str:
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    sys.exit(main())
