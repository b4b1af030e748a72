#!/usr/bin/env bash
# Trains a Tapestry job with Tapestry's own engine, in a process of its own: embedded.sh JOB_DIRECTORY
#
# The result is the embedded one, bit by bit, with the same number of threads. What for: training under another user, in a
# container, with other limits, on another machine that sees the directory. TAPESTRY names the launcher.
set -euo pipefail
home=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")/../../.." && pwd)
exec "${TAPESTRY:-$home/tapestry}" train "$1"
