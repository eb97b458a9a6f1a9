# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
#
# For the tests of packages that need namespaces of their own, which source it
# after scripts/help.sh.

# need_namespaces: exit with 77 unless mounts and networks of one's own can be made.
need_namespaces() {
    local fault
    fault=$(unshare --mount --net --propagation private true 2>&1) || {
        say "needs root, and namespaces of mounts and networks (CAP_SYS_ADMIN): $fault"
        exit 77
    }
}
