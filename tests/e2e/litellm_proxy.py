"""A real LiteLLM proxy with the hook that integrations/litellm/ publishes.

In an environment of its own: the proxy pins versions that the platform's dependencies exclude.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
import yaml

from services.allinone.engines.ports import free_port
from tests.e2e.running import eventually

ROOT = Path(__file__).resolve().parents[2]
HOOK = ROOT / "integrations" / "litellm"
PACKAGE = "litellm[proxy]==1.106.2"
MASTER_KEY = "sk-of-the-test"
MODEL = "gpt-4o-mini"
COMPILED = {**os.environ, "UV_COMPILE_BYTECODE": "1"}
"""The proxy loads thousands of modules."""
OUTPUT_TOKENS = 4_000
"""Of every answer, as LiteLLM's mock of a provider says."""


def _in_its_environment(*command: str) -> list[str]:
    """Skips the test by name where LiteLLM's proxy cannot be installed."""
    uv = str(Path(sys.executable).with_name("uv"))
    needs = tomllib.loads((HOOK / "pyproject.toml").read_text())["project"]["dependencies"]
    run = [uv, "tool", "run", "--from", PACKAGE, *(part for need in needs for part in ("--with", need))]
    try:
        subprocess.run(
            [*run, "python", "-c", ""], check=True, capture_output=True, text=True, timeout=180, env=COMPILED
        )
    except (OSError, subprocess.SubprocessError) as error:
        pytest.skip(f"NO LIVE LITELLM PROXY TESTED: {PACKAGE} cannot be installed here ({error})")
    return [*run, *command]


@contextmanager
def litellm_proxy(folder: Path, platform_grpc: str, platform_http: str, key: str) -> Iterator[httpx.Client]:
    """A client of a proxy whose only model answers without a provider, as docs/gateways.md configures it."""
    port, config = free_port(), folder / "config.yaml"
    parameters = {"model": f"openai/{MODEL}", "api_key": "none", "mock_response": "Of course."}
    config.write_text(
        yaml.safe_dump(
            {
                "model_list": [{"model_name": MODEL, "litellm_params": parameters}],
                "litellm_settings": {
                    "callbacks": ["aifinops_litellm.callback.budgets", "aifinops_litellm.usage.events"]
                },
                "general_settings": {"master_key": "os.environ/LITELLM_MASTER_KEY"},
            }
        )
    )
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith("AIFINOPS_")},
        "PYTHONPATH": os.pathsep.join(map(str, (HOOK, ROOT / "proto" / "gen"))),
        "AIFINOPS_GATEWAY_TARGET": platform_grpc,
        "AIFINOPS_GATEWAY_KEY": key,
        "AIFINOPS_GATEWAY_ON_FAILURE": "closed",
        "AIFINOPS_GATEWAY_TIMEOUT_MS": "20000",
        "AIFINOPS_GATEWAY_INGEST": platform_http,
        "LITELLM_MASTER_KEY": MASTER_KEY,
        "LITELLM_LOCAL_MODEL_COST_MAP": "True",
        "DEFAULT_MOCK_RESPONSE_COMPLETION_TOKEN_COUNT": str(OUTPUT_TOKENS),
        "NO_PROXY": "127.0.0.1",
    }
    command = _in_its_environment("litellm", "--config", str(config), "--host", "127.0.0.1", "--port", str(port))
    log = folder / "litellm.log"
    with log.open("wb") as output:
        # A group of its own: uv stands between this process and the proxy.
        process = subprocess.Popen(command, env=environment, stdout=output, stderr=output, start_new_session=True)
    headers = {"Authorization": f"Bearer {MASTER_KEY}"}
    url = f"http://127.0.0.1:{port}"
    try:
        with httpx.Client(base_url=url, headers=headers, timeout=60, trust_env=False) as client:
            try:
                eventually(lambda: client.get("/health/liveliness"), lambda answer: answer.status_code == 200, 240)
            except AssertionError as error:
                raise AssertionError(f"{error}\n{log.read_text()[-4000:]}") from None
            yield client
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def ask(client: httpx.Client, feature: str) -> httpx.Response:
    """One request, which may cost `OUTPUT_TOKENS` of output and a little input."""
    question = {"role": "user", "content": "May I?"}
    body = {"model": MODEL, "max_tokens": OUTPUT_TOKENS, "messages": [question]}
    return client.post("/v1/chat/completions", json={**body, "metadata": {"tags": [f"feature:{feature}"]}})
