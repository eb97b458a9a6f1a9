#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Checks deploy/compose.yaml and deploy/kubernetes.yaml, by the schemas of both, and
# that they agree with the image and the service: the comment of
# tests/packages/deploy.py says how. Installs the packages.
#
# usage: tests/packages/deploy.sh BINARY
#
# Exit status: 0 they are right; 1 one is not; 2 invalid command line; 77 the Python
# packages could not be installed, which is 1 if CI is "true".
#
# Example: tests/packages/deploy.sh build/release/lunar.service
set -euo pipefail
cd "$(dirname "$(readlink -f "$0")")/../.."
. scripts/packages.sh
[ $# -eq 1 ] || usage "one BINARY is needed"
BINARY=$1
[ "${BINARY#/}" != "$BINARY" ] || BINARY=$OLDPWD/$BINARY
OUT=build/deploy

need_packages docker-compose python3 python3-venv
mkdir -p "$OUT"
need_venv "$OUT" tests/packages/deploy-requirements.txt
"$OUT/venv/bin/python" tests/packages/deploy.py deploy "$BINARY" \
    "$(sed -n 's/^project(lunar VERSION \([0-9.]*\).*/\1/p' CMakeLists.txt)"
