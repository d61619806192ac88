"""Clients we did not write: LiteLLM, the OpenAI and Anthropic SDKs, a plain Kafka consumer, a plain gRPC client."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
from decimal import Decimal
from pathlib import Path
from typing import Any

import grpc
from aiokafka import AIOKafkaConsumer
from finops.cost.v1.cost_pb2 import CostRecord
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
from grpc_reflection.v1alpha import reflection_pb2, reflection_pb2_grpc

from services.common import money
from tests.e2e.events import event, price, total
from tests.e2e.running import Client, Cluster, eventually


def _total(client: Client, **parameters: str) -> tuple[Decimal, int]:
    rows = client.costs(granularity="total", **parameters)
    return sum((Decimal(row["cost"]) for row in rows), Decimal(0)), sum(row["requests"] for row in rows)


def _arrives(client: Client, cost: Decimal, requests: int, **parameters: str) -> None:
    eventually(lambda: _total(client, **parameters), lambda found: found == (cost, requests))


def test_litellm_callback(client: Client) -> None:
    environment = {
        **os.environ,
        "GENERIC_LOGGER_ENDPOINT": f"{client.url}/v1/litellm",
        "GENERIC_LOGGER_HEADERS": f"Authorization=Bearer {client.key}",
        "LITELLM_LOCAL_MODEL_COST_MAP": "True",
        "NO_PROXY": "127.0.0.1",
    }
    script = Path(__file__).with_name("litellm_client.py")
    run = subprocess.run([sys.executable, str(script)], env=environment, capture_output=True, text=True, timeout=120)
    assert run.returncode == 0, run.stderr
    usages = json.loads(run.stdout.splitlines()[-1])
    expected = sum(
        (
            price("gpt-4o", {"input_tokens": u["prompt_tokens"], "output_tokens": u["completion_tokens"]})
            for u in usages
        ),
        Decimal(0),
    )
    _arrives(client, expected, 2, model="gpt-4o")
    entries = client.get("/api/v1/entries")["entries"]
    assert "What is FinOps?" not in json.dumps(entries)
    assert {entry["source"] for entry in entries} == {"litellm"}


def test_openai_sdk_objects(client: Client) -> None:
    """The documented example of prompt caching: 2006 prompt tokens of which 1920 were cached, 300 completion tokens."""
    from openai.types.chat import ChatCompletion  # Here, since every worker imports this file.

    completion = ChatCompletion.model_validate(
        {
            "id": "chatcmpl-sdk-1", "object": "chat.completion", "created": 1_795_446_000, "model": "gpt-4o",
            "choices": [{"index": 0, "finish_reason": "stop", "logprobs": None,
                         "message": {"role": "assistant", "content": "secret answer", "refusal": None}}],
            "usage": {"prompt_tokens": 2006, "completion_tokens": 300, "total_tokens": 2306,
                      "prompt_tokens_details": {"cached_tokens": 1920},
                      "completion_tokens_details": {"reasoning_tokens": 0}},
        }
    )  # fmt: skip
    body = completion.model_dump(mode="json")
    body["created"] = _now()
    client.send(body, "/v1/usage/openai", **{"X-Team": "search", "X-Tags": "feature=answers"})
    expected = price("gpt-4o", {"input_tokens": 86, "cache_read_tokens": 1920, "output_tokens": 300})
    _arrives(client, expected, 1, team="search")
    # The response read again, as a retry would send it.
    client.send(body, "/v1/usage/openai", **{"X-Team": "search", "X-Tags": "feature=answers"})
    client.send(event(1))
    _arrives(client, expected + total([event(1)]), 2)


def test_anthropic_sdk_objects(client: Client) -> None:
    from anthropic.types import Message  # Here, since every worker imports this file.

    message = Message.model_validate(
        {
            "id": "msg_sdk_1", "type": "message", "role": "assistant", "model": "claude-3-5-haiku-20241022",
            "content": [{"type": "text", "text": "secret answer"}], "stop_reason": "end_turn", "stop_sequence": None,
            "usage": {"input_tokens": 3, "cache_creation_input_tokens": 12304, "cache_read_input_tokens": 0,
                      "output_tokens": 550},
        }
    )  # fmt: skip
    body = message.model_dump(mode="json")
    client.send(body, "/v1/usage/anthropic", **{"X-User": "ann@example.com"})
    expected = price(
        "claude-3-5-haiku-20241022", {"input_tokens": 3, "cache_write_tokens": 12304, "output_tokens": 550}
    )
    _arrives(client, expected, 1, user="ann@example.com")
    client.send(body, "/v1/usage/anthropic", **{"X-User": "ann@example.com"})
    client.send(event(2))
    _arrives(client, expected + total([event(2)]), 2)


def _now() -> int:
    import time

    return int(time.time()) - 60


def test_a_plain_kafka_consumer_reads_costs(client: Client, cluster: Cluster) -> None:
    events = [event(number) for number in range(50)]
    client.send(events)
    _arrives(client, total(events), 50)
    topic = cluster.environment["AIFINOPS_KAFKA__TOPIC_PREFIX"] + "finops.costs.v1"
    team_cost = asyncio.run(_read_costs(cluster.environment["AIFINOPS_KAFKA__BOOTSTRAP_SERVERS"], topic, 50, client))
    assert team_cost == total(events)


async def _read_costs(servers: str, topic: str, count: int, client: Client) -> Decimal:
    """Adds up one tenant's deltas, checking what design section 3 promises of each record."""
    consumer = AIOKafkaConsumer(
        topic, bootstrap_servers=servers, auto_offset_reset="earliest", enable_auto_commit=False
    )
    await consumer.start()
    picos, seen = 0, 0
    risen: dict[int, int] = {}
    try:
        async with asyncio.timeout(30):
            while seen < count:
                record = await consumer.getone()
                cost = CostRecord.FromString(record.value)
                headers = dict(record.headers)
                assert record.key == cost.usage.event_key
                assert headers["ce_specversion"] == b"1.0"
                assert cost.usage_position.partition == record.partition
                assert cost.usage_position.offset > risen.get(record.partition, -1)
                risen[record.partition] = cost.usage_position.offset
                if cost.usage.tenant_id == client.tenant:
                    picos, seen = picos + cost.cost_delta_picos, seen + 1
    finally:
        await consumer.stop()
    return Decimal(money.format_dollars(picos))


