#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Run three brokers of Kafka and three instances of the service behind nginx on
# this machine, to try what replicas do when something dies. Builds the release,
# installs the packages, and fetches Kafka (43 MB). nginx is at
# http://localhost:8088/, the instances at ports 8091 to 8093. Ctrl-C ends all;
# the next start begins empty. Data and logs are in build/cluster.
#
# usage: scripts/cluster.sh [--tokens] [--tls]  run it, until Ctrl-C
#        scripts/cluster.sh COMMAND             in a second terminal, while it runs
#   --tokens          with access control: makes tokens, and prints one
#   --tls             https everywhere but to the brokers: makes an authority and
#                     a certificate of localhost
#   status            print the position, lag and rockets of each instance, and
#                     whether they agree
#   kill NAME         at once, as kill -9: broker-1 to -3 or instance-1 to -3
#   stop NAME         as a user stops it, with SIGTERM
#   hang NAME         let it hang, with SIGSTOP
#   start NAME        start it again, or let it go on
#
# Exit status: 0 stopped or done, 1 could not build or run, 2 invalid command
# line, 77 Kafka could not be fetched.
#
# Example: scripts/cluster.sh --tokens --tls
set -euo pipefail
cd "$(dirname "$(readlink -f "$0")")/.."
. scripts/packages.sh

FOLDER=$PWD/build/cluster
# With these files the cluster has tokens, or TLS: so commands in a second terminal
# know it as well.
TOKENS=$FOLDER/tokens
CERTIFICATE=$FOLDER/cert.pem

WANTS_TOKENS=false
WANTS_TLS=false
ARGUMENTS=()
for argument in "$@"; do
    case $argument in
    --tokens) WANTS_TOKENS=true ;;
    --tls) WANTS_TLS=true ;;
    -*) usage "unknown option $argument" ;;
    *) ARGUMENTS+=("$argument") ;;
    esac
