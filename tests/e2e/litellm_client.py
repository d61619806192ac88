"""A program that uses LiteLLM with its generic API callback pointed at ingest. Run by test_real_clients.

Environment: GENERIC_LOGGER_ENDPOINT, GENERIC_LOGGER_HEADERS. Prints one JSON line: the usages LiteLLM saw.
"""

from __future__ import annotations

import asyncio
import json
import sys

import litellm
from litellm.integrations.generic_api.generic_api_callback import GenericAPILogger


async def main() -> None:
    logger = GenericAPILogger(batch_size=1)
    litellm.callbacks = [logger]
    usages = []
    for question, answer in (("What is FinOps?", "Knowing what is spent."), ("And now?", "A budget.")):
        response = await litellm.acompletion(
            model="gpt-4o",
            messages=[{"role": "user", "content": question}],
            mock_response=answer,
            metadata={"tags": ["docs"]},
        )
        usages.append(response.usage.model_dump())
    # The callback runs in the background; the program would otherwise end before it has sent anything.
    for _ in range(100):
        await asyncio.sleep(0.1)
        if not logger.log_queue and not asyncio.all_tasks() - {asyncio.current_task()} - _periodic():
            break
    await logger.async_send_batch()
    sys.stdout.write(json.dumps(usages) + "\n")


def _periodic() -> set[asyncio.Task[object]]:
    return {task for task in asyncio.all_tasks() if "periodic" in repr(task) or "worker" in repr(task).lower()}


asyncio.run(main())
