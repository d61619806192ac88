"""Writes helm/aifinops/README.md from values.yaml: each value, its default, and the `# --` comment above it.

python helm/readme.py [--check]
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import yaml

CHART = Path(__file__).resolve().parent / "aifinops"
MARK = "# -- "

HEAD = """# aifinops

{description}

External Kafka and ClickHouse, one Deployment for each service; ingest is a StatefulSet, whose journal holds what was
accepted while Kafka is away. With Kafka at `kafka:9092` and ClickHouse at `http://clickhouse:8123`:

```sh
helm install aifinops helm/aifinops --namespace aifinops --create-namespace \\
  --set image.repository=registry.example.com/aifinops \\
  --set kafka.bootstrapServers=kafka:9092 \\
  --set clickhouse.url=http://clickhouse:8123
```

Secrets are always named, never written into values: `auth.existingSecret`, `kafka.sasl.existingSecret`,
`clickhouse.existingSecret`, the `existingSecret` of `notifier` and `console`. What `defaults` holds can be said again
for one service under `services.<name>`.

This file is generated from `values.yaml` by `python helm/readme.py`.

## Values

| value | default | |
|---|---|---|
"""


@dataclass(frozen=True)
class Row:
    """One line of the table."""

    path: str
    default: str
    description: str


def rows(node: yaml.MappingNode, lines: list[str], prefix: str = "") -> Iterator[Row]:
    """The values below a mapping: leaves, and whatever carries a comment of its own."""
    for key, value in node.value:
        path = f"{prefix}{key.value}"
        comment = _comment_above(lines, key.start_mark.line)
        if isinstance(value, yaml.MappingNode) and value.value and not value.flow_style:
            if comment:
                yield Row(path, "", comment)
            yield from rows(value, lines, f"{path}.")
        else:
            yield Row(path, json.dumps(yaml.safe_load(yaml.serialize(value))), comment)


def readme() -> str:
    """The file's text."""
    text = (CHART / "values.yaml").read_text()
    root = yaml.compose(text)
    assert isinstance(root, yaml.MappingNode)
    description = yaml.safe_load((CHART / "Chart.yaml").read_text())["description"]
    table = "".join(
        f"| `{row.path}` | {f'`{row.default}`' if row.default else ''} | {row.description} |\n".replace("|  |", "| |")
        for row in rows(root, text.splitlines())
    )
    return HEAD.format(description=description) + table


def _comment_above(lines: list[str], line: int) -> str:
    found: list[str] = []
    for text in reversed(lines[:line]):
        stripped = text.strip()
        if not stripped.startswith("#"):
            return ""
        found.insert(0, stripped.removeprefix(MARK).removeprefix("# "))
        if stripped.startswith(MARK):
            return " ".join(found).replace("|", "\\|")
    return ""


def main() -> int:
    """Writes, or with `--check` compares."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="fail where the committed file differs")
    target = CHART / "README.md"
    if parser.parse_args().check:
        if not target.exists() or target.read_text() != readme():
            sys.stderr.write(f"{target} is stale: run `python helm/readme.py`\n")
            return 1
        return 0
    target.write_text(readme())
    return 0


if __name__ == "__main__":
    sys.exit(main())
