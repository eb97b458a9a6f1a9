#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Tests the container image without tools for containers: the root that
# scripts/image-root.sh makes has nothing that it does not need, and the service
# works in it as a runtime starts it: with the variables and the user of
# deploy/Containerfile, as process 1, with a read-only root, no privileges and a
# network of its own. Needs root, and the packages binutils, ca-certificates, curl,
# iproute2, openssl and python3.
#
# usage: tests/packages/image.sh BINARY
#
# Exit status: 0 it does, 1 a claim failed, 2 invalid command line, 77 no
# namespaces of mounts and networks can be made here.
#
# Example: tests/packages/image.sh build/release/lunar.service
set -euo pipefail
SCRIPT=$0
HERE=$(dirname "$(readlink -f "$0")")
SOURCE=$HERE/../..
# shellcheck source=scripts/help.sh
. "$SOURCE/scripts/help.sh"
# shellcheck source=tests/packages/namespaces.sh
. "$HERE/namespaces.sh"
read_help "$@"
[ $# -eq 1 ] || usage "one BINARY is needed"
# Mounts and the network end with this process.
[ -n "${IMAGE_NAMESPACE-}" ] || need_namespaces
[ -n "${IMAGE_NAMESPACE-}" ] ||
    IMAGE_NAMESPACE=1 exec unshare --mount --net --propagation private "$0" "$@"

# The user of the image has to get into the folders of the container.
umask 022
WORK=$(mktemp -d)
ROOT=$WORK/root
MOST_BYTES=$((30 * 1024 * 1024))
LONGEST=20 # seconds for a condition to come true
FAULTS=0
SERVICE=
HELPERS=()
SET=() # variables besides those of the image

end() {
    local process
    for process in $SERVICE "${HELPERS[@]}"; do
        kill -KILL "$process" && wait "$process"
    done 2>/dev/null || true
    umount -R "$ROOT" 2>/dev/null || true
    rm -rf "$WORK"
}
trap end EXIT

fault() {
    say "$*"
    FAULTS=$((FAULTS + 1))
}

# until_true WHAT COMMAND...: wait until the command succeeds.
until_true() {
    local what=$1 end=$((SECONDS + LONGEST))
    shift
    until "$@" >"$WORK/wait" 2>&1; do
        if [ $SECONDS -ge $end ]; then
            fault "$what: not within $LONGEST s: $(tail -n 3 "$WORK/wait" "$WORK/log")"
            return 1
        fi
        sleep 0.05
    done
}

# --- What is in it.

has_one_program_and_its_libraries() {
    local found
    found=$(cd "$ROOT" && find . -type f -perm /111 ! -path './lib*/*.so*')
    [ "$found" = ./usr/bin/lunar.service ] || fault "other programs than the service: $found"
    found=$(find "$ROOT" -xtype l)
    [ -z "$found" ] || fault "links to nothing: $found"
}

belongs_to_root_but_for_its_data() {
    local found
    found=$(cd "$ROOT" && find . ! -type l \( ! -uid 0 -o ! -gid 0 -o -perm /6022 \) \
        -printf '%p %U:%G %m\n' | sort)
    [ "$found" = "./data $IMAGE_USER 700
./tmp 0:0 1777" ] || fault "owners and permissions: $found"
}

is_small() {
    local bytes
    bytes=$(du -sb "$ROOT" | cut -f 1)
    [ "$bytes" -le $MOST_BYTES ] || fault "$bytes bytes, more than $MOST_BYTES"
    say "$bytes bytes in $(find "$ROOT" -type f | wc -l) files"
}

has_the_licences_of_all() {
    local package packages=0 file
    for package in "$ROOT"/var/lib/dpkg/status.d/*; do
        packages=$((packages + 1))
        [ -s "$ROOT/usr/share/doc/${package##*/}/copyright" ] ||
            fault "no licence of ${package##*/}"
    done
    [ $packages -ge 15 ] || fault "only $packages packages for scanners"
    for file in LICENSE docs/third-party.md openapi/third-party.txt; do
        [ -s "$ROOT/usr/share/doc/lunar-service/$file" ] || fault "no $file"
    done
}

# --- As a runtime starts it.

# make_container: the mounts of a container. /tmp stays read-only.
make_container() {
    local device
    mkdir "$ROOT/proc" "$ROOT/dev" "$ROOT/secret" "$WORK/secret"
    cp -a "$ROOT/data" "$WORK/data"
    printf '127.0.0.1 localhost hosts.test\n' >"$ROOT/etc/hosts"
    printf 'nameserver 127.0.0.1\n' >"$ROOT/etc/resolv.conf"
    for device in null urandom; do
        : >"$ROOT/dev/$device"
    done
    mount --bind "$ROOT" "$ROOT"
    mount -o remount,bind,ro "$ROOT"
    mount --bind "$WORK/data" "$ROOT/data"
    mount --bind "$WORK/secret" "$ROOT/secret"
    for device in null urandom; do
        mount --bind "/dev/$device" "$ROOT/dev/$device"
    done
    ip link set lo up
}

# image_variables: NAME=VALUE of each variable of the image, one a line.
image_variables() { sed -n 's/^ENV //p' "$SOURCE/deploy/Containerfile" | tr ' ' '\n'; }

# lunar [ARGUMENT...]: run the service as the image does, with the image's variables
# and those in SET.
lunar() (
    # shellcheck disable=SC2016 # the shell of the namespace expands it
    exec unshare --pid --fork --mount --kill-child sh -c \
        'mount -t proc proc "$0/proc" && exec env -i "$@"' \
        "$ROOT" "${VARIABLES[@]}" "${SET[@]}" /usr/bin/setpriv --no-new-privs \
        "$(command -v chroot)" --groups= --userspec="$IMAGE_USER" "$ROOT" \
        /usr/bin/lunar.service "$@" 2>&1
)

# begin [ARGUMENT...]: start the service and wait until it is well, by the
# HEALTHCHECK of the image.
begin() {
    lunar "$@" >"$WORK/log" &
    SERVICE=$!
    until_true "a start with $*" lunar "${HEALTH[@]}"
}

# process_1: the number of process 1 of the container outside of it, which is the
# last of the descendants of $SERVICE.
process_1() {
    local process=$SERVICE child
    while child=$(cat "/proc/$process/task/$process/children") && [ -n "$child" ]; do
        process=${child%% *}
    done
    echo "$process"
}

has_ended() { [ ! -e "/proc/$1" ] || grep -q '^State:.Z' "/proc/$1/status"; }

# end_of_service WHAT: wait until it has ended, and return its status.
end_of_service() {
    local status=0
    until_true "$1" has_ended "$SERVICE" || kill -KILL "$(process_1)"
    wait "$SERVICE" || status=$?
    SERVICE=
    return $status
}

# stop: SIGTERM to process 1 of the container; its status must be 0.
stop() {
    kill -TERM "$(process_1)"
    end_of_service "a stop" ||
        fault "SIGTERM as process 1: status $?: $(tail -n 3 "$WORK/log")"
}

# keep_secret NAME: as a secret of Kubernetes, for the group of the service.
keep_secret() {
    install -m 440 -g "${IMAGE_USER#*:}" /dev/stdin "$WORK/secret/$1"
}

# expect WHAT PATTERN COMMAND...: its output has a line with the pattern.
expect() {
    local what=$1 pattern=$2 found
    shift 2
    found=$("$@" 2>&1) || true
    grep -qE -- "$pattern" <<<"$found" || fault "$what: $found"
}

post_message() {
    curl -s "$URL/messages" -H 'Content-Type: application/json' -d '{
        "metadata": {"channel": "193270a9-c9cf-404a-8f83-838e71d9ae67", "messageNumber": 1,
            "messageTime": "2022-02-02T19:39:05.86337+01:00", "messageType": "RocketLaunched"},
        "message": {"type": "Falcon-9", "launchSpeed": 500, "mission": "ARTEMIS"}}'
}