done
[ ${#ARGUMENTS[@]} -le 2 ] || usage "too many arguments"
[ ${#ARGUMENTS[@]} -eq $# ] || [ ${#ARGUMENTS[@]} -eq 0 ] ||
    usage "--tokens and --tls are for the start, without a command"
COMMAND=${ARGUMENTS[0]-run}
NAME=${ARGUMENTS[1]-}
TOPIC=lunar
BASE=29300
BROKERS=127.0.0.1:29310,127.0.0.1:29320,127.0.0.1:29330
PORT=8088
SERVICE=$PWD/build/release/lunar.service

kafka() { scripts/kafka.sh "$@" --folder="$FOLDER/brokers" --base=$BASE; }

instance_port() { echo $((8090 + $1)); }

# pid NAME: of an instance or nginx, if it runs: another process may have the
# number by now.
pid() {
    local found
    found=$(cat "$FOLDER/$1.pid" 2>/dev/null) &&
        tr '\0' '\n' 2>/dev/null <"/proc/$found/cmdline" | grep -qF "$FOLDER/" && echo "$found"
}

has_tokens() { [ -e "$TOKENS" ]; }
has_tls() { [ -e "$CERTIFICATE" ]; }
scheme() { if has_tls; then echo https; else echo http; fi; }
instance_url() { echo "$(scheme)://127.0.0.1:$(instance_port "$1")"; }

# make_token NAME SCOPES FILE: -new-token prints the token and its line.
make_token() {
    local made
    made=$("$SERVICE" -new-token "$1" "$2" 2>/dev/null)
    echo "${made%%$'\n'*}" >"$3"
    echo "${made#*$'\n'}" >>"$FOLDER/tokens.new"
}

# One file for all instances. With the session key, they accept the logins of each
# other.
make_tokens() {
    (
        umask 077
        echo "session-key $(openssl rand -hex 32)" >"$FOLDER/tokens.new"
        make_token operator ingest,read,metrics,admin "$FOLDER/token"
        make_token instances admin "$FOLDER/peer-token"
        mv "$FOLDER/tokens.new" "$TOKENS"
    )
}

# An authority, and one certificate for nginx and all instances.
make_certificate() {
    local request=(openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes
        -days 30 -config "$FOLDER/openssl.cnf" -addext subjectKeyIdentifier=hash)
    (
        umask 077
        printf '[req]\ndistinguished_name = name\n[name]\n' >"$FOLDER/openssl.cnf"
        "${request[@]}" -subj '/CN=authority of scripts\/cluster.sh' \
            -addext basicConstraints=critical,CA:TRUE -addext keyUsage=critical,keyCertSign \
            -keyout "$FOLDER/ca.key" -out "$FOLDER/ca.pem" &&
            "${request[@]}" -subj /CN=localhost -CA "$FOLDER/ca.pem" -CAkey "$FOLDER/ca.key" \
                -addext authorityKeyIdentifier=keyid -addext basicConstraints=CA:FALSE \
                -addext subjectAltName=DNS:localhost,IP:127.0.0.1 \
                -keyout "$FOLDER/key.pem" -out "$CERTIFICATE"
    ) >"$FOLDER/openssl.log" 2>&1 || {
        cat "$FOLDER/openssl.log" >&2
        say "could not make a certificate"
        exit 1
    }
}

start_instance() {
    local i=$1 peers='' other access=()
    for other in 1 2 3; do
        [ "$other" = "$i" ] || peers+="${peers:+,}$(instance_url $other)"
    done
    ! has_tokens || access+=("-tokens=$TOKENS" "-peer-token=$FOLDER/peer-token")
    ! has_tls || access+=("-tls-cert=$CERTIFICATE" "-tls-key=$FOLDER/key.pem"
        "-ca-file=$FOLDER/ca.pem")
    setsid "$SERVICE" "-port=$(instance_port "$i")" -kafka=$BROKERS -topic=$TOPIC \
        "-data=$FOLDER/instance-$i" "-peer=$peers" "${access[@]}" \
        >>"$FOLDER/instance-$i.log" 2>&1 </dev/null &
    echo $! >"$FOLDER/instance-$i.pid"
    disown
}

await_instance() {
    local i=$1 access=()
    ! has_tls || access=("-ca-file=$FOLDER/ca.pem")
    until "$SERVICE" "-check-health=$(instance_url "$i")/health/ready" "${access[@]}" \
        >/dev/null 2>&1; do
        sleep 0.1
        pid "instance-$i" >/dev/null || {
            tail -n 3 "$FOLDER/instance-$i.log" >&2
            say "instance-$i has ended: see $FOLDER/instance-$i.log"
            exit 1
        }
    done
}

# nginx tries the next instance when one is gone or not ready: a message that
# comes twice is applied once. One that failed gets no requests for a second. That
# is counted for messages on their own: while brokers are down all instances
# refuse these, and answer reads. It passes on Host, so a login at one instance is
# one at all, and Authorization.
nginx_settings() {
    local tls=''
    ! has_tls || tls="
        ssl_certificate $CERTIFICATE;
        ssl_certificate_key $FOLDER/key.pem;
        ssl_protocols TLSv1.2 TLSv1.3;
        proxy_ssl_protocols TLSv1.2 TLSv1.3;
        proxy_ssl_trusted_certificate $FOLDER/ca.pem;
        proxy_ssl_verify on;
        proxy_ssl_name localhost;"
    cat <<END
daemon off;
master_process off;
pid $FOLDER/nginx/nginx.pid;
error_log stderr;
events { worker_connections 1024; }
http {
    access_log off;
    client_body_temp_path $FOLDER/nginx/body;
    proxy_temp_path $FOLDER/nginx/proxy;
    fastcgi_temp_path $FOLDER/nginx/fastcgi;
    uwsgi_temp_path $FOLDER/nginx/uwsgi;
    scgi_temp_path $FOLDER/nginx/scgi;
    upstream readers {
        server 127.0.0.1:8091 max_fails=1 fail_timeout=1s;
        server 127.0.0.1:8092 max_fails=1 fail_timeout=1s;
        server 127.0.0.1:8093 max_fails=1 fail_timeout=1s;
        keepalive 64;
    }
    upstream writers {
        server 127.0.0.1:8091 max_fails=1 fail_timeout=1s;
        server 127.0.0.1:8092 max_fails=1 fail_timeout=1s;
        server 127.0.0.1:8093 max_fails=1 fail_timeout=1s;
        keepalive 64;
    }
    server {
        listen 127.0.0.1:$PORT${tls:+ ssl};$tls
        proxy_set_header Host \$http_host;
        proxy_set_header X-Request-Id \$request_id;
        proxy_set_header Connection "";
        proxy_http_version 1.1;
        client_max_body_size 0;
        proxy_connect_timeout 1s;
        location / {
            proxy_pass $(scheme)://readers;
            proxy_next_upstream error timeout http_503;
        }
        location = /messages {
            proxy_pass $(scheme)://writers;
            proxy_next_upstream error timeout http_503 non_idempotent;
        }
    }
}
END
}

start_nginx() {
    mkdir -p "$FOLDER/nginx"
    nginx_settings >"$FOLDER/nginx.conf"
    PATH=$PATH:/usr/sbin setsid nginx -p "$FOLDER/nginx/" -e stderr \
        -c "$FOLDER/nginx.conf" >"$FOLDER/nginx.log" 2>&1 </dev/null &
    echo $! >"$FOLDER/nginx.pid"
    disown
    until (exec 3<>/dev/tcp/127.0.0.1/$PORT) 2>/dev/null; do
        sleep 0.1
        pid nginx >/dev/null || {
            tail -n 3 "$FOLDER/nginx.log" >&2
            say "nginx has ended: is port $PORT in use?"
            exit 1
        }
    done
}

end_all() {
    local name found
    trap '' INT TERM
    for name in nginx instance-1 instance-2 instance-3; do
        found=$(pid $name) || continue
        kill -CONT "$found" 2>/dev/null || true
        kill -TERM "$found" 2>/dev/null || true
        while pid $name >/dev/null; do sleep 0.05; done
    done
    kafka down
}

say_what_to_try() {
    local url fields='' flags=''
    url=$(scheme)://localhost
    if has_tls; then
        fields+=' --cacert build/cluster/ca.pem'
        flags+=' --ca-file=build/cluster/ca.pem'
    fi
    if has_tokens; then
        fields+=" -H \"Authorization: Bearer \$(cat build/cluster/token)\""
        flags+=' --token-file=build/cluster/token'
    fi
    cat <<END

  $url:$PORT/    the dashboard, from any instance, through nginx
  $url:8091/    the dashboard of instance-1; 8092 and 8093 the others
END
    ! has_tls || cat <<END

A browser warns of the certificate, as it does not know the authority of it,
build/cluster/ca.pem: import that, or go on in spite of the warning.
END
    ! has_tokens || cat <<END

Log in with this token, which has all scopes and is in build/cluster/token. A login
through nginx is one at all instances:
  $(cat "$FOLDER/token")
END
    cat <<END

In a second terminal:
  build/release/rockets launch $url:$PORT/messages --verify$flags
  curl$fields $url:$PORT/fleet
  scripts/cluster.sh status
  scripts/cluster.sh kill broker-1        and start broker-1
  scripts/cluster.sh kill instance-1      and start instance-1

Ctrl-C ends all.
END
}

run() {
    local i
    ! pid nginx >/dev/null || {
        say "it runs already: Ctrl-C ends it where it was started"
        exit 1
    }
    for i in $PORT 8091 8092 8093 29310 29320 29330 29311 29321 29331; do
        ! (exec 3<>"/dev/tcp/127.0.0.1/$i") 2>/dev/null || {
            say "port $i is in use: end what uses it"
            exit 1
        }
    done
    need_packages "${BUILD_PACKAGES[@]}" python3 nginx-light openssl
    need_npm openapi web
    scripts/kafka.sh get
    build_targets release build/logs/cluster-build.log lunar.service rockets
    rm -rf "$FOLDER"
    mkdir -p "$FOLDER"
    trap end_all EXIT
    trap 'exit 0' INT TERM
    if $WANTS_TLS; then make_certificate; fi
    if $WANTS_TOKENS; then make_tokens; fi
    say "starting three brokers"
    kafka up 3 >"$FOLDER/kafka.log" 2>&1 || {
        cat "$FOLDER/kafka.log" >&2
        exit 1
    }
    "$SERVICE" -create-topic -kafka=$BROKERS -topic=$TOPIC
    say "starting three instances and nginx"
    for i in 1 2 3; do start_instance $i; done
    for i in 1 2 3; do await_instance $i; done
    start_nginx
    say_what_to_try
    while pid nginx >/dev/null; do
        sleep 1 &
        wait $! || true
    done
    say "nginx has ended: see $FOLDER/nginx.log"
    exit 1
}

# signal_to NAME SIGNAL
signal_to() {
    local found
    case $1 in
    broker-*) kafka kill "${1#broker-}" "$2" ;;
    *)
        found=$(pid "$1") || {
            say "$1 does not run"
            exit 1
        }
        kill "-$2" "$found"
        ;;
    esac
}

start_again() {
    local i=${1##*-} found
    case $1 in
    broker-*)
        if kafka status | grep -q "^broker $i .*hung"; then
            kafka kill "$i" CONT
        else
            kafka start "$i"
        fi
        ;;
    *)
        if found=$(pid "$1"); then
            kill -CONT "$found"
        else
            start_instance "$i"
            await_instance "$i"
        fi
        ;;
    esac
    say "$1 runs"
}

case $COMMAND in
run) ;;
status) [ ${#ARGUMENTS[@]} -eq 1 ] || usage "too many arguments" ;;
kill | stop | hang | start)
    [[ $NAME =~ ^(broker|instance)-[123]$ ]] || usage "not broker-1 to -3 or instance-1 to -3: $NAME"
    ;;
*) usage "unknown command $COMMAND" ;;
esac
[ "$COMMAND" = run ] || pid nginx >/dev/null || {
    say "it does not run: start it with scripts/cluster.sh"
    exit 1
}
case $COMMAND in
run) run ;;
status)
    kafka status
    access=()
    ! has_tokens || access+=("--token-file=$FOLDER/token")
    ! has_tls || access+=("--ca-file=$FOLDER/ca.pem")
    exec /usr/bin/python3 tests/replica/status.py "${access[@]}" \
        "$(instance_url 1)" "$(instance_url 2)" "$(instance_url 3)"
    ;;
kill) signal_to "$NAME" KILL ;;
stop) signal_to "$NAME" TERM ;;
hang) signal_to "$NAME" STOP ;;
start) start_again "$NAME" ;;
esac
