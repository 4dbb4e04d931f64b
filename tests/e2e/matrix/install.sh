#!/usr/bin/env bash
# Installs Synapse, a Matrix homeserver, in an environment of its own beside this file; run again, it does nothing.
set -euo pipefail
cd "$(dirname "$0")"
[ -x .venv/bin/python ] && exit 0
"${PYTHON:-python3}" -m venv .venv.new
.venv.new/bin/python -m pip install --quiet --disable-pip-version-check matrix-synapse==1.163.0
mv .venv.new .venv
