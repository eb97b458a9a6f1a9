#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Test the command lines of all scripts: each prints its help, and refuses what
# it does not know with its usage, before it installs, builds or writes anything.
# They run in a copy, where the programs that install and build only record that
# they were called.
#
# LUNAR_SERVICE is the binary of the service, build/release/lunar.service if unset.
#
# usage: tests/scripts.sh
#
# Exit status: 0 all do, 1 a script does not, 2 invalid command line.
#
# Example: tests/scripts.sh
set -euo pipefail
cd "$(dirname "$(readlink -f "$0")")/.."
SCRIPT=$PWD/tests/scripts.sh
. scripts/help.sh
read_help "$@"

service=$(readlink -f "${LUNAR_SERVICE:-build/release/lunar.service}")
copy=$(mktemp -d)
trap 'rm -rf "$copy"' EXIT
called=$copy/called
faults=0

make_copy() {
    local program
    mkdir -p "$copy/tree" "$copy/bin" "$copy/elsewhere"
    find scripts .ci tests bench -name node_modules -prune -o \
        -type f \( -name '*.sh' -o -name '*.py' -o -path .ci/run \) -print0 |
        xargs -0 cp -p --parents -t "$copy/tree"
    # valgrind.sh and fuzz.sh name tests and targets by their files.
    cp -p --parents -t "$copy/tree" tests/integration/test_stop.c
    mkdir -p "$copy/tree/tests/fuzz/corpus/json"
    for program in apt-get cmake ctest npm pip sudo valgrind; do
        printf '#!/bin/sh\necho "%s $*" >>"%s"\nexit 99\n' "$program" "$called" \
            >"$copy/bin/$program"
        chmod +x "$copy/bin/$program"
    done
}

list_files() { find "$copy/tree" | sort; }

fault() {
    echo "$*"
    faults=$((faults + 1))
}

# run STATUS SCRIPT [ARGUMENT...]: run it, compare its status, and leave its
# output in $copy/out and $copy/err.
run() {
    local expected=$1 status=0
    shift
    (cd "$copy/tree" && PATH=$copy/bin:$PATH exec "$@") \
        >"$copy/out" 2>"$copy/err" </dev/null || status=$?
    [ "$status" -eq "$expected" ] || {
        fault "$*: exit status $status, expected $expected"
        cat "$copy/out" "$copy/err"
    }
    [ ! -e "$called" ] || {
        fault "$*: calls $(head -n 1 "$called")"
        rm "$called"
    }
    list_files | cmp -s - "$copy/files" || {
        fault "$*: writes files"
        list_files | diff "$copy/files" - || true
        list_files >"$copy/files"
    }
}

# helps SCRIPT OPTION
helps() {
    run 0 "$@"
    [ ! -s "$copy/err" ] || fault "$*: writes on stderr"
    for text in "usage: $1" 'Exit status: 0 \|Exit status: that of' 'Example: '; do
        grep -q -- "^$text" "$copy/out" || fault "$*: prints no line with '$text'"
    done
}

# refuses SCRIPT [ARGUMENT...]
refuses() {
    run 2 "$@"
    [ ! -s "$copy/out" ] || fault "$*: writes on stdout"
    grep -q "^usage: $1" "$copy/err" || fault "$*: prints no usage"
}

# works_elsewhere SCRIPT: the same from another folder, and through a link.
works_elsewhere() {
    local name
    (cd "$copy/tree" && "$1" --help) >"$copy/help"
    ln -sf "$copy/tree/$1" "$copy/elsewhere/link"
    for name in "$copy/tree/$1" "../tree/$1" ./link; do
        (cd "$copy/elsewhere" && exec "$name" --help) >"$copy/out" 2>&1 || true
        cmp -s "$copy/help" "$copy/out" || fault "$name for $1: prints another help"
    done
}

# says_url URL [LUNAR_NAME=VALUE...] [ARGUMENT...]: run.sh says how to see rockets fly
# there before it starts the service; with URL "none" it does not. The programs
# that install and build do nothing here, and the service only prints its settings.
says_url() {
    local url=$1 program variables=()
    shift
    for program in apt-get cmake npm; do
        printf '#!/bin/sh\n' >"$copy/run/$program"
    done
    printf '#!/bin/sh\necho installed\n' >"$copy/run/dpkg-query"
    cat >"$copy/tree/build/release/lunar.service" <<EOF
#!/bin/sh
case " \$* " in *' -print-config '*) exec '$service' "\$@" ;; esac
echo "flags: \$*" >&2
EOF
    chmod +x "$copy/run/"* "$copy/tree/build/release/lunar.service"
    if [ "$url" = none ]; then
        : >"$copy/expected"
    else
        {
            echo "run.sh: to see rockets fly, open $url/ and run in a second terminal:"
            echo "run.sh:   build/release/rockets launch $url/messages --message-delay=20ms"
        } >"$copy/expected"
    fi
    while [[ ${1-} == LUNAR_* ]]; do
        variables+=("$1")
        shift
    done
    (cd "$copy/tree" && env -u LUNAR_PORT -u LUNAR_HOST "${variables[@]}" \
        PATH="$copy/run:$PATH" scripts/run.sh "$@") >"$copy/out" 2>"$copy/err" ||
        fault "run.sh $*: fails"
    grep -v '^run.sh: \(building\|installing\)' "$copy/err" | sed '$d' |
        diff "$copy/expected" - || fault "run.sh $*: says something else"
    tail -n 1 "$copy/err" | grep -q '^flags:' || fault "run.sh $*: starts no service"
}

