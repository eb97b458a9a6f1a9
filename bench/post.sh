#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# What a POST /messages costs: requests/s and CPU time a request of
# lunar.service, beside a bare MHD daemon and nginx, in the same run. See
# README.md here for how to read it.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(dirname "$here")

seconds=3
rounds=5
connections=64
rockets=20
wrk_threads=2
threads=$(nproc)
build=$root/build/release
json=$root/build/bench/post.json

usage()
{
    cat <<EOF
usage: bench/post.sh [flags]
  --seconds=N      of each round (default $seconds)
  --rounds=N       of each server, interleaved (default $rounds)
  --connections=N  kept alive, at once (default $connections)
  --rockets=N      that the messages are of (default $rockets)
  --threads=N      event loops of lunar.service and bare_mhd (default: cores)
  --wrk-threads=N  of the load generator (default $wrk_threads)
  --build=DIR      with lunar.service and bare_mhd (default build/release,
                   which is built if they are not there)
  --help           this
Prints a Markdown table; writes build/bench/post.json. SERVICE=FILE in the
environment measures another lunar.service.
EOF
}

say()
{
    printf 'post.sh: %s\n' "$*" >&2
}

die()
{
    say "$*"
    exit 1
}

wrong_usage()
{
    say "$*"
    usage >&2
    exit 2
}

