/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How much memory and how many processors this process may use: what the
 * machine has, or less if a control group (that of a container, or of a systemd
 * service) or the CPU affinity of the process allows less.
 */
#ifndef LUNAR_BASE_MACHINE_H
#define LUNAR_BASE_MACHINE_H

#include <stdbool.h>
#include <stdint.h>

struct machine {
    uint64_t memory;       /* bytes; UINT64_MAX if it cannot be found out */
    bool memory_by_cgroup; /* it is the limit of a control group */
    /*
     * At least 1. A CPU quota of 1.5 processors counts as 2: with fewer threads
     * than that, a part of the quota could not be used.
     */
    unsigned processors;
    bool processors_by_cgroup; /* they are the CPU quota of a control group */
};

/*
 * Find them out. `root` is put before the paths of /proc and of the control
 * groups: "", or a folder with copies of these files.
 */
struct machine machine_read(const char *root);

#endif
