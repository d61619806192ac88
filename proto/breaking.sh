#!/usr/bin/env bash
# Holds the contracts against those of main: what a consumer relies on may not change under it.
set -euo pipefail
cd "$(dirname "$0")/.."
against=${1:-}
if [ -z "$against" ]; then
  for candidate in origin/main main; do
    if git rev-parse --verify --quiet "$candidate" >/dev/null; then against=$candidate; break; fi
  done
fi
if [ -z "$against" ] || [ -z "$(git ls-tree -r --name-only "$against" -- proto/finops 2>/dev/null)" ]; then
  echo "proto/breaking.sh: no earlier contracts to hold these against" >&2
  exit 0
fi
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
git archive "$against" proto | tar -x -C "$scratch"
cd proto
../.venv/bin/buf breaking --against "$scratch/proto"