def test_a_plain_grpc_client_asks_for_a_budget_by_reflection(client: Client, cluster: Cluster) -> None:
    """No stub of ours: the service's shape comes from the server."""
    budget = client.post(
        "/api/v1/budgets",
        {"display_name": "Search", "filter": 'team = "search"', "amount": "10.00", "period": "month"},
    )
    events = [event(number) for number in range(30)]
    client.send(events)
    expected = total([e for e in events if e["team"] == "search"])
    with grpc.insecure_channel(cluster.grpc("budget")) as channel:
        pool = _described(channel, "finops.budget.v1.BudgetService")
        request_class = message_factory.GetMessageClass(
            pool.FindMessageTypeByName("finops.budget.v1.GetBudgetStatusRequest")
        )
        answer_class = message_factory.GetMessageClass(
            pool.FindMessageTypeByName("finops.budget.v1.GetBudgetStatusResponse")
        )
        ask = channel.unary_unary(
            "/finops.budget.v1.BudgetService/GetBudgetStatus",
            request_serializer=lambda message: message.SerializeToString(),
            response_deserializer=answer_class.FromString,
        )
        metadata = [("authorization", f"Bearer {client.key}")]

        def spent() -> Decimal:
            actual = ask(request_class(name=budget["name"]), metadata=metadata, timeout=10).status.actual
            return Decimal(money.format_dollars(actual.units * 10**12 + actual.picos))

        eventually(spent, lambda amount: amount == expected)


def _described(channel: Any, service: str) -> descriptor_pool.DescriptorPool:
    pool = descriptor_pool.DescriptorPool()
    stub = reflection_pb2_grpc.ServerReflectionStub(channel)
    added: set[str] = set()

    def add(request: reflection_pb2.ServerReflectionRequest) -> None:
        for answer in stub.ServerReflectionInfo(iter([request])):
            for raw in answer.file_descriptor_response.file_descriptor_proto:
                file = descriptor_pb2.FileDescriptorProto.FromString(raw)
                if file.name in added:
                    continue
                added.add(file.name)
                for dependency in file.dependency:
                    add(reflection_pb2.ServerReflectionRequest(file_by_filename=dependency))
                pool.Add(file)

    add(reflection_pb2.ServerReflectionRequest(file_containing_symbol=service))
    return pool
