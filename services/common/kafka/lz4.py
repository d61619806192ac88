"""Makes aiokafka compress at LZ4's fast level.

It asks for level 9 and has no option: eight times the time for records a tenth smaller. Whatever the level, what comes
out is read the same way.
"""

from __future__ import annotations

import sys
from functools import partial

from aiokafka import codec
from aiokafka.record.default_records import DefaultRecordBatchBuilder

_FAST = 1


def at_its_fast_level() -> None:
    """For every producer of this process. May be called again."""
    # The builder is compiled where that was possible, and looks the function up in its own module.
    builders = sys.modules[DefaultRecordBatchBuilder.__module__]
    builders.__dict__["lz4_encode"] = partial(codec.lz4_encode, level=_FAST)
