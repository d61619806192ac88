"""The budget service in a process of its own, to be killed: `python -m tests.integration.budget.process`.

Settings come from the environment. One line on standard output, the gRPC port, says that it serves.
"""

from __future__ import annotations

from services.budget.app import build
from services.budget.settings import BudgetSettings
from services.common import host, log
from services.common.settings import load


def main() -> None:
    settings = load(BudgetSettings)
    log.configure(settings.telemetry, "budget")
    keyring = host.key_ring(settings)
    running = host.Host("budget", settings, [build(settings, keyring)], keyring)

    async def tell() -> None:
        print(running.grpc.port, flush=True)

    host.run_loop(host.run_until_signal(running, tell))


if __name__ == "__main__":
    main()