make_copy
list_files >"$copy/files"
mapfile -t scripts < <(cd "$copy/tree" && find .ci scripts tests -type f -perm -u+x \
    \( -name '*.sh' -o -path .ci/run \))
[ ${#scripts[@]} -ge 15 ] || fault "only ${#scripts[@]} scripts found"
for script in "${scripts[@]}"; do
    helps "$script" --help
    helps "$script" -h
    refuses "$script" --no-such-option
    works_elsewhere "$script"
done

refuses scripts/bench.sh --rounds=0
refuses scripts/bench.sh --only=post,nothing
refuses scripts/clients.sh --preset=none
refuses scripts/clients.sh openapi-fetch
refuses scripts/cluster.sh nothing
refuses scripts/cluster.sh kill broker-4
refuses scripts/cluster.sh status now
refuses scripts/cluster.sh --tokens status
refuses scripts/cluster.sh --tls=yes
refuses scripts/cluster.sh --tls kill broker-1
refuses scripts/conformance.sh many
refuses scripts/conformance.sh --preset=none
refuses scripts/durability.sh 1000
refuses scripts/durability.sh --kills=many
refuses scripts/durability.sh --preset=tsan
refuses scripts/fuzz.sh 0
refuses scripts/fuzz.sh no_such_target
refuses scripts/kafka.sh
refuses scripts/kafka.sh nothing
refuses scripts/kafka.sh up 0
refuses scripts/kafka.sh kill 1 HUP
refuses scripts/kafka.sh up --base=80
refuses scripts/mutate.sh
refuses scripts/mutate.sh src/domain/no_such_file.c
refuses scripts/release.sh now
refuses scripts/replicas.sh many
refuses scripts/replicas.sh --preset=none
refuses scripts/run.sh -prot=9000
refuses scripts/run.sh 9000
refuses scripts/run.sh -port=9000 9001
refuses scripts/run.sh -- -port=9000
refuses scripts/run.sh -new-token alice read metrics
refuses scripts/run.sh -new-token=alice read metrics
refuses scripts/run.sh -host '0.0.0.0 ::' 9000
helps scripts/run.sh -help
mkdir -p "$copy/run" "$copy/tree/build/release"
says_url http://localhost:8088
says_url http://localhost:9000 -port=9000
says_url http://localhost:9001 -port 9001 -data=-port=7
says_url http://localhost:9002 LUNAR_PORT=9002 LUNAR_HOST=
says_url http://localhost:9003 LUNAR_PORT=9002 --port=9003
says_url http://localhost:8088 LUNAR_PORT= -host=0.0.0.0
says_url http://192.168.1.2:8088 -host 192.168.1.2
says_url 'http://[::1]:8088' LUNAR_HOST=::1
says_url none -port=0
says_url none -port=x
says_url none -port=65536
says_url none -host=eth0.example
says_url none -check-health=http://localhost:9000/health
says_url none -data=dir -backup=file
says_url https://localhost:8088 -tls-cert=cert.pem -tls-key key.pem
says_url https://localhost:8088 LUNAR_TLS_CERT=cert.pem -tls-key=key.pem
printf 'port = 9004 # of the file\nhost=::1\n' >"$copy/lunar.conf"
says_url 'http://[::1]:9004' "-config=$copy/lunar.conf"
says_url http://localhost:9004 "LUNAR_CONFIG=$copy/lunar.conf" -host=::
says_url none "-config=$copy/none"
says_url none -new-token alice read,metrics
says_url none -new-token=alice read
says_url none -version
list_files >"$copy/files"
refuses scripts/soak.sh --only=nothing
refuses scripts/test.sh no_such_step
refuses scripts/valgrind.sh '^no_such_test$'
refuses tests/browser/run.sh
refuses tests/hardening.sh
refuses tests/layers.sh
refuses tests/packages/deb.sh now
refuses tests/packages/deb_life.sh
refuses tests/packages/root.sh now
refuses tests/packages/run.sh nothing

[ "$faults" -eq 0 ]
