#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Run brokers of Apache Kafka on 127.0.0.1, for tests and to try things: small
# ones that notice a dead broker in 3 s, without encryption and passwords. Each
# is a controller too. "get" fetches Kafka (43 MB) with Maven, as
# tests/replica/pom.xml says, and "up" does that where it is missing. Installs the
# packages.
#
# usage: scripts/kafka.sh COMMAND [--folder=DIR] [--base=PORT]
#   get              fetch it to build/kafka/libs
#   make [N]         make the folders of N brokers, default 3, without data
#   up [N]           make, start them, and wait until they take connections
#   start I          start broker I again, with the data that it has
#   run I            the same in the foreground
#   kill I [SIGNAL]  default KILL; STOP and CONT make it hang and go on
#   down             kill all
#   status           print the port, state and role of each
#   --folder=DIR     of the brokers, default build/kafka/brokers
#   --base=PORT      of make and up: broker I gets the ports PORT + 10 I and
#                    PORT + 10 I + 1; default 29200
#
# Exit status: 0 done; 1 failed; 2 invalid command line; 77 Kafka could not be
# fetched, which is 1 if CI is "true".
#
# Example: scripts/kafka.sh up 3
set -euo pipefail
cd "$(dirname "$(readlink -f "$0")")/.."
. scripts/packages.sh

POM=tests/replica/pom.xml
HASHES=$PWD/tests/replica/kafka.sha256
LIBS=$PWD/build/kafka/libs
LOGS=build/logs
FOLDER=build/kafka/brokers
BASE=29200
JAVA_PACKAGE=openjdk-17-jre-headless
# The first compiler only, as brokers of tests live for minutes.
JAVA=(java -XX:+UseSerialGC -XX:TieredStopAtLevel=1 -XX:-UsePerfData -Djava.awt.headless=true)
START_SECONDS=120

ARGUMENTS=()
for argument in "$@"; do
    case $argument in
    --folder=*) FOLDER=${argument#--folder=} ;;
    --base=*) BASE=${argument#--base=} ;;
    -*) usage "unknown option $argument" ;;
    *) ARGUMENTS+=("$argument") ;;
    esac
done
[[ $BASE =~ ^[1-9][0-9]{3,4}$ && $BASE -le 65000 ]] || usage "not a port: $BASE"
[ -n "$FOLDER" ] || usage "--folder needs a folder"
FOLDER=$(realpath -m "$FOLDER")
COMMAND=${ARGUMENTS[0]-}
NUMBER=${ARGUMENTS[1]-}
SIGNAL=${ARGUMENTS[2]-KILL}

# The libraries are complete only with this file, which holds their hashes.
get() {
    need_packages "$JAVA_PACKAGE"
    cmp -s "$HASHES" "$LIBS/kafka.sha256" && return
    need_packages maven
    say "fetching Kafka"
    mkdir -p "$LOGS"
    rm -rf "$LIBS"
    mvn --quiet --batch-mode --no-transfer-progress --file "$POM" \
        dependency:copy-dependencies -DincludeScope=runtime \
        "-DoutputDirectory=$LIBS" >"$LOGS/kafka.log" 2>&1 ||
        not_installed "$POM" "$LOGS/kafka.log"
    (cd "$LIBS" && sha256sum --check --quiet --strict "$HASHES" &&
        [ "$(find . -name '*.jar' | wc -l)" -eq "$(wc -l <"$HASHES")" ]) || {
        say "what Maven fetched is not what $HASHES lists"
        exit 1
    }
    log_settings >"$LIBS/log4j2.properties"
    cp "$HASHES" "$LIBS/kafka.sha256"
}

log_settings() {
    cat <<'END'
status=error
appender.console.type=Console
appender.console.name=console
appender.console.layout.type=PatternLayout
appender.console.layout.pattern=[%d] %p %m (%c)%n
rootLogger.level=warn
rootLogger.appenderRefs=console
rootLogger.appenderRef.console.ref=console
END
}

java_with() {
    exec "${JAVA[@]}" "-Dlog4j2.configurationFile=$LIBS/log4j2.properties" \
        -cp "$LIBS/*" "$@"
}

# port I [N]
port() { echo $((BASE + 10 * $1 + ${2-0})); }

# settings I N VOTERS: of broker I of N.
settings() {
    local copies=$(($2 < 3 ? $2 : 3))
    cat <<END
process.roles=broker,controller
node.id=$1
controller.quorum.voters=$3
listeners=PLAINTEXT://127.0.0.1:$(port "$1"),CONTROLLER://127.0.0.1:$(port "$1" 1)
advertised.listeners=PLAINTEXT://127.0.0.1:$(port "$1")
controller.listener.names=CONTROLLER
inter.broker.listener.name=PLAINTEXT
log.dirs=$FOLDER/$1/data
auto.create.topics.enable=false
default.replication.factor=$copies
min.insync.replicas=$((copies > 1 ? copies - 1 : 1))
offsets.topic.replication.factor=$copies
offsets.topic.num.partitions=1
transaction.state.log.replication.factor=$copies
transaction.state.log.min.isr=1
transaction.state.log.num.partitions=1
num.network.threads=2
num.io.threads=4
log.cleaner.dedupe.buffer.size=2097152
broker.session.timeout.ms=3000
broker.heartbeat.interval.ms=500
replica.lag.time.max.ms=5000
END
}

