/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tests of the limits of control groups, in the layouts that systems and
 * containers have. The files of a layout are written to a new folder.
 */
#include "lib/folder.h"

#include <limits.h>
#include <sched.h>
#include <unistd.h>

#include "base/cgroup.h"
#include "base/machine.h"

enum { MAX_FILES = 12, MAX_PATH = 512 };

#define NO_MEMORY_LIMIT UINT64_MAX
#define NO_QUOTA UINT_MAX
#define MIB(count) ((uint64_t)(count) << 20)

/* What version 1 has where nothing is limited. */
#define V1_NO_LIMIT "9223372036854771712\n"

#define GROUP "/proc/self/cgroup"
#define MOUNTS "/proc/self/mountinfo"
#define FS "/sys/fs/cgroup"

/* Lines of mountinfo: of version 2, and of a controller of version 1. */
#define MOUNT_V2(root, point)                                                  \
    "30 23 0:26 " root " " point " rw,nosuid - cgroup2 cgroup rw\n"
#define MOUNT_V1(root, point, controllers)                                     \
    "31 23 0:27 " root " " point                                               \
    " rw,nosuid shared:9 master:2 - cgroup cgroup rw," controllers "\n"

static const struct layout {
    const char *name;
    uint64_t memory;
    unsigned processors;
    struct {
        const char *path;
        const char *text; /* NULL: a folder, which cannot be read */
    } files[MAX_FILES];
} layouts[] = {
    {"nothing at all", NO_MEMORY_LIMIT, NO_QUOTA, {{NULL, NULL}}},
    {"a desktop of version 2",
     NO_MEMORY_LIMIT,
     NO_QUOTA,
     {{GROUP, "0::/user.slice/user-1000.slice/session-2.scope\n"},
      {MOUNTS, MOUNT_V2("/", FS)},
      {FS "/user.slice/user-1000.slice/session-2.scope/memory.max", "max\n"},
      {FS "/user.slice/user-1000.slice/memory.max", "max\n"},
      {FS "/user.slice/memory.max", "max\n"},
      {FS "/user.slice/cpu.max", "max 100000\n"}}},
    {"Docker, version 2, with a namespace",
     MIB(512),
     2,
     {{GROUP, "0::/\n"},
      {MOUNTS, "22 27 0:21 / /proc rw - proc proc rw\n" MOUNT_V2("/", FS)},
      {FS "/memory.max", "536870912\n"},
      {FS "/cpu.max", "150000 100000\n"}}},
    {"Docker, version 2, in the host's namespace",
     MIB(64),
     1,
     {{GROUP, "0::/system.slice/docker-5f.scope\n"},
      {MOUNTS, MOUNT_V2("/", FS)},
      {FS "/system.slice/docker-5f.scope/memory.max", "67108864\n"},
      {FS "/system.slice/docker-5f.scope/cpu.max", "1000 100000\n"},
      {FS "/system.slice/memory.max", "max\n"}}},
    {"Docker, version 1: the mount's root is the container's group",
     MIB(256),
     3,
     {{GROUP, "9:name=systemd:/docker/5f\n"
              "4:memory:/docker/5f\n"
              "2:cpu,cpuacct:/docker/5f\n"
              "0::/docker/5f\n"},
      {MOUNTS, MOUNT_V1("/docker/5f", FS "/cpu,cpuacct", "cpu,cpuacct")
                   MOUNT_V1("/docker/5f", FS "/memory", "memory")},
      {FS "/memory/memory.limit_in_bytes", "268435456\n"},
      {FS "/cpu,cpuacct/cpu.cfs_quota_us", "250000\n"},
      {FS "/cpu,cpuacct/cpu.cfs_period_us", "100000\n"}}},
    {"Docker, version 1, a group below that of the container",
     MIB(128),
     NO_QUOTA,
     {{GROUP, "4:memory:/docker/5f/worker\n"},
      {MOUNTS, MOUNT_V1("/docker/5f", FS "/memory", "memory")},
      {FS "/memory/worker/memory.limit_in_bytes", V1_NO_LIMIT},
      {FS "/memory/memory.limit_in_bytes", "134217728\n"}}},
    {"Docker, version 1, with a namespace",
     MIB(256),
     1,
     {{GROUP, "4:memory:/\n3:cpuacct,cpu:/\n"},
      {MOUNTS, MOUNT_V1("/", FS "/memory", "memory")
                   MOUNT_V1("/", FS "/cpu", "cpuacct,cpu")},
      {FS "/memory/memory.limit_in_bytes", "268435456\n"},
      {FS "/cpu/cpu.cfs_quota_us", "50000\n"},
      {FS "/cpu/cpu.cfs_period_us", "100000\n"}}},
    {"a namespace, and a mount that shows a group above it",
     MIB(300),
     NO_QUOTA,
     {{GROUP, "0::/\n"},
      {MOUNTS, MOUNT_V2("/..", FS)},
      {FS "/memory.max", "314572800\n"}}},
    {"a group outside of the namespace",
     MIB(300),
     NO_QUOTA,
     {{GROUP, "0::/../other\n"},
      {MOUNTS, MOUNT_V2("/", FS "/own")},
      {FS "/own/memory.max", "314572800\n"},
      {FS "/other/memory.max", "1048576\n"}}},
    {"a systemd service: the memory limit is that of a slice above it",
     MIB(1024),
     4,
     {{GROUP, "0::/lunar.slice/lunar-blue.slice/lunar.service\n"},
      {MOUNTS, MOUNT_V2("/", FS)},
      {FS "/lunar.slice/lunar-blue.slice/lunar.service/memory.max", "max\n"},
      {FS "/lunar.slice/lunar-blue.slice/lunar.service/cpu.max",
       "400000 100000\n"},
      {FS "/lunar.slice/lunar-blue.slice/memory.max", "2147483648\n"},
      {FS "/lunar.slice/memory.max", "1073741824\n"},
      {FS "/lunar.slice/cpu.max", "800000 100000\n"}}},
    {"MemoryHigh is below MemoryMax, and that below the slice's",
     MIB(96),
     NO_QUOTA,
     {{GROUP, "0::/system.slice/lunar.service\n"},
      {MOUNTS, MOUNT_V2("/", FS)},
      {FS "/system.slice/lunar.service/memory.max", "134217728\n"},
      {FS "/system.slice/lunar.service/memory.high", "100663296\n"},
      {FS "/system.slice/memory.max", "1073741824\n"}}},
    {"Kubernetes, version 1: the pod's limit is not visible as a file",
     MIB(200),
     NO_QUOTA,
     {{GROUP, "5:memory:/kubepods/burstable/pod1/5f\n"},
      {MOUNTS, MOUNT_V1("/kubepods/burstable/pod1/5f", FS "/memory", "memory")},
      {FS "/memory/memory.limit_in_bytes", V1_NO_LIMIT},
      {FS "/memory/memory.stat", "cache 0\nrss 1048576\n"
                                 "hierarchical_memory_limit 209715200\n"
                                 "hierarchical_memsw_limit 1048576\n"}}},
    {"Kubernetes, version 2, on the node",
     MIB(200),
     2,
     {{GROUP, "0::/kubepods.slice/pod1.slice/cri-5f.scope\n"},
      {MOUNTS, MOUNT_V2("/", FS)},
      {FS "/kubepods.slice/pod1.slice/cri-5f.scope/memory.max", "max\n"},
      {FS "/kubepods.slice/pod1.slice/cri-5f.scope/cpu.max", "max 100000\n"},
      {FS "/kubepods.slice/pod1.slice/memory.max", "209715200\n"},
      {FS "/kubepods.slice/pod1.slice/cpu.max", "200000 100000\n"}}},
    {"hybrid: version 2 has no controllers",
     MIB(700),
     2,
     {{GROUP, "4:memory:/a\n1:cpu:/b\n0::/c\n"},
      {MOUNTS, MOUNT_V2("/", FS "/unified") MOUNT_V1("/", FS "/cpu", "cpu")
                   MOUNT_V1("/", FS "/memory", "memory")},
      {FS "/unified/c/cgroup.procs", "1\n"},
      {FS "/memory/a/memory.limit_in_bytes", "734003200\n"},
      {FS "/cpu/b/cpu.cfs_quota_us", "-1\n"},
      {FS "/cpu/b/cpu.cfs_period_us", "100000\n"},
      {FS "/cpu/cpu.cfs_quota_us", "40000\n"},
      {FS "/cpu/cpu.cfs_period_us", "20000\n"}}},
    {"hybrid: version 2 has the controller of memory",
     MIB(700),
     7,
     {{GROUP, "1:cpu:/b\n0::/c\n"},
      {MOUNTS, MOUNT_V1("/", FS "/cpu", "cpu") MOUNT_V2("/", FS "/unified")},
      {FS "/unified/c/memory.max", "734003200\n"},
      {FS "/cpu/b/cpu.cfs_quota_us", "700000\n"},
      {FS "/cpu/b/cpu.cfs_period_us", "100000\n"}}},
    {"the second mount shows the group; names that are alike",
     MIB(50),
     NO_QUOTA,
     {{GROUP, "0::/pod/a\n"},
      {MOUNTS, MOUNT_V2("/po", "/one") MOUNT_V2("/pod/ab", "/two")
                   MOUNT_V2("/pod", "/three")},
      {"/one/memory.max", "1048576\n"},
      {"/one/d/a/memory.max", "1048576\n"},
      {"/two/memory.max", "1048576\n"},
      {"/three/a/memory.max", "52428800\n"}}},
    {"a mount point with a space",
     MIB(50),
     NO_QUOTA,
     {{GROUP, "0::/my group\n"},
      {MOUNTS, MOUNT_V2("/my\\040group", "/the\\040groups\\134")},
      {"/the groups\\/memory.max", "52428800\n"}}},
    {"the group has been removed",
     MIB(50),
     NO_QUOTA,
     {{GROUP, "0::/a/b (deleted)\n"},
      {MOUNTS, MOUNT_V2("/", FS)},
      {FS "/a/memory.max", "52428800\n"}}},
    {"no mount",
     NO_MEMORY_LIMIT,
     NO_QUOTA,
     {{GROUP, "0::/\n4:memory:/\n"}, {FS "/memory.max", "52428800\n"}}},
    {"files that cannot be read",
     NO_MEMORY_LIMIT,
     NO_QUOTA,
     {{GROUP, "4:memory:/\n0::/\n"},
      {MOUNTS, MOUNT_V2("/", FS) MOUNT_V1("/", FS "/memory", "memory")},
      {FS "/memory.max", NULL},
      {FS "/cpu.max", NULL},
      {FS "/memory/memory.limit_in_bytes", NULL},
      {FS "/memory/memory.stat", NULL}}},
    {"lists of groups and mounts that cannot be read",
     NO_MEMORY_LIMIT,
     NO_QUOTA,
     {{GROUP, NULL}, {MOUNTS, NULL}, {FS "/memory.max", "52428800\n"}}},
    {"values that make no sense",
     NO_MEMORY_LIMIT,
     NO_QUOTA,
     {{GROUP, "4:memory:/\n3:cpu:/\n0::/\n"},
      {MOUNTS, MOUNT_V2("/", FS) MOUNT_V1("/", FS "/memory", "memory")
                   MOUNT_V1("/", FS "/cpu", "cpu")},
      {FS "/memory.max", "-1\n"},
      {FS "/memory.high", "99999999999999999999\n"},
      {FS "/cpu.max", "100000\n"},
      {FS "/memory/memory.limit_in_bytes", "0x1000\n"},
      {FS "/memory/memory.stat", "hierarchical_memory_limit\n\n"},
      {FS "/cpu/cpu.cfs_quota_us", "100000\n"},
      {FS "/cpu/cpu.cfs_period_us", "0\n"}}},
    {"a quota without a period",
     NO_MEMORY_LIMIT,
     NO_QUOTA,
     {{GROUP, "3:cpu:/\n"},
      {MOUNTS, MOUNT_V1("/", FS "/cpu", "cpu")},
      {FS "/cpu/cpu.cfs_quota_us", "100000\n"}}},
    {"lines that make no sense",
     MIB(50),
     NO_QUOTA,
     {{GROUP, "\n::\n0::a\n0\n0:\n:memory\n\xff\n0::/a\n"},
      {MOUNTS, "\n-\n - - - \n30 23 0:26 / /nowhere rw - cgroup2\n"
               "30 23 0:26 / /nowhere rw cgroup2 cgroup rw\n"
               "30 23 0:26 \\ \\7 rw - cgroup2 x rw\n" MOUNT_V2("/", FS)},
      {"/nowhere/memory.max", "1048576\n"},
      {FS "/a/memory.max", "52428800"}}},
    {"empty files",
     NO_MEMORY_LIMIT,
     NO_QUOTA,
     {{GROUP, "0::/\n"},
      {MOUNTS, MOUNT_V2("/", FS)},
      {FS "/memory.max", ""},
      {FS "/cpu.max", ""}}},
    {"limits of nothing, and of next to nothing",
     0,
     1,
     {{GROUP, "0::/\n"},
      {MOUNTS, MOUNT_V2("/", FS)},
      {FS "/memory.max", "0\n"},
      {FS "/cpu.max", "0 100000\n"}}},
};

