#!/usr/bin/env bash
# Every test; or pytest with the arguments given.
#
# Tests of running services mostly wait. What only computes runs beside them, less urgent, in the time they
# leave, and may take the longer for it. Each worker of the former has a Kafka and a ClickHouse of its own.
# Files stay in the order of folders: what a folder shares, such as a running platform, starts once a worker.
set -euo pipefail
cd "$(dirname "$0")/.."
pytest=(.venv/bin/uv run --frozen --no-sync pytest --dist loadfile --no-loadscope-reorder)
if [ $# != 0 ]; then
  exec "${pytest[@]}" --numprocesses 3 "$@"
fi
computed=$(mktemp)
nice -n 10 "${pytest[@]}" --numprocesses 2 --timeout 900 tests/property tests/unit >"$computed" 2>&1 &
computing=$!
trap 'kill "$computing" 2>/dev/null || true; rm -f "$computed"' EXIT
failed=0
"${pytest[@]}" --numprocesses 3 tests --ignore tests/property --ignore tests/unit || failed=$?
wait "$computing" || failed=$?
cat "$computed"
exit "$failed"
