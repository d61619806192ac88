"""Which spans are calls of a model, and what each used.

Instrumentations repeat usage: on the span of the call, and summed up on the agent, chain or workflow around it; two
instrumentations of one program describe the same call as parent and child. Counted is only a call that has no counted
call below it:
- spans that say they are something else (invoke_agent, execute_tool, CHAIN, workflow, ai.generateText) are left out;
- a call that is an ancestor of another call with usage in the same request is left out. An ancestor that arrives in
  another request is told apart only by what it says it is, or by its response id.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from finops.usage.v1.usage_pb2 import UsageEvent

from services.ingest.domain.context import Context
from services.ingest.domain.otlp import call, usage
from services.ingest.domain.otlp.attributes import Attributes
from services.ingest.domain.otlp.attribution import AttributeMap
from services.ingest.domain.rejection import Reason, Rejected

NANOS_PER_MICRO = 1_000

_OPERATION = "gen_ai.operation.name"
_OPENINFERENCE = "openinference.span.kind"
_TRACELOOP = "traceloop.span.kind"
_REQUEST_TYPE = "llm.request.type"
_VERCEL = "ai.operationId"
_ERROR = "error.type"

NAMES = frozenset({_OPERATION, _OPENINFERENCE, _TRACELOOP, _REQUEST_TYPE, _VERCEL, _ERROR}) | usage.NAMES | call.NAMES

_CALLS = frozenset({"chat", "text_completion", "generate_content", "embeddings", "completion", "responses"})
_NO_CALLS = frozenset(
    {
        "invoke_agent", "create_agent", "execute_tool", "invoke_workflow", "plan", "retrieval", "fetch_response",
        "create_memory", "create_memory_store", "delete_memory", "delete_memory_store", "search_memory",
        "update_memory", "upsert_memory",
    }
)  # fmt: skip
"""Well-known operations that are no inference; `fetch_response` reads an answer that was counted when it was made."""
_OPENINFERENCE_CALLS = frozenset({"LLM", "EMBEDDING", "RERANKER"})
_TRACELOOP_NO_CALLS = frozenset({"workflow", "task", "agent", "tool"})
_REQUEST_TYPES = frozenset({"chat", "completion", "embedding", "rerank"})


class Span(NamedTuple):
    """A span; ids as bytes, times in nanoseconds since 1970."""

    trace_id: bytes
    span_id: bytes
    parent_id: bytes
    start: int
    end: int
    failed: bool
    attributes: Attributes
    resource: Attributes
    agent: str
    """The coding agent that sent it; "" for other programs."""


def is_call(attributes: Attributes) -> bool:
    """Whether the attributes are those of one call of a model.

    A kind nobody knows counts when it names a model and tokens: better an odd call counted than a real one lost.
    """
    get = attributes.get
    vercel = get(_VERCEL)
    if vercel is not None:
        return ".do" in str(vercel)
    kind = get(_OPENINFERENCE)
    if kind is not None:
        return kind in _OPENINFERENCE_CALLS
    operation = get(_OPERATION)
    if operation in _CALLS or get(_REQUEST_TYPE) in _REQUEST_TYPES:
        return True
    if operation in _NO_CALLS or get(_TRACELOOP) in _TRACELOOP_NO_CALLS:
        return False
    return usage.is_there(attributes) and any(name in attributes for name in call.MODEL)


class Selection(NamedTuple):
    """The spans of a request that are to be counted."""

    calls: Sequence[Span]
    enclosing: int
    """Calls left out because a call below them is counted."""
    of_agents: int
    """Left out because the agent's own events are counted."""


def select(spans: Sequence[Span]) -> Selection:
    """Picks the calls that have no counted call below them."""
    calls: list[Span] = []
    of_agents = 0
    for span in spans:
        if span.attributes and is_call(span.attributes):
            if span.agent:
                of_agents += 1
            else:
                calls.append(span)
    if len(calls) < 2:
        return Selection(calls, 0, of_agents)
    parents = {span.trace_id + span.span_id: span.parent_id for span in spans}
    above: set[bytes] = set()
    for span in calls:
        if not usage.is_there(span.attributes):
            continue
        parent = span.parent_id
        while parent:
            key = span.trace_id + parent
            if key in above:
                break
            above.add(key)
            parent = parents.get(key, b"")
    counted = [span for span in calls if span.trace_id + span.span_id not in above]
    return Selection(counted, len(calls) - len(counted), of_agents)


class SpanDecoder:
    """Turns a selected span into an event."""

    def __init__(self, names: AttributeMap) -> None:
        self._names = names

    def __call__(self, item: object, context: Context) -> UsageEvent:
        """The event of a span.

        Raises:
            Rejected
        """
        assert isinstance(item, Span)
        if not item.span_id or not item.trace_id:
            raise Rejected(Reason.MISSING, "spanId", "is missing, or the trace's id is: both are required by OTLP")
        time = (item.end or item.start) // NANOS_PER_MICRO
        return call.event_of(
            item.attributes,
            item.resource,
            context,
            self._names,
            time=context.window.check(time, "endTimeUnixNano"),
            fallback_id=f"{item.trace_id.hex()}:{item.span_id.hex()}",
            failed=item.failed or _ERROR in item.attributes,
        )
