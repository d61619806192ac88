"""`python -m services.demo`: plays the organisation against a platform that runs already."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import os
import signal
import sys

from services.demo.client import DemoError
from services.demo.run import run

KEY_VARIABLE = "AIFINOPS_KEY"


def main() -> int:
    """Reads the command line; the key comes from the environment, where other users of the machine do not see it."""
    parser = argparse.ArgumentParser(prog="services.demo", description=__doc__)
    parser.add_argument("--url", default="http://127.0.0.1:8080", help="where ingest listens")
    parser.add_argument("--console-url", default="", help="where the console listens, if elsewhere")
    parser.add_argument("--days", type=int, default=60, help="days of history")
    parser.add_argument("--seed", type=int, default=7, help="another seed is another organisation")
    parser.add_argument("--once", action="store_true", help="end after the history, without live traffic")
    options = parser.parse_args()
    key = os.environ.get(KEY_VARIABLE, "")
    if not key:
        parser.error(f"set {KEY_VARIABLE} to an admin key; `aifinops up` prints one")
    try:
        asyncio.run(_until_stopped(options, key))
    except DemoError as error:
        sys.stderr.write(f"demo: {error}\n")
        return 1
    except KeyboardInterrupt:
        return 0
    return 0


async def _until_stopped(options: argparse.Namespace, key: str) -> None:
    playing = asyncio.ensure_future(
        run(
            options.url,
            key,
            days=options.days,
            seed=options.seed,
            live=not options.once,
            console_url=options.console_url,
        )
    )
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, playing.cancel)
    with contextlib.suppress(asyncio.CancelledError):
        await playing


if __name__ == "__main__":
    sys.exit(main())
