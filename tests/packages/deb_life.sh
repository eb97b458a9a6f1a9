#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# The life of the packages on a machine, which deb.sh boots and calls this in:
# apt installs them, and the service takes messages; an upgrade keeps its data and
# the settings that were changed, and with lunar.socket refuses no connection; one
# that fails leaves the version before, which runs; removal keeps data, settings
# and secrets; after purge nothing is left.
#
# Progress and failures are on stderr; stdout is what apt said.
#
# usage: tests/packages/deb_life.sh VERSION
#   VERSION  of the packages in build/packages/debs
#
# Exit status: 0 passed, 1 failed, 2 invalid command line.
#
# Example: tests/packages/boot.sh ROOT . tests/packages/deb_life.sh 1.2.3
set -euo pipefail
cd "$(dirname "$(readlink -f "$0")")/../.."
SCRIPT=$PWD/tests/packages/deb_life.sh
. scripts/help.sh
. tests/packages/expect.sh
read_help "$@"
[ $# -eq 1 ] || usage "VERSION is missing"
version=$1
export DEBIAN_FRONTEND=noninteractive HOME=/root
out=/tmp/out
debs=/srv/debs
url=http://localhost:8088

fail() {
    say "FAILED: $*"
    systemctl status --no-pager --full lunar.service lunar.socket >&2 || true
    journalctl --no-pager --lines=20 >&2
    exit 1
}

# list_files: all files but those of apt, dpkg, systemd, caches and logs.
list_files() {
    find / -xdev \( -path /var/lib/dpkg -o -path /var/lib/apt -o -path /var/cache \
        -o -path /var/log -o -path /var/lib/systemd -o -path /host \
        -o -path /tmp -o -path /srv \) -prune -o -print | sort
}

# by_apt ARGUMENT...: apt-get, which must say nothing unusual.
by_apt() {
    apt-get -q -y --no-install-recommends "$@" >"$out/apt" 2>&1 || {
        cat "$out/apt" >&2
        fail "apt-get $*"
    }
    # As on any machine without apt-utils.
    sed -i '/^debconf: delaying package configuration/d' "$out/apt"
    ! grep -iE '^[WEN]: |warning|error|fail|cannot|not found' "$out/apt" >&2 ||
        fail "apt-get $*: says that"
    { echo "# apt-get $*" && sed '/^(Reading database/d' "$out/apt"; } >>"$out/transcript"
}

# is_well: systemd and the service say so.
is_well() {
    expect active systemctl is-active lunar.service
    lunar.service -config=/etc/lunar/lunar.conf -check-health >"$out/health" 2>&1 ||
        fail "-check-health: $(cat "$out/health")"
}

get_rockets() { curl -sS "$url/rockets"; }

main_process() { systemctl show --property=MainPID --value lunar.service; }

installs() {
    say "apt installs them; the service runs, and takes messages"
    list_files >"$out/files"
    by_apt install "$debs/before.deb" "$debs/lunar-rockets.deb"
    is_well
    expect enabled systemctl is-enabled lunar.service
    expect disabled systemctl is-enabled lunar.socket
    expect inactive systemctl is-active lunar.socket
    rockets launch "$url/messages" --max-messages=2000 --verify >"$out/rockets" 2>&1 ||
        fail "rockets: $(cat "$out/rockets")"
    expect drwx------ stat -L -c '%A' /var/lib/lunar
    expect "drwx------ root" stat -c '%A %U' /etc/lunar/secrets
    expect "drwxr-xr-x root" stat -c '%A %U' /etc/lunar
    ! grep -q '^Uid:.*[[:space:]]0' "/proc/$(main_process)/status" || fail "it runs as root"
    expect "lunar.service $version" lunar.service -version
}

has_documents() {
    say "the manual, completion and documents are there"
    man lunar.service >"$out/man" 2>"$out/warnings" || fail "man lunar.service"
    man rockets >"$out/man" 2>>"$out/warnings" || fail "man rockets"
    [ ! -s "$out/warnings" ] || fail "man: $(cat "$out/warnings")"
    bash -c '. /usr/share/bash-completion/bash_completion
        for name in lunar.service rockets; do
            _completion_loader $name; complete -p $name
        done' >"$out/completion" 2>&1 || fail "completion: $(cat "$out/completion")"
    (cd /usr/share/doc/lunar-service && ls README.Debian changelog.gz copyright \
        lunar.cdx.json notices/swagger.txt.gz notices/dashboard.txt) >"$out/documents" ||
        fail "a document is missing: $(ls /usr/share/doc/lunar-service)"
}

# is_down RESULT: the service has ended so, and is not started again.
is_down() {
    expect failed systemctl is-active lunar.service
    expect "$1" systemctl show --property=Result --value lunar.service
}

count_restarts() { systemctl show --property=NRestarts --value lunar.service; }

supervised() {
    local process drop_in=/run/systemd/system/lunar.service.d/test.conf
    say "systemctl status says where it serves; reload returns when the files are read"
    expect "serving http://127.0.0.1:8088 (state kept in /var/lib/lunar)" \
        systemctl show --property=StatusText --value lunar.service
    process=$(main_process)
    systemctl reload lunar.service || fail "reload"
    is_well
    expect "$process" main_process
    say "a service that does not get on is started again"
    mkdir -p "${drop_in%/*}"
    printf '[Service]\nWatchdogSec=1\nRestartSec=0\n' >"$drop_in"
    systemctl daemon-reload
    systemctl restart lunar.service
    kill -STOP "$(main_process)"
    for ((i = 0; i < 3000; i++)); do
        [ "$(count_restarts)" = 0 ] || ! systemctl is-active --quiet lunar.service || break
        sleep 0.1
    done
    expect 1 count_restarts
    systemctl start lunar.service # waits for the one that is under way
    is_well
    say "a drain is longer than TimeoutStopSec"
    printf '[Service]\nTimeoutStopSec=1\nEnvironment=LUNAR_DRAIN=3\n' >"$drop_in"
    systemctl daemon-reload
    systemctl restart lunar.service
    systemctl stop lunar.service
    expect success systemctl show --property=Result --value lunar.service
    rm -r "${drop_in%/*}"
    systemctl daemon-reload
    say "wrong settings end the start, and the status says what is wrong"
    cp /etc/lunar/lunar.conf "$out/lunar.conf"
    echo prot=1 >>/etc/lunar/lunar.conf
    ! systemctl restart lunar.service 2>"$out/errors" || fail "it has started"
    is_down exit-code
    systemctl show --property=StatusText --value lunar.service |
        grep -q 'lunar.conf:[0-9]*: prot: unknown' || fail "no word of the line"
    journalctl --quiet --no-pager --unit=lunar.service --priority=err --output=cat |
        grep -q '^lunar.service: .*lunar.conf:[0-9]*: prot: unknown' ||
        fail "it is no error of the journal"
    cp "$out/lunar.conf" /etc/lunar/lunar.conf
    systemctl restart lunar.service
    is_well
}

tries_again() {
    say "a start that lacks a file is tried again, and works when the file is there"
    printf '%s\n' tokens=/run/credentials/lunar.service/lunar_late >>/etc/lunar/lunar.conf
    ! systemctl restart lunar.service 2>"$out/errors" || fail "it has started"
    # Without RestartSec= systemd has given up by then.
    for ((i = 0; i < 3000 && $(count_restarts) < 6; i++)); do
        sleep 0.1
    done
    expect activating systemctl is-active lunar.service
    (umask 077 && lunar.service -new-token late read 2>/dev/null | tail -n 1 \
        >/etc/lunar/secrets/late)
    systemctl restart lunar.service || fail "restart: $(cat "$out/errors")"
    is_well
    rm /etc/lunar/secrets/late
    cp "$out/lunar.conf" /etc/lunar/lunar.conf
    systemctl restart lunar.service
    is_well
}

upgrade_keeps_data() {
    local process
    say "an upgrade keeps the data, and replaces settings that nobody changed"
    process=$(main_process)
    get_rockets >"$out/before"
    lunar.service -config=/etc/lunar/lunar.conf -backup="$out/backup" >"$out/log" 2>&1 ||
        fail "-backup: $(cat "$out/log")"
    by_apt install "$debs/lunar-service.deb"
    is_well
    [ "$(main_process)" != "$process" ] || fail "the service was not restarted"
    get_rockets | cmp - "$out/before" || fail "the rockets differ"
    ! grep -q 'of the version before' /etc/lunar/lunar.conf ||
        fail "the settings are those of the version before"
}

upgrade_keeps_settings() {
    say "an upgrade keeps settings and secrets that were changed"
    (umask 077 && lunar.service -new-token alice read 2>/dev/null |
        { read -r token && echo "$token" >"$out/token" && cat; } \
            >/etc/lunar/secrets/tokens)
    cat >>/etc/lunar/lunar.conf <<'END'
port=9000
tokens=/run/credentials/lunar.service/lunar_tokens
END
    systemctl restart lunar.service
    by_apt install "$debs/after.deb" -o Dpkg::Options::=--force-confold
    expect active systemctl is-active lunar.service
    expect 401 curl -sS -o /dev/null -w '%{http_code}' http://localhost:9000/rockets
    curl -sS -H "Authorization: Bearer $(cat "$out/token")" \
        http://localhost:9000/rockets | cmp - "$out/before" || fail "the rockets differ"
    grep -q 'of the version after' /etc/lunar/lunar.conf.dpkg-dist ||
        fail "the new settings are not beside the changed ones"
    sed -i '/^port=9000/d;/^tokens=/d' /etc/lunar/lunar.conf
}

# ask: one request after another until $out/enough is there.
ask() {
    while [ ! -e "$out/enough" ]; do
        curl -sS -o /dev/null -w '%{http_code}\n' "$url/rockets" || return
    done
}

socket_holds_connections() {
    local asking
    say "with lunar.socket an upgrade refuses no connection"
    systemctl stop lunar.service
    systemctl enable --now --quiet lunar.socket
    systemctl start lunar.service
    ask >"$out/answers" 2>"$out/refused" &
    asking=$!
    by_apt install "$debs/later.deb" -o Dpkg::Options::=--force-confold
    touch "$out/enough"
    wait "$asking" || fail "refused: $(cat "$out/refused")"
    # 503: it recovers.
    sed -i '/^503$/d' "$out/answers"
    expect 200 sort -u "$out/answers"
    is_well
    expect active systemctl is-active lunar.socket
    get_rockets | cmp - "$out/before" || fail "the rockets differ"
}

survives_failures() {
    say "it can be installed twice; an upgrade that fails leaves the version before"
    by_apt install --reinstall "$debs/later.deb" -o Dpkg::Options::=--force-confold
    is_well
    ! apt-get -q -y install "$debs/broken.deb" >"$out/apt" 2>&1 || fail "it is installed"
    grep -q 'pre-installation script' "$out/apt" || fail "another fault: $(cat "$out/apt")"
    expect "" dpkg --audit
    # shellcheck disable=SC2016 # dpkg-query replaces it
    expect "$version+later" dpkg-query -W -f '${Version}' lunar-service
    is_well
    expect active systemctl is-active lunar.socket
    get_rockets | cmp - "$out/before" || fail "the rockets differ"
}

removal_keeps_data() {
    say "removal stops all of it and keeps data, settings and secrets"
    by_apt remove lunar-service
    ! curl -sS "$url/health" >/dev/null 2>&1 || fail "somebody still listens"
    expect inactive systemctl is-active lunar.socket
    ! pgrep -a lunar >&2 || fail "it still runs"
    [ ! -e /usr/bin/lunar.service ] || fail "the program is still there"
    ls /etc/lunar/lunar.conf /etc/lunar/secrets/tokens /var/lib/lunar/* >/dev/null ||
        fail "something is gone"
    by_apt install "$debs/later.deb"
    is_well
    get_rockets | cmp - "$out/before" || fail "the rockets differ"
}

purge_leaves_nothing() {
    local data=/var/lib/private/lunar
    say "purge leaves nothing, although service and socket are running, with a disk of their own"
    systemctl stop lunar.service
    mv "$data" "$out/data"
    mkdir -m 700 "$data"
    mount -t tmpfs -o mode=755 tmpfs "$data"
    mkdir "$data/lost+found"
    mv "$out"/data/* "$data"
    systemctl start lunar.socket lunar.service
    is_well
    get_rockets | cmp - "$out/before" || fail "the rockets differ"
    by_apt purge --autoremove lunar-service lunar-rockets
    expect "" ls -A "$data"
    umount "$data"
    rmdir "$data"
    list_files | diff "$out/files" - >&2 || fail "these files are left"
    expect "" systemctl list-unit-files --legend=no 'lunar*'
    expect "" systemctl list-units --all --legend=no 'lunar*'
    expect running systemctl is-system-running
}

mkdir -p "$out"
cp -r build/packages/debs /srv
installs
has_documents
supervised
tries_again
upgrade_keeps_data
upgrade_keeps_settings
socket_holds_connections
survives_failures
removal_keeps_data
purge_leaves_nothing
cat "$out/transcript"
