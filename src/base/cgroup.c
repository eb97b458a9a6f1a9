/* SPDX-License-Identifier: Apache-2.0 */
/*
 * /proc/self/cgroup says which group of each hierarchy the process is in, and
 * /proc/self/mountinfo where the hierarchies are mounted. The folder of the
 * group, and those above it up to the mount point, have the limits.
 *
 * In a container the path of the group may be that on the host, and the mount
 * may show the container's group only. So the mount's root, which is part of a
 * line of mountinfo, is cut off the path.
 */
#include "cgroup.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"

enum {
    MAX_PATH = 4096,
    /* The longest, memory.stat of version 1, has some 40 lines. */
    MAX_FILE = 8192,
};

/* A hierarchy of groups, and how to read the limits of a group's folder. */
struct hierarchy {
    const char *type;       /* of its file system */
    const char *controller; /* version 1: the one that we want; else empty */
    void (*read_group)(const char *folder, struct cgroup_limits *limits);
};

/* The folder of a group. */
struct group {
    char folder[MAX_PATH];
    size_t top; /* length of the part up to the mount point; 0: not found */
};

/*
 * Read a file. Absent text if it cannot be read, or is so long that its last
 * number may be cut.
 */
static struct text read_file(const char *folder, const char *name,
                             char buffer[MAX_FILE])
{
    char path[MAX_PATH];
    struct text text = {0};

    if (snprintf(path, sizeof(path), "%s/%s", folder, name) >= MAX_PATH)
        return text;
    FILE *file = fopen(path, "re");
    if (file == NULL)
        return text;
    size_t length = fread(buffer, 1, MAX_FILE, file);
    if (ferror(file) == 0 && length < MAX_FILE)
        text = (struct text){buffer, length};
    fclose(file);
    return text;
}

/*
 * Lower `limit` to the number. Anything else, such as "max", is no limit, and
 * so is the huge number of version 1, which no memory reaches.
 */
static void lower_memory(struct text number, struct cgroup_limits *limits)
{
    uint64_t bytes;

    if (text_read_unsigned(number, UINT64_MAX, &bytes) &&
        bytes < limits->memory)
        limits->memory = bytes;
}

static void lower_memory_by_file(const char *folder, const char *name,
                                 struct cgroup_limits *limits)
{
    char buffer[MAX_FILE];
    struct text rest = read_file(folder, name, buffer);

    lower_memory(text_split(&rest, '\n'), limits);
}

/* A quota is CPU time in each period of time, both in microseconds. */
static void lower_processors(struct text quota, struct text period,
                             struct cgroup_limits *limits)
{
    uint64_t time, of;

    if (!text_read_unsigned(quota, UINT64_MAX, &time) ||
        !text_read_unsigned(period, UINT64_MAX, &of) || of == 0)
        return;
    uint64_t processors = time / of + (time % of > 0);
    if (processors == 0)
        processors = 1;
    if (processors < limits->processors)
        limits->processors = (unsigned)processors;
}

/*
 * The groups above the mount point are not visible in a container, but
 * memory.stat has the smallest limit of all.
 */
static void read_group_memory_v1(const char *folder,
                                 struct cgroup_limits *limits)
{
    char buffer[MAX_FILE];
    struct text rest = read_file(folder, "memory.stat", buffer);

    lower_memory_by_file(folder, "memory.limit_in_bytes", limits);
    while (rest.data != NULL) {
        struct text value = text_split(&rest, '\n');
        if (text_equal(text_split(&value, ' '),
                       TEXT("hierarchical_memory_limit")))
            lower_memory(value, limits);
    }
}

static void read_group_cpu_v1(const char *folder, struct cgroup_limits *limits)
{
    char quota[MAX_FILE], period[MAX_FILE];
    struct text quotas = read_file(folder, "cpu.cfs_quota_us", quota);
    struct text periods = read_file(folder, "cpu.cfs_period_us", period);

    lower_processors(text_split(&quotas, '\n'), text_split(&periods, '\n'),
                     limits);
}

/* Above memory.high a process is slowed down, above memory.max it is killed. */
static void read_group_v2(const char *folder, struct cgroup_limits *limits)
{
    char buffer[MAX_FILE];
    struct text rest = read_file(folder, "cpu.max", buffer);
    struct text period = text_split(&rest, '\n');
    struct text quota = text_split(&period, ' ');

    lower_processors(quota, period, limits);
    lower_memory_by_file(folder, "memory.max", limits);
    lower_memory_by_file(folder, "memory.high", limits);
}

static bool list_has(struct text list, const char *wanted)
{
    while (list.data != NULL) {
        if (text_equal(text_split(&list, ','), text_of(wanted)))
            return true;
    }
    return false;
}

/*
 * Call `take` with each line of a file of /proc until it returns true. Returns
 * whether it did.
 */
static bool find_line(const char *root, const char *name,
                      bool (*take)(struct text line, void *context),
                      void *context)
{
    char path[MAX_PATH];
    char *line = NULL;
    size_t size = 0;
    ssize_t length = 0;
    bool found = false;

    snprintf(path, sizeof(path), "%s/proc/self/%s", root, name);
    FILE *file = fopen(path, "re");
    if (file == NULL)
        return false;
    while (!found && (length = getline(&line, &size, file)) > 0) {
        size_t end = (size_t)length - (line[length - 1] == '\n');
        found = take((struct text){line, end}, context);
    }
    free(line);
    fclose(file);
    return found;
}