is_not_open_by_mistake() {
    local status=0
    lunar >"$WORK/log" &
    SERVICE=$!
    end_of_service "a refusal" || status=$?
    [ $status -eq 2 ] || fault "a start without tokens and -insecure: status $status"
    expect "its refusal" '-tokens=FILE' cat "$WORK/log"
}

serves_and_keeps_its_data() {
    begin -insecure || return 0
    expect "a message" '"?(result|applied)' post_message
    expect "no temporary files" 'Read-only' sh -c "touch '$ROOT/tmp/file'"
    stop
    begin -insecure || return 0
    expect "the rocket after a restart" Falcon-9 curl -s "$URL/rockets"
    stop
    [ "$(stat -c %u "$WORK/data"/journal-*.db | sort -u)" = "${IMAGE_USER%:*}" ] ||
        fault "the data belongs to another user"
}

is_unhealthy_when_it_is_stopped() {
    local status=0
    lunar "${HEALTH[@]}" >"$WORK/health" || status=$?
    [ $status -eq 1 ] || fault "-check-health of a stopped service: status $status"
}

# As the comments of compose.yaml and kubernetes.yaml make a token.
makes_tokens_and_asks_for_them() {
    local token
    lunar -new-token alice ingest,read >"$WORK/new"
    token=$(grep '^lunar_' "$WORK/new")
    grep '^alice sha256:' "$WORK/new" | keep_secret tokens
    begin -tokens=/secret/tokens || return 0
    expect "no token" '^HTTP/1.1 401' curl -si "$URL/rockets"
    expect "a token" Falcon-9 curl -s -H "Authorization: Bearer $token" "$URL/rockets"
    stop
}

