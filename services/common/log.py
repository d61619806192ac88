"""Structured logs: one JSON object a line on standard error, or coloured text for people."""

from __future__ import annotations

import logging
import sys
from typing import Any

import structlog
from opentelemetry import trace

from services.common.settings import TelemetrySettings

get_logger = structlog.get_logger

# Local variables of a frame can hold keys and passwords.
_WITHOUT_LOCALS = structlog.tracebacks.ExceptionDictTransformer(show_locals=False)


def _add_trace(_logger: object, _method: str, event: Any) -> Any:
    context = trace.get_current_span().get_span_context()
    if context.is_valid:
        event["trace_id"] = format(context.trace_id, "032x")
        event["span_id"] = format(context.span_id, "016x")
    return event


def configure(settings: TelemetrySettings, service: str) -> None:
    """Sends the standard library's and our own logs through one renderer. `service` is stamped on each line."""
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        _add_trace,
    ]
    json = settings.log_format == "json"
    renderer: Any = structlog.processors.JSONRenderer() if json else structlog.dev.ConsoleRenderer()
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                *([structlog.processors.ExceptionRenderer(_WITHOUT_LOCALS)] if json else []),
                renderer,
            ],
        )
    )
    handler.addFilter(_Calmer("aiokafka"))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(settings.log_level)
    for noisy in ("aiokafka", "faststream", "uvicorn.access", "httpx", "apprise", "urllib3", "asyncio"):
        logging.getLogger(noisy).setLevel(max(logging.WARNING, logging.getLevelName(settings.log_level)))
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    structlog.contextvars.bind_contextvars(service=service)


class _Calmer(logging.Filter):
    """Lets each message of a library through once in ten seconds. A Kafka client that cannot connect says so hundreds
    of times a second, which in a long outage fills the disk that the journal needs."""

    _SECONDS = 10.0

    def __init__(self, library: str) -> None:
        super().__init__()
        self._library = library
        self._told: dict[tuple[str, str], float] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        if not record.name.startswith(self._library):
            return True
        message = (record.name, str(record.msg))
        if record.created - self._told.get(message, 0.0) < self._SECONDS:
            return False
        self._told[message] = record.created
        return True
