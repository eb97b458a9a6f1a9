#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Builds the last stage of deploy/Containerfile with podman, from the root that
# scripts/image-root.sh makes here instead of in the first stage, which needs a
# registry; and runs it as the comments of deploy/compose.yaml and kubernetes.yaml
# say, in a network and a storage of its own. Needs root, podman with runc or crun,
# curl and iproute2.
#
# usage: tests/packages/podman.sh BINARY
#
# Exit status: 0 it works, 1 a claim failed, 2 invalid command line, 77 podman
# cannot run a container here.
#
# Example: tests/packages/podman.sh build/release/lunar.service
set -euo pipefail
SCRIPT=$0
SOURCE=$(dirname "$(readlink -f "$0")")/../..
# shellcheck source=scripts/help.sh
. "$SOURCE/scripts/help.sh"
# shellcheck source=tests/packages/namespaces.sh
. "$SOURCE/tests/packages/namespaces.sh"
read_help "$@"
[ $# -eq 1 ] || usage "one BINARY is needed"
command -v podman >/dev/null || {
    say "podman is missing"
    exit 77
}
[ -n "${PODMAN_NAMESPACE-}" ] || need_namespaces
[ -n "${PODMAN_NAMESPACE-}" ] ||
    PODMAN_NAMESPACE=1 exec unshare --mount --net --propagation private "$0" "$@"

WORK=$(mktemp -d)
IMAGE=localhost/lunar:test
URL=http://127.0.0.1:8088
RUNTIME=
FAULTS=0

# own_podman ARGUMENT...: its complaints that it cannot ask systemd for a timer of
# HEALTHCHECK are left out.
own_podman() {
    podman --root "$WORK/storage" --runroot "$WORK/run" --tmpdir "$WORK/tmp" \
        --cgroup-manager cgroupfs ${RUNTIME:+--runtime "$RUNTIME"} "$@" \
        2> >(grep -v 'unable to get systemd connection' >&2)
}

# run ARGUMENT...: with limits that need no privilege.
run() {
    own_podman run --network host --ulimit nofile=4096:4096 --ulimit nproc=1000:1000 "$@"
}

end() {
    own_podman rm --all --force --time 0 >/dev/null 2>&1 || true
    umount -R "$WORK/storage/overlay" 2>/dev/null || true
    rm -rf "$WORK"
}
trap end EXIT

# expect WHAT PATTERN COMMAND...
expect() {
    local what=$1 pattern=$2 found
    shift 2
    found=$("$@" 2>&1) || true
    if ! grep -qE -- "$pattern" <<<"$found"; then
        say "$what: $found"
        FAULTS=$((FAULTS + 1))
    fi
}

# start_with_tokens: as docs/install.md says, and until it is healthy.
start_with_tokens() {
    local tries=100
    run -d --name lunar --read-only --cap-drop all --security-opt no-new-privileges \
        --secret lunar-tokens,target=/secret/tokens,uid=65532,mode=0400 \
        -v lunar:/data "$IMAGE" -tokens=/secret/tokens >/dev/null
    until own_podman healthcheck run lunar >/dev/null 2>&1; do
        tries=$((tries - 1))
        if [ $tries -eq 0 ]; then
            own_podman logs lunar
            exit 1
        fi
        sleep 0.1
    done
}

stop() {
    own_podman stop lunar >/dev/null
    expect "status of a stop" '^0$' own_podman inspect lunar --format '{{.State.ExitCode}}'
    own_podman rm lunar >/dev/null
}

ip link set lo up
"$SOURCE/scripts/image-root.sh" "$1" "$WORK/context/image"
own_podman build -q --format docker --build-context "build=$WORK/context" -t "$IMAGE" \
    -f "$SOURCE/deploy/Containerfile" "$SOURCE" >/dev/null
for RUNTIME in runc crun none; do
    [ $RUNTIME != none ] || {
        say "podman cannot run a container here: $(tail -n 1 "$WORK/first")"
        exit 77
    }
    ! run --rm "$IMAGE" -version >"$WORK/first" 2>&1 || break
done

expect "a shell" 'not found|no such file' run --rm --entrypoint /bin/sh "$IMAGE" -c true
run --rm "$IMAGE" -new-token alice ingest,read 2>/dev/null | tee "$WORK/token" | sed -n 2p |
    own_podman secret create lunar-tokens - >/dev/null
HEADER="Authorization: Bearer $(sed -n 1p "$WORK/token")"
start_with_tokens
expect "no token" '^HTTP/1.1 401' curl -si "$URL/rockets"
expect "a message" '^HTTP/1.1 202' curl -si "$URL/messages" -H "$HEADER" \
    -H 'Content-Type: application/json' -d '{"metadata": {
        "channel": "193270a9-c9cf-404a-8f83-838e71d9ae67", "messageNumber": 1,
        "messageTime": "2022-02-02T19:39:05.86337+01:00", "messageType": "RocketLaunched"},
        "message": {"type": "Falcon-9", "launchSpeed": 500, "mission": "ARTEMIS"}}'
own_podman kill --signal HUP lunar >/dev/null
expect "a healthy state" '^healthy$' own_podman inspect lunar \
    --format '{{.State.Healthcheck.Status}}'
stop
start_with_tokens
expect "the rocket in a new container" Falcon-9 curl -s "$URL/rockets" -H "$HEADER"
stop
say "$(own_podman image inspect "$IMAGE" --format '{{.Size}}') bytes, run by $RUNTIME"
[ $FAULTS -eq 0 ]