# trusted NAME: the service in the container asks https://NAME.
trusted() { lunar -check-health="https://$1:8088/health"; }

# finds_names_and_trusts_certificates: from /etc/hosts and from the DNS, and the
# certificate is verified by the authorities of the system, by GnuTLS (-peer,
# -check-health) and by OpenSSL (-kafka).
finds_names_and_trusts_certificates() {
    local bundle=$ROOT/etc/ssl/certs/ca-certificates.crt
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 \
        -subj /CN=lunar.test -addext subjectAltName=DNS:hosts.test,DNS:dns.test \
        -keyout "$WORK/key" -out "$WORK/secret/cert" 2>"$WORK/openssl"
    keep_secret key <"$WORK/key"
    echo security.protocol=ssl | keep_secret kafka
    /usr/bin/python3 "$HERE/names.py" &
    HELPERS+=($!)
    SET=(LUNAR_TLS_CERT=/secret/cert LUNAR_TLS_KEY=/secret/key)
    begin -insecure || return 0
    expect "a certificate that nobody knows" 'certificate' trusted dns.test
    cat "$bundle" "$WORK/secret/cert" >"$WORK/bundle"
    mount --bind "$WORK/bundle" "$bundle"
    until_true "a name of /etc/hosts" trusted hosts.test
    until_true "a name of the DNS" trusted dns.test
    expect "a name that the certificate has not" 'certificate' trusted other.test
    stop
    reaches_a_broker
    [ "$(grep -c 'BEGIN CERTIFICATE' "$bundle")" -gt 100 ] || fault "few authorities"
}

# reaches_a_broker: a client sends a request only if it accepts the certificate.
reaches_a_broker() {
    /usr/bin/python3 -c '
import socket, ssl, sys
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(*sys.argv[1:])
with socket.create_server(("127.0.0.1", 9093)) as server:
    print("listens", flush=True)
    with context.wrap_socket(server.accept()[0], server_side=True) as client:
        print("request", client.recv(4), flush=True)
' "$WORK/secret/cert" "$WORK/key" >"$WORK/broker" 2>&1 &
    HELPERS+=($!)
    until_true "a port of the broker" grep listens "$WORK/broker" || return 0
    expect "a broker that ends" 'no broker answers' lunar -create-topic \
        -kafka=dns.test:9093 -topic=lunar -kafka-config=/secret/kafka
    expect "a broker with TLS" "^request b'.x00" cat "$WORK/broker"
}

"$SOURCE/scripts/image-root.sh" "$1" "$ROOT"
mapfile -t VARIABLES < <(image_variables)
IMAGE_USER=$(sed -n 's/^USER //p' "$SOURCE/deploy/Containerfile")
# The arguments of: CMD ["/usr/bin/lunar.service", "-check-health"]
mapfile -t HEALTH < <(grep -A 1 '^HEALTHCHECK' "$SOURCE/deploy/Containerfile" |
    sed -n 's/.*CMD \["[^"]*", "\(.*\)"\]$/\1/p')
URL=http://127.0.0.1:8088

has_one_program_and_its_libraries
belongs_to_root_but_for_its_data
is_small
has_the_licences_of_all
make_container
is_not_open_by_mistake
serves_and_keeps_its_data
is_unhealthy_when_it_is_stopped
makes_tokens_and_asks_for_them
finds_names_and_trusts_certificates
[ $FAULTS -eq 0 ]
