"""A short run of the fuzzer; `python -m tests.fuzz.ingest` goes on for as long as one likes."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

SECONDS = 10
SEEDS = (
    {"id": "a", "time": "2026-11-23T12:00:00Z", "usage": {"input_tokens": 1}, "tags": {"a": "b"}},
    {"specversion": "1.0", "id": "a", "source": "s", "type": "t", "data": {"usage": {"input_tokens": 1}}},
    {"id": "a", "model": "m", "usage": {"prompt_tokens": 2, "prompt_tokens_details": {"cached_tokens": 1}}},
    {"id": "a", "usage": {"input_tokens": 1, "cache_creation": {"ephemeral_1h_input_tokens": 1}, "output_tokens": 1}},
    {"id": "a", "metadata": {"usage_object": {"prompt_tokens": 1}}, "prompt_tokens": 1, "startTime": 1795435200.5},
)


def test_no_bytes_crash_a_decoder(tmp_path: Path) -> None:
    pytest.importorskip("atheris", reason="no atheris for this platform")
    corpus = tmp_path / "corpus"
    corpus.mkdir()
    for number, seed in enumerate(SEEDS):
        for source in range(len(SEEDS)):
            (corpus / f"{number}-{source}").write_bytes(bytes([source, 0]) + json.dumps(seed).encode())
    command = [sys.executable, "-m", "tests.fuzz.ingest", f"-max_total_time={SECONDS}", "-seed=7", str(corpus)]
    run = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False, cwd=Path.cwd())
    assert run.returncode == 0, run.stderr[-3_000:]
    assert "Done" in run.stderr
