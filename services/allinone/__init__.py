"""Every service in one process on embedded engines: the default on one machine, and the command line."""

import os

# `up` starts child processes that execute at once; gRPC's fork handlers have nothing to do there but to complain.
os.environ.setdefault("GRPC_ENABLE_FORK_SUPPORT", "0")
