/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The limits of the control groups that this process is in, see cgroups(7):
 * version 1, version 2, or both at once. A group is limited by those above it,
 * too, so the smallest limit of all counts, as far as they are visible.
 */
#ifndef LUNAR_BASE_CGROUP_H
#define LUNAR_BASE_CGROUP_H

#include <limits.h>
#include <stdint.h>

struct cgroup_limits {
    uint64_t memory;     /* bytes; UINT64_MAX: no limit */
    unsigned processors; /* the CPU quota, rounded up; UINT_MAX: none */
};

/*
 * Read them. `root` is put before each path. What is missing, cannot be read or
 * makes no sense is no limit.
 */
struct cgroup_limits cgroup_read_limits(const char *root);

#endif