/* A new folder, as the context of a test. */
static int set_up(void **context)
{
    char *root = strdup("/tmp/test_cgroup.XXXXXX");

    *context = root;
    return root == NULL || mkdtemp(root) == NULL ? -1 : 0;
}

static int tear_down(void **context)
{
    int result = folder_remove(*context);

    free(*context);
    return result;
}

static void smallest_visible_limit_counts(void **context)
{
    for (size_t i = 0; i < COUNT(layouts); i++) {
        const struct layout *layout = &layouts[i];
        char root[MAX_PATH];

        snprintf(root, sizeof(root), "%s/%zu", (const char *)*context, i);
        for (size_t j = 0; j < MAX_FILES; j++) {
            if (layout->files[j].path != NULL)
                folder_write(root, layout->files[j].path,
                             layout->files[j].text);
        }
        struct cgroup_limits limits = cgroup_read_limits(root);
        if (limits.memory != layout->memory ||
            limits.processors != layout->processors)
            fail_msg("%s: %ju bytes, %u processors", layout->name,
                     (uintmax_t)limits.memory, limits.processors);
    }
}

/* A path that is too long for a buffer is no path, whatever it begins with. */
static void long_paths_are_no_limit(void **context)
{
    static char text[20000];
    const char *root = *context;

    for (size_t length = 4000; length < 4200; length++) {
        int used = snprintf(text, sizeof(text), "0::/%0*d\n", (int)length, 0);
        folder_write(root, GROUP, text);
        snprintf(text + used, sizeof(text) - (size_t)used,
                 "1 1 0:1 / /%0*d rw - cgroup2 cgroup rw\n"
                 "1 1 0:1 /%0*d / rw - cgroup2 cgroup rw\n",
                 (int)length, 0, (int)length, 0);
        folder_write(root, MOUNTS, text + used);
        assert_int_equal(cgroup_read_limits(root).memory, NO_MEMORY_LIMIT);
    }
}

