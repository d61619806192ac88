"""`aifinops run`: services against a Kafka and a ClickHouse that are there."""

from __future__ import annotations

from typing import Annotated

import typer

from services.allinone.commands.common import WRONG_USAGE, fail
from services.allinone.services import SERVICES
from services.common import log, tracing
from services.common.directory import DirectoryLocked
from services.common.host import Host, key_ring, run_loop, run_until_signal
from services.common.listening import PortTakenError
from services.common.settings import EXIT_CONFIG, UnusableSettingError


def run_command(
    services: Annotated[list[str], typer.Argument(help=f"One or more of: {', '.join(SERVICES)}")],
) -> None:
    """Run services against the Kafka and ClickHouse given by AIFINOPS_... settings."""
    unknown = [name for name in services if name not in SERVICES]
    if unknown:
        fail(f"no service {', '.join(unknown)}: choose from {', '.join(SERVICES)}", code=WRONG_USAGE)
    entries = [SERVICES[name] for name in services]
    loaded = [(entry, entry.load_settings()) for entry in entries]
    common = loaded[0][1]
    name = "+".join(services)
    log.configure(common.telemetry, name)
    tracing.configure(common.telemetry, name)

    async def serve() -> None:
        keyring = key_ring(common)
        host = Host(name, common, [entry.build(settings, keyring) for entry, settings in loaded], keyring)
        await run_until_signal(host)

    try:
        run_loop(serve())
    except (PortTakenError, DirectoryLocked) as error:
        fail(str(error))
    except UnusableSettingError as error:
        fail(str(error), code=EXIT_CONFIG)
