"""Connections to Kafka from settings."""

from __future__ import annotations

import ssl
from typing import Any

from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError
from aiokafka.helpers import create_ssl_context

from services.common.errors import UnavailableError
from services.common.kafka import closed_transport
from services.common.kafka.record import Partition
from services.common.settings import KafkaSettings

closed_transport.told_as_connection_errors()


def connection(settings: KafkaSettings) -> dict[str, Any]:
    """Arguments every aiokafka client takes."""
    arguments: dict[str, Any] = {
        "bootstrap_servers": settings.bootstrap_servers.split(","),
        "request_timeout_ms": settings.request_timeout_ms,
        "security_protocol": settings.security_protocol,
    }
    if settings.security_protocol.startswith("SASL"):
        arguments |= {
            "sasl_mechanism": settings.sasl_mechanism,
            "sasl_plain_username": settings.sasl_username,
            "sasl_plain_password": settings.sasl_password.get_secret_value(),
        }
    context = ssl_context(settings)
    if context is not None:
        arguments["ssl_context"] = context
    return arguments


def ssl_context(settings: KafkaSettings) -> ssl.SSLContext | None:
    """TLS with the system's authorities, or with the one in `ca_file`; None without TLS."""
    if not settings.security_protocol.endswith("SSL"):
        return None
    context: ssl.SSLContext = create_ssl_context(cafile=settings.ca_file or None)
    return context


def away(settings: KafkaSettings, error: Exception) -> UnavailableError:
    """What is told of a broker that does not answer."""
    return UnavailableError(
        f"Kafka at {settings.bootstrap_servers} does not answer ({error}): start it, or set "
        "AIFINOPS_KAFKA__BOOTSTRAP_SERVERS to where it is"
    )


async def incarnation(settings: KafkaSettings) -> str:
    """Names this life of the log: the setting, or the cluster's id."""
    if settings.incarnation:
        return settings.incarnation
    admin = AIOKafkaAdminClient(**connection(settings))
    await admin.start()
    try:
        description = await admin.describe_cluster()
    finally:
        await admin.close()
    return str(description["cluster_id"])


async def partitions(settings: KafkaSettings, topic: str) -> list[Partition]:
    """The partitions of a topic, which is named without the cluster's prefix.

    Raises:
        UnavailableError: Kafka is away, or there is no such topic.
    """
    name = settings.topic(topic)
    admin = AIOKafkaAdminClient(**connection(settings))
    try:
        await admin.start()
        # All topics: a broker may create the one that is asked for by its name.
        described = {found["topic"]: found["partitions"] for found in await admin.describe_topics()}
    except (KafkaError, OSError) as error:
        raise away(settings, error) from error
    finally:
        await admin.close()
    if name not in described:
        raise UnavailableError(f"there is no topic {name}: create it with `aifinops topics`")
    return sorted(Partition(name, partition["partition"]) for partition in described[name])