/* The end of a long file may be missing, so the last number may be cut. */
static void long_files_are_no_limit(void **context)
{
    static const char line[] = "hierarchical_memory_limit 209715200\n";
    static char text[20000];
    const char *root = *context;

    folder_write(root, GROUP, "4:memory:/\n");
    folder_write(root, MOUNTS, MOUNT_V1("/", FS, "memory"));
    memset(text, '\n', sizeof(text));
    for (size_t before = 8100; before < 8300; before++) {
        memset(text, '\n', before);
        memcpy(text + before, line, sizeof(line));
        folder_write(root, FS "/memory.stat", text);
        uint64_t memory = cgroup_read_limits(root).memory;
        assert_true(memory == MIB(200) || memory == NO_MEMORY_LIMIT);
    }
    assert_int_equal(cgroup_read_limits(root).memory, NO_MEMORY_LIMIT);
}

/* The smaller of what the machine has and what the group may use. */
static void machine_is_limited_by_its_groups(void **context)
{
    static const struct {
        const char *memory, *quota;
        bool limited;
    } rows[] = {
        {"1048576\n", "100000 100000\n", true},
        {V1_NO_LIMIT, "99900000 1000\n", false},
        {"max\n", "max 100000\n", false},
    };
    uint64_t physical =
        (uint64_t)sysconf(_SC_PHYS_PAGES) * (uint64_t)sysconf(_SC_PAGESIZE);
    cpu_set_t usable;

    assert_int_equal(sched_getaffinity(0, sizeof(usable), &usable), 0);
    unsigned count = (unsigned)CPU_COUNT(&usable);
    folder_write(*context, GROUP, "0::/\n");
    folder_write(*context, MOUNTS, MOUNT_V2("/", FS));
    for (size_t i = 0; i < COUNT(rows); i++) {
        bool limited = rows[i].limited;
        folder_write(*context, FS "/memory.max", rows[i].memory);
        folder_write(*context, FS "/cpu.max", rows[i].quota);
        struct machine machine = machine_read(*context);
        assert_int_equal(machine.memory, limited ? MIB(1) : physical);
        assert_int_equal(machine.memory_by_cgroup, limited);
        assert_int_equal(machine.processors, limited ? 1 : count);
        assert_int_equal(machine.processors_by_cgroup, limited && count > 1);
    }
}

/* Affinity counts as well; a quota that allows as much changes nothing. */
static void machine_has_the_processors_of_the_affinity(void **context)
{
    cpu_set_t usable, one;
    size_t first = 0;

    folder_write(*context, GROUP, "0::/\n");
    folder_write(*context, MOUNTS, MOUNT_V2("/", FS));
    folder_write(*context, FS "/cpu.max", "100000 100000\n");
    assert_int_equal(sched_getaffinity(0, sizeof(usable), &usable), 0);
    while (!CPU_ISSET(first, &usable))
        first++;
    CPU_ZERO(&one);
    CPU_SET(first, &one);
    assert_int_equal(sched_setaffinity(0, sizeof(one), &one), 0);
    struct machine machine = machine_read(*context);
    assert_int_equal(sched_setaffinity(0, sizeof(usable), &usable), 0);
    assert_int_equal(machine.processors, 1);
    assert_false(machine.processors_by_cgroup);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        FIXTURE_TEST(smallest_visible_limit_counts),
        FIXTURE_TEST(long_paths_are_no_limit),
        FIXTURE_TEST(long_files_are_no_limit),
        FIXTURE_TEST(machine_is_limited_by_its_groups),
        FIXTURE_TEST(machine_has_the_processors_of_the_affinity),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
