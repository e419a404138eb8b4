#!/bin/sh
# Runs Reweave in a lab machine's Dom0. The kit is read-only; what V8 compiled goes to Dom0's disk.
export REWEAVE_KIT=/opt/reweave NODE_COMPILE_CACHE="${NODE_COMPILE_CACHE:-/var/cache/reweave}"
exec /usr/local/bin/node --disable-warning=ExperimentalWarning /opt/reweave/reweave.mjs "$@"
