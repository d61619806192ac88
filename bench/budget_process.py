"""The budget service in a process of its own, with a call beside its own that does nothing: `python -m
bench.budget_process`. Settings come from the environment."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import grpc
from google.protobuf.empty_pb2 import Empty

from services.budget.app import build
from services.budget.settings import BudgetSettings
from services.common import host
from services.common.auth import Access, current
from services.common.component import GrpcService
from services.common.settings import load

NOTHING = "bench.v1.NothingService"
CALL = f"/{NOTHING}/Call"


async def _call(request: Empty, context: Any) -> Empty:
    """Asks, as every call does, who may do this; answers nothing."""
    current(Access.READ)
    return Empty()


def _add(_: None, server: Any) -> None:
    handler = grpc.unary_unary_rpc_method_handler(_call, Empty.FromString, Empty.SerializeToString)
    server.add_generic_rpc_handlers([grpc.method_handlers_generic_handler(NOTHING, {"Call": handler})])


def main() -> None:
    """Serves until it is asked to end."""
    settings = load(BudgetSettings)
    keyring = host.key_ring(settings)
    service = build(settings, keyring)
    beside = GrpcService(NOTHING, None, _add)
    host.run("budget", settings, replace(service, grpc=[*service.grpc, beside]), keyring)


if __name__ == "__main__":
    main()
