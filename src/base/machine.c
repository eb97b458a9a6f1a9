/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Takes the smaller of what the machine has and what the process may use.
 */
#include "base/machine.h"

#include <sched.h>
#include <unistd.h>

#include "cgroup.h"

/* Sets of 1,024 processors; the largest kernels are built for 8,192. */
enum { CPU_SETS = 8 };

static uint64_t physical_memory(void)
{
    long pages = sysconf(_SC_PHYS_PAGES);
    long page_size = sysconf(_SC_PAGESIZE);

    if (pages < 1 || page_size < 1)
        return UINT64_MAX;
    return (uint64_t)pages * (uint64_t)page_size;
}

/* The processors that the process may run on, by its affinity and cpuset. */
static unsigned usable_processors(void)
{
    cpu_set_t sets[CPU_SETS];

    if (sched_getaffinity(0, sizeof(sets), sets) == 0)
        return (unsigned)CPU_COUNT_S(sizeof(sets), sets);
    long online = sysconf(_SC_NPROCESSORS_ONLN);
    return online < 1 ? 1 : (unsigned)online;
}

struct machine machine_read(const char *root)
{
    struct cgroup_limits limits = cgroup_read_limits(root);
    struct machine machine = {
        .memory = physical_memory(),
        .processors = usable_processors(),
    };

    if (limits.memory < machine.memory) {
        machine.memory = limits.memory;
        machine.memory_by_cgroup = true;
    }
    if (limits.processors < machine.processors) {
        machine.processors = limits.processors;
        machine.processors_by_cgroup = true;
    }
    return machine;
}