read_flags()
{
    local flag name
    for flag in "$@"; do
        case $flag in
        --seconds=* | --rounds=* | --connections=* | --rockets=* | \
            --threads=* | --wrk-threads=*)
            [[ ${flag#*=} =~ ^[1-9][0-9]{0,5}$ ]] ||
                wrong_usage "$flag: expected a number from 1 to 999999"
            name=${flag%%=*}
            name=${name#--}
            printf -v "${name//-/_}" %s "${flag#*=}"
            ;;
        --build=?*) build=${flag#*=} ;;
        --help | -h) usage && exit 0 ;;
        *) wrong_usage "$flag: unknown flag" ;;
        esac
    done
    ((rockets >= wrk_threads)) ||
        wrong_usage "--rockets: expected at least one for each of wrk's" \
            "$wrk_threads threads"
    ((connections >= wrk_threads)) ||
        wrong_usage "--connections: expected at least one for each of wrk's" \
            "$wrk_threads threads"
}

need_tools()
{
    local tool missing=()
    # Debian keeps nginx where only root looks.
    PATH=$PATH:/usr/local/sbin:/usr/sbin:/sbin
    for tool in wrk nginx curl; do
        command -v "$tool" >/dev/null || missing+=("$tool")
    done
    ((${#missing[@]} == 0)) ||
        die "not found: ${missing[*]}; on Debian and Ubuntu:" \
            "apt-get install wrk nginx-light curl"
}

need_binaries()
{
    local default=$root/build/release
    if [[ $build == "$default" && ! (-x $service && -x $build/bare_mhd) ]]; then
        say "building $build"
        (cd "$root" && cmake --preset release &&
            cmake --build --preset release) >&2
    fi
    [[ -x $service ]] || die "$service: no such program"
    [[ -x $build/bare_mhd ]] || die "$build/bare_mhd: no such program"
}

# Servers, by name.
declare -A pid url

cleanup()
{
    local status=$? server
    trap - EXIT INT TERM
    for server in "${!pid[@]}"; do
        kill "${pid[$server]}" 2>/dev/null || true
    done
    wait || true
    rm -rf "$work"
    exit "$status"
}

# start NAME COMMAND...: start a server that prints a line with its URL.
start()
{
    local server=$1 tries
    shift
    : >"$work/$server.out"
    "$@" >"$work/$server.out" 2>"$work/$server.err" &
    pid[$server]=$!
    for ((tries = 0; tries < 100; tries++)); do
        url[$server]=$(sed -n 's|.*listening on \(http://[0-9.:]*\).*|\1|p' \
            "$work/$server.out")
        [[ -z ${url[$server]} ]] || return 0
        kill -0 "${pid[$server]}" 2>/dev/null || break
        sleep 0.05
    done
    cat "$work/$server.err" >&2
    die "$server did not start"
}

# Nobody listens on the port that this prints, below the ephemeral ones.
free_port()
{
    local port
    while :; do
        port=$((20000 + RANDOM % 10000))
        if ! (: <"/dev/tcp/127.0.0.1/$port") 2>/dev/null; then
            echo "$port"
            return
        fi
    done
}

# nginx can't pick a port, and says nothing when it is ready.
start_nginx()
{
    local port tries
    port=$(free_port)
    mkdir "$work/nginx"
    sed "s/@PORT@/$port/" "$here/nginx.conf.in" >"$work/nginx/nginx.conf"
    nginx -p "$work/nginx" -c nginx.conf -e error.log &
    pid[nginx]=$!
    url[nginx]=http://127.0.0.1:$port
    for ((tries = 0; tries < 100; tries++)); do
        ! curl -so "$work/nginx.out" "${url[nginx]}" || return 0
        kill -0 "${pid[nginx]}" 2>/dev/null || break
        sleep 0.05
    done
    cat "$work/nginx/error.log" >&2 || true
    die "nginx did not start"
}

# All three give what is measured: a 202 with JSON in it.
check_reply()
{
    local server=$1 got
    got=$(curl -sS -o "$work/reply" -w '%{http_code} %{content_type}' \
        -H 'Content-Type: application/json' --data-binary @- \
        "${url[$server]}/messages" <<'EOF'
{"metadata":{"channel":"post.sh","messageNumber":1,"messageType":"RocketLaunched","messageTime":"2025-04-02T09:21:50.458989221+02:00"},"message":{"type":"Atlas-H","launchSpeed":500,"mission":"APOLLO"}}
EOF
    )
    [[ $got == "202 application/json"* ]] ||
        die "$server: expected 202 application/json, got: $got"
}

# The CPU time that a server has used, all its threads, user and system, in
# clock ticks: fields 14 and 15 of proc(5)'s stat, here counted from behind
# the name, which may hold spaces.
ticks()
{
    local stat fields
    stat=$(<"/proc/${pid[$1]}/stat")
    read -ra fields <<<"${stat##*) }"
    echo "${fields[11]} ${fields[12]}"
}

# Messages that the service has applied, over all rockets.
applied()
{
    curl -sS --fail "${url[lunar.service]}/rockets" | tr ',{}' '\n' |
        awk -F ': *' '
            /"lastMessageNumber"/ { sum += $2 }
            /"missingMessages"/ { sum -= $2 }
            END { printf "%d\n", sum }'
}

# Run wrk against a server; sets requests and microseconds.
load()
{
    local server=$1 round=$2 line field failed=0
    ROCKETS=$rockets THREADS=$wrk_threads ROUND=$round \
        wrk -t "$wrk_threads" -c "$connections" -d "${seconds}s" \
        -s "$here/messages.lua" "${url[$server]}/messages" >"$work/wrk.out"
    line=$(grep '^counted: ' "$work/wrk.out") ||
        { cat "$work/wrk.out" >&2 && die "$server: wrk failed"; }
    for field in ${line#counted: }; do
        case $field in
        requests=*) requests=${field#*=} ;;
        microseconds=*) microseconds=${field#*=} ;;
        bytes=* | *=0) ;;
        *) failed=1 ;;
        esac
    done
    ((failed == 0)) || die "$server, round $round: errors: $line"
    ((requests > 0)) || die "$server, round $round: no request answered"
}

# What wrk counts was answered, so applied; what was under way when it
# stopped may have been applied too.
check_applied()
{
    local round=$1 count=$2
    ((count >= requests && count <= requests + connections)) ||
        die "round $round: $requests requests were answered but $count" \
            "messages applied; expected as many, or up to $connections more"
}

measure()
{
    local server=$1 round=$2 before=0 count=-
    local user system user_after system_after
    [[ $server != lunar.service ]] || before=$(applied)
    read -r user system < <(ticks "$server")
    load "$server" "$round"
    read -r user_after system_after < <(ticks "$server")
    if [[ $server == lunar.service ]]; then
        count=$(($(applied) - before))
        check_applied "$round" "$count"
    fi
    echo "$server $requests $microseconds $((user_after - user))" \
        "$((system_after - system)) $count" >>"$work/rounds"
    say "round $round of $rounds: $server:" \
        "$((requests * 1000000 / microseconds)) requests/s"
}

# Each round begins with another server, so that none always follows the
# same one.
measure_all()
{
    local servers=(lunar.service bare_mhd nginx) round turn
    for ((round = 1; round <= rounds; round++)); do
        for ((turn = 0; turn < ${#servers[@]}; turn++)); do
            measure "${servers[(round + turn) % ${#servers[@]}]}" "$round"
        done
    done
}

describe()
{
    local model
    model=$(sed -n 's/^model name[^:]*: *//p' /proc/cpuinfo | head -n 1)
    printf '  "%s": "%s",\n' \
        date "$(date -u +%Y-%m-%dT%H:%M:%SZ)" \
        processor "${model:-$(uname -m)}" kernel "$(uname -r)" \
        libmicrohttpd "$(pkg-config --modversion libmicrohttpd)" \
        nginx "$(nginx -v 2>&1 | sed 's|.*nginx/||')" \
        wrk "$(wrk -v 2>&1 | sed -n '1s/^wrk \([^ ]*\).*/\1/p')"
    printf '  "%s": %d,\n' cores "$(nproc)" seconds "$seconds" \
        rounds "$rounds" connections "$connections" rockets "$rockets" \
        threads "$threads" wrk_threads "$wrk_threads"
}

report()
{
    mkdir -p "$(dirname "$json")"
    # In the table's order, whoever began.
    sort -s -k 1,1 "$work/rounds" |
        awk -v hz="$(getconf CLK_TCK)" -v json="$json" \
            -v about="$(describe)"$'\n' -f "$here/report.awk"
    say "wrote $json"
}

read_flags "$@"
build=$(realpath -m "$build")
service=${SERVICE:-$build/lunar.service}
need_tools
need_binaries

work=$(mktemp -d)
trap cleanup EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

# The flags alone say how the service runs.
unset "${!LUNAR_@}"
start lunar.service "$service" -host=127.0.0.1 -port=0 "-threads=$threads"
start bare_mhd "$build/bare_mhd" -port=0 "-threads=$threads"
start_nginx
for server in lunar.service bare_mhd nginx; do
    check_reply "$server"
done
measure_all
report
