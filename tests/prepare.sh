#!/usr/bin/env bash
# Brings what the tests use beside Python: a headless Chromium where Debian's packages can be installed. Kafka comes
# through Maven when the tests start. What cannot be had is said loudly, and the tests that need it are skipped by name.
set -euo pipefail
if ! command -v chromium >/dev/null && ! command -v chromium-browser >/dev/null && ! command -v google-chrome >/dev/null; then
  if command -v apt-get >/dev/null && [ "$(id -u)" = 0 ]; then
    echo "tests/prepare.sh: installing chromium for the browser tests" >&2
    { apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends chromium fonts-dejavu-core; } >/dev/null 2>&1 \
      || echo "tests/prepare.sh: WARNING: chromium could not be installed; the browser tests will be skipped" >&2
  else
    echo "tests/prepare.sh: WARNING: no chromium here; the browser tests will be skipped. Install it to run them." >&2
  fi
fi