/* What is looked for in both files. */
struct search {
    const char *root;
    const struct hierarchy *hierarchy;
    char path[MAX_PATH]; /* of the process's group in the hierarchy */
    struct group *group;
};

/* A line as in "4:cpu,cpuacct:/a/group"; of version 2, "0::/a/group". */
static bool take_group_line(struct text line, void *context)
{
    struct search *search = context;

    text_split(&line, ':');
    struct text controllers = text_split(&line, ':');
    if (line.length == 0 || *line.data != '/' || line.length >= MAX_PATH ||
        !list_has(controllers, search->hierarchy->controller))
        return false;
    memcpy(search->path, line.data, line.length);
    search->path[line.length] = '\0';
    return true;
}

/*
 * Copy a path of mountinfo, where a space is \040, for example. False if it
 * does not fit.
 */
static bool copy_path(struct text text, char path[MAX_PATH])
{
    size_t length = 0;

    for (size_t i = 0; i < text.length && length < MAX_PATH - 1; i++) {
        const char *at = text.data + i;
        path[length] = *at;
        if (*at == '\\' && text.length - i > 3) {
            path[length] =
                (char)((at[1] - '0') * 64 + (at[2] - '0') * 8 + at[3] - '0');
            i += 3;
        }
        length++;
    }
    path[length] = '\0';
    return length < MAX_PATH - 1;
}

/* Whether a path has a part "..", so that it leads out of what is mounted. */
static bool leads_out(const char *path)
{
    struct text rest = text_of(path);

    while (rest.data != NULL) {
        if (text_equal(text_split(&rest, '/'), TEXT("..")))
            return true;
    }
    return false;
}

/*
 * The part of `path` below `top`, with a slash at its beginning or empty. NULL
 * if it does not lie there.
 */
static const char *path_below(const char *path, const char *top)
{
    size_t length = strcmp(top, "/") == 0 ? 0 : strlen(top);

    if (strncmp(path, top, length) != 0)
        return NULL;
    const char *rest = path + length;
    if ((*rest != '\0' && *rest != '/') || leads_out(rest))
        return NULL;
    return rest;
}

/* Where a part of a hierarchy is mounted. */
struct mount {
    char root[MAX_PATH];  /* the group that is mounted */
    char point[MAX_PATH]; /* where */
};

/*
 * Read a line as in "31 23 0:24 /group /mount/point rw,nosuid shared:9 - cgroup
 * cgroup rw,cpu", see proc(5). False if it is not about the hierarchy.
 */
static bool read_mount(struct text line, const struct hierarchy *hierarchy,
                       struct mount *mount)
{
    struct text fields[5], field = {0};

    for (size_t i = 0; i < 5; i++)
        fields[i] = text_split(&line, ' ');
    while (line.data != NULL && !text_equal(field, TEXT("-")))
        field = text_split(&line, ' ');
    struct text type = text_split(&line, ' ');
    text_split(&line, ' '); /* the source; options are left */
    return line.data != NULL && text_equal(type, text_of(hierarchy->type)) &&
           (*hierarchy->controller == '\0' ||
            list_has(line, hierarchy->controller)) &&
           copy_path(fields[3], mount->root) &&
           copy_path(fields[4], mount->point);
}

/*
 * True if the group lies in what the line says is mounted. If it does in no
 * line, the first mount of the hierarchy is taken as it is: with a namespace
 * for its groups, a process may see the root of a mount as "/..", which is a
 * group above its own.
 */
static bool take_mount_line(struct text line, void *context)
{
    struct search *search = context;
    struct group *group = search->group;
    struct mount mount;
    char folder[MAX_PATH];

    if (!read_mount(line, search->hierarchy, &mount))
        return false;
    const char *below = path_below(search->path, mount.root);
    if (below == NULL && group->top > 0)
        return false;
    int length = snprintf(folder, sizeof(folder), "%s%s%s", search->root,
                          mount.point, below != NULL ? below : "");
    if (length >= MAX_PATH)
        return false;
    memcpy(group->folder, folder, sizeof(folder));
    group->top = strlen(search->root) + strlen(mount.point);
    return below != NULL;
}

/* Lower the limits to those of the group and of all groups above it. */
static void read_hierarchy(const char *root, const struct hierarchy *hierarchy,
                           struct cgroup_limits *limits)
{
    struct group group = {.top = 0};
    struct search search = {root, hierarchy, "", &group};
    char *slash = NULL;

    if (!find_line(root, "cgroup", take_group_line, &search))
        return;
    find_line(root, "mountinfo", take_mount_line, &search);
    if (group.top == 0)
        return;
    hierarchy->read_group(group.folder, limits);
    while ((slash = strrchr(group.folder + group.top, '/')) != NULL) {
        *slash = '\0';
        hierarchy->read_group(group.folder, limits);
    }
}

struct cgroup_limits cgroup_read_limits(const char *root)
{
    static const struct hierarchy hierarchies[] = {
        {"cgroup2", "", read_group_v2},
        {"cgroup", "memory", read_group_memory_v1},
        {"cgroup", "cpu", read_group_cpu_v1},
    };
    struct cgroup_limits limits = {UINT64_MAX, UINT_MAX};

    for (size_t i = 0; i < sizeof(hierarchies) / sizeof(*hierarchies); i++)
        read_hierarchy(root, &hierarchies[i], &limits);
    return limits;
}
