#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# Boot the systemd of a Debian root, run a script in it as root, and end it
# all. Only namespaces are needed, no container runtime: the system is process
# 1 of its own, and of a cgroup that is removed at the end. Nothing is written
# to the root: what the system in it changes lies in memory.
#
# The script runs when the system has started all of its units. Of networks it
# has only a loopback device.
#
# usage: tests/packages/boot.sh ROOT FOLDER SCRIPT [ARGUMENT...]
#
#   ROOT     a folder with a Debian system in it, as mmdebstrap(1) makes one,
#            with the package systemd
#   FOLDER   what the system sees as /host, for reading
#   SCRIPT   the script, a path in FOLDER
#
# Exit status: 0 or another one of the script, 2 invalid command line, 77 no
# systemd can be booted here: it needs root and a cgroup hierarchy of version 2.
#
# Example: tests/packages/boot.sh /tmp/root tests/packages check.sh
set -euo pipefail
SCRIPT=$(realpath "$0")
# shellcheck source=scripts/help.sh
source "${SCRIPT%/*}/../../scripts/help.sh"

skip() {
    say "cannot boot a systemd here: $*"
    exit 77
}

# The folder of a mounted hierarchy of version 2.
find_cgroups() {
    findmnt --noheadings --first-only --types cgroup2 --output TARGET
}

# In the new namespaces: put the tree together, and become its process 1.
boot() {
    local root=$1 folder=$2 work=$3 tree=$3/tree device

    mount --make-rprivate /
    mount -t tmpfs -o mode=755 tmpfs "$work"
    mkdir "$tree" "$work/upper" "$work/work"
    mount -t overlay overlay "$tree" \
        -o "lowerdir=$root,upperdir=$work/upper,workdir=$work/work"
    mount -t proc proc "$tree/proc"
    mount --bind "$tree/proc/sys" "$tree/proc/sys"
    mount -o remount,bind,ro "$tree/proc/sys"
    mount -t sysfs -o ro sysfs "$tree/sys"
    mount -t cgroup2 cgroup2 "$tree/sys/fs/cgroup"
    mount -t tmpfs -o mode=755 tmpfs "$tree/dev"
    for device in null zero full random urandom tty; do
        touch "$tree/dev/$device"
        mount --bind "/dev/$device" "$tree/dev/$device"
    done
    mkdir "$tree/dev/shm" "$tree/dev/pts" "$tree/host"
    # PrivateDevices= makes a copy of these.
    mount -t devpts -o newinstance,ptmxmode=0666,mode=620 devpts "$tree/dev/pts"
    ln -s pts/ptmx "$tree/dev/ptmx"
    ln -s /proc/self/fd "$tree/dev/fd"
    mount -t tmpfs -o mode=755 tmpfs "$tree/run"
    mount --bind "$folder" "$tree/host"
    mount -o remount,bind,ro "$tree/host"
    cd "$tree"
    pivot_root . mnt
    cd /
    umount -l /mnt
    # LoadCredential= and others hand mounts over from one namespace to another.
    mount --make-rshared /
    exec env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin container=boot.sh \
        /lib/systemd/systemd --system --show-status=no </dev/null
}

# What every exit of this script does.
# shellcheck disable=SC2317 # trap calls it
clean() {
    local folder

    # With it goes process 1, and with that the whole system. Bash would tell.
    { kill -KILL "$starter" && wait "$starter"; } 2>/dev/null || true
    for ((i = 0; i < 50; i++)); do
        [[ -d $group ]] || break
        while read -r folder; do
            rmdir "$folder" 2>/dev/null || true
        done < <(find "$group" -depth -type d)
        sleep 0.1
    done
    rmdir "$work"
}

# Run a command in the system.
enter() {
    nsenter --target "$init" --pid --mount --uts --ipc --net --cgroup --root \
        --wdns=/ env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C.UTF-8 "$@"
}

if [[ ${1:-} == --boot ]]; then
    boot "${@:2}"
fi
[[ $# -ge 3 ]] || read_help "$@"
[[ $# -ge 3 ]] || usage "three arguments are needed"
root=$(realpath "$1") folder=$(realpath "$2")
shift 2
# Others than root have to get into the system.
umask 022
((EUID == 0)) || skip "not root"
cgroups=$(find_cgroups) || skip "no cgroup hierarchy of version 2"
group=$cgroups/lunar-boot-$$
work=$(mktemp -d)
mkdir "$group" || { rmdir "$work"; skip "no permission to make a cgroup"; }
trap clean EXIT

# The namespace of cgroups begins where its first process is.
(
    echo "$BASHPID" >"$group/cgroup.procs"
    exec unshare --pid --mount --uts --ipc --net --cgroup --fork --kill-child \
        "$SCRIPT" --boot "$root" "$folder" "$work"
) &
starter=$!
init=
for ((i = 0; i < 3000; i++)); do
    init=$(pgrep --parent "$starter" || true)
    # 0 if all units run, else 1 with "degraded" or one of the others.
    state=$([[ -z $init ]] || enter systemctl is-system-running 2>/dev/null ||
        true)
    [[ $state != running && $state != degraded ]] || break
    kill -0 "$starter" || skip "process 1 has ended"
    sleep 0.1
done
[[ $state == running ]] || say "the system is ${state:-not there}"
status=0
enter "/host/$1" "${@:2}" || status=$?
exit "$status"