make_brokers() {
    local count=$1 i id voters='' jobs=()
    get
    down
    id=$(head -c 16 /dev/urandom | base64 | tr '+/' '-_' | tr -d '=')
    for ((i = 1; i <= count; i++)); do
        voters+="${voters:+,}$i@127.0.0.1:$(port $i 1)"
    done
    # Folders with numbers only: nobody else's are removed.
    find "$FOLDER" -mindepth 1 -maxdepth 1 -type d -name '[1-9]' -exec rm -rf {} + \
        2>/dev/null || true
    for ((i = 1; i <= count; i++)); do
        mkdir -p "$FOLDER/$i"
        settings "$i" "$count" "$voters" >"$FOLDER/$i/server.properties"
        (java_with -Xmx96m kafka.tools.StorageTool format "--cluster-id=$id" \
            --config "$FOLDER/$i/server.properties") >"$FOLDER/$i/format.log" 2>&1 &
        jobs+=($!)
    done
    for i in "${!jobs[@]}"; do
        wait "${jobs[i]}" || {
            cat "$FOLDER/$((i + 1))/format.log" >&2
            say "could not format the folder of broker $((i + 1))"
            exit 1
        }
    done
}

# pid I: of broker I, if it runs: another process may have the number by now.
pid() {
    local found
    found=$(cat "$FOLDER/$1/pid" 2>/dev/null) &&
        tr '\0' '\n' 2>/dev/null <"/proc/$found/cmdline" |
        grep -qxF "$FOLDER/$1/server.properties" && echo "$found"
}

run_broker() {
    [ -e "$FOLDER/$1/server.properties" ] || {
        say "no broker $1 in $FOLDER: make it with up"
        exit 1
    }
    ! pid "$1" >/dev/null || {
        say "broker $1 runs already"
        exit 1
    }
    echo $BASHPID >"$FOLDER/$1/pid"
    java_with -Xms160m -Xmx160m -XX:MaxDirectMemorySize=64m kafka.Kafka \
        "$FOLDER/$1/server.properties" >>"$FOLDER/$1/server.log" 2>&1 </dev/null
}

start() {
    setsid "$SCRIPT" run "$1" --folder="$FOLDER" >/dev/null &
    disown
}

port_of() {
    sed -n 's|^advertised.listeners=.*:||p' "$FOLDER/$1/server.properties"
}

takes_connections() {
    (exec 3<>"/dev/tcp/127.0.0.1/$(port_of "$1")") 2>/dev/null
}

await() {
    local ends=$((SECONDS + START_SECONDS))
    until takes_connections "$1"; do
        [ $SECONDS -lt $ends ] || {
            tail -n 5 "$FOLDER/$1/server.log" >&2
            say "broker $1 does not start: see $FOLDER/$1/server.log"
            exit 1
        }
        sleep 0.1
    done
}

brokers() {
    find "$FOLDER" -mindepth 2 -maxdepth 2 -name server.properties -printf '%h\n' 2>/dev/null |
        sed 's|.*/||' | sort -n
}

down() {
    local i found
    for i in $(brokers); do
        if found=$(pid "$i"); then
            kill -KILL "$found" 2>/dev/null || true
            while pid "$i" >/dev/null; do sleep 0.02; done
        fi
    done
}

# The controller as the brokers know it: the vote with the highest epoch counts.
controller() {
    local state
    for state in "$FOLDER"/*/data/__cluster_metadata-0/quorum-state; do
        [ ! -e "$state" ] || { cat "$state" && echo; } |
            sed -n 's/.*"leaderId":\(-\{0,1\}[0-9]*\).*"leaderEpoch":\([0-9]*\).*/\2 \1/p'
    done | sort -n | tail -n 1 | cut -d ' ' -f 2
}

status() {
    local i found state leads
    leads=$(controller)
    for i in $(brokers); do
        state=stopped
        if found=$(pid "$i"); then
            state=running
            ! grep -q '^State:.*T' "/proc/$found/status" || state=hung
        fi
        [ "$i" != "$leads" ] || state+=', controller'
        printf 'broker %d  127.0.0.1:%d  %s\n' "$i" "$(port_of "$i")" "$state"
    done
}

need_number() {
    [[ $NUMBER =~ ^[1-9]$ ]] || usage "${COMMAND}: which broker? 1 to 9"
}

case $COMMAND in
get | down | status) [ ${#ARGUMENTS[@]} -eq 1 ] || usage "too many arguments" ;;
make | up)
    [ ${#ARGUMENTS[@]} -le 2 ] || usage "too many arguments"
    NUMBER=${NUMBER:-3}
    [[ $NUMBER =~ ^[1-9]$ ]] || usage "not a number of brokers from 1 to 9: $NUMBER"
    ;;
start | run)
    [ ${#ARGUMENTS[@]} -le 2 ] || usage "too many arguments"
    need_number
    ;;
kill)
    [ ${#ARGUMENTS[@]} -le 3 ] || usage "too many arguments"
    need_number
    [[ $SIGNAL =~ ^(KILL|TERM|INT|STOP|CONT)$ ]] || usage "not a signal for a broker: $SIGNAL"
    ;;
'') usage "which command?" ;;
*) usage "unknown command $COMMAND" ;;
esac

case $COMMAND in
get) get ;;
make) make_brokers "$NUMBER" ;;
up)
    make_brokers "$NUMBER"
    for ((i = 1; i <= NUMBER; i++)); do start $i; done
    for ((i = 1; i <= NUMBER; i++)); do await $i; done
    status
    ;;
start)
    need_packages "$JAVA_PACKAGE"
    start "$NUMBER"
    await "$NUMBER"
    ;;
run) run_broker "$NUMBER" ;;
kill)
    found=$(pid "$NUMBER") || {
        say "broker $NUMBER does not run"
        exit 1
    }
    kill "-$SIGNAL" "$found"
    ;;
down) down ;;
status) status ;;
esac
