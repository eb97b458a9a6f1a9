/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reads proc(5). The time of the start is calculated once: what /proc has is a
 * time since the boot, and the wall clock's time of the boot moves whenever the
 * clock is corrected, which would look like a new start.
 */
#include "base/process_metrics.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/metrics.h"
#include "base/text.h"

enum { MAX_PATH = 4096, MAX_STAT = 4096 };

/* The fields of /proc/self/stat, numbered as in proc_pid_stat(5). */
enum stat_field {
    STAT_STATE = 3, /* the first one behind the program's name */
    STAT_THREADS = 20,
    STAT_START = 22,    /* ticks since the boot */
    STAT_VIRTUAL = 23,  /* bytes */
    STAT_RESIDENT = 24, /* pages */
};

/* Cold, as metrics_text_write(). */
__attribute__((cold)) static uint64_t
read_stat(const struct process_metrics *process, enum stat_field field)
{
    char path[MAX_PATH], line[MAX_STAT];
    uint64_t number = 0;

    snprintf(path, sizeof(path), "%s/proc/self/stat", process->root);
    FILE *file = fopen(path, "re");
    if (file == NULL)
        return 0;
    size_t length = fread(line, 1, sizeof(line), file);
    fclose(file);
    /* The name is in parentheses, and may contain some and spaces. */
    const char *end = memrchr(line, ')', length);
    if (end == NULL)
        return 0;
    struct text rest =
        text_skip((struct text){line, length}, (size_t)(end - line) + 1);
    text_split(&rest, ' ');
    for (unsigned i = STAT_STATE; i < field && rest.data != NULL; i++)
        text_split(&rest, ' ');
    if (rest.data != NULL)
        text_read_unsigned(text_split(&rest, ' '), UINT64_MAX, &number);
    return number;
}

/* Of all threads, also of those that have ended. */
static void read_cpu(void *context, uint64_t values[])
{
    (void)context;
    values[0] = clock_us(CLOCK_PROCESS_CPUTIME_ID);
}

static const struct metric_family cpu = {
    .type = METRIC_COUNTER,
    .name = "process_cpu_seconds_total",
    .help = "Processor time, in user mode and in the kernel.",
    .decimals = 6,
    .read = read_cpu,
};

static void read_resident(void *context, uint64_t values[])
{
    long page = sysconf(_SC_PAGESIZE);

    if (page > 0)
        values[0] = read_stat(context, STAT_RESIDENT) * (uint64_t)page;
}

static const struct metric_family resident = {
    .type = METRIC_GAUGE,
    .name = "process_resident_memory_bytes",
    .help = "Memory of the process that is in RAM.",
    .zero_is_unknown = true,
    .read = read_resident,
};

static void read_virtual(void *context, uint64_t values[])
{
    values[0] = read_stat(context, STAT_VIRTUAL);
}

static const struct metric_family virtual = {
    .type = METRIC_GAUGE,
    .name = "process_virtual_memory_bytes",
    .help = "Address space of the process.",
    .zero_is_unknown = true,
    .read = read_virtual,
};

static void read_max_fds(void *context, uint64_t values[])
{
    struct rlimit limit;

    (void)context;
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0)
        values[0] = limit.rlim_cur;
}

/*
 * The listing needs a descriptor, which does not count. That there is none left
 * is just when the number matters most: then all are in use.
 */
static void read_open_fds(void *context, uint64_t values[])
{
    const struct process_metrics *process = context;
    char path[MAX_PATH];

    snprintf(path, sizeof(path), "%s/proc/self/fd", process->root);
    DIR *folder = opendir(path);
    if (folder == NULL) {
        if (errno == EMFILE)
            read_max_fds(context, values);
        return;
    }
    /* NOLINTNEXTLINE(concurrency-mt-unsafe): safe, as the stream is ours. */
    for (const struct dirent *entry; (entry = readdir(folder)) != NULL;)
        values[0] += entry->d_name[0] != '.';
    closedir(folder);
    if (values[0] > 0)
        values[0]--;
}

static const struct metric_family open_fds = {
    .type = METRIC_GAUGE,
    .name = "process_open_fds",
    .help = "Open file descriptors, connections among them.",
    .zero_is_unknown = true,
    .read = read_open_fds,
};

static const struct metric_family max_fds = {
    .type = METRIC_GAUGE,
    .name = "process_max_fds",
    .help = "The limit of open file descriptors, ulimit -n.",
    .read = read_max_fds,
};

static void read_start(void *context, uint64_t values[])
{
    const struct process_metrics *process = context;

    values[0] = process->start;
}

static const struct metric_family start = {
    .type = METRIC_GAUGE,
    .name = "process_start_time_seconds",
    .help = "When the process was started, in seconds since 1970 (UTC).",
    .decimals = 3,
    .read = read_start,
};

static void read_threads(void *context, uint64_t values[])
{
    values[0] = read_stat(context, STAT_THREADS);
}

static const struct metric_family threads = {
    .type = METRIC_GAUGE,
    .name = "process_threads",
    .help = "Threads of the process.",
    .zero_is_unknown = true,
    .read = read_threads,
};

/* Milliseconds since the start of the process; 0 if it is not known. */
static uint64_t read_age(const struct process_metrics *process)
{
    uint64_t ticks = read_stat(process, STAT_START);
    long per_second = sysconf(_SC_CLK_TCK);
    uint64_t now = clock_us(CLOCK_BOOTTIME) / 1000;

    if (ticks == 0 || per_second <= 0)
        return 0;
    uint64_t since_boot = ticks * 1000 / (uint64_t)per_second;
    return since_boot < now ? now - since_boot : 0;
}

void process_metrics_add(struct process_metrics *process, const char *root,
                         struct metrics *metrics)
{
    process->root = root;
    process->start = clock_us(CLOCK_REALTIME) / 1000 - read_age(process);
    metrics_add(metrics, &cpu, process);
    metrics_add(metrics, &resident, process);
    metrics_add(metrics, &virtual, process);
    metrics_add(metrics, &open_fds, process);
    metrics_add(metrics, &max_fds, process);
    metrics_add(metrics, &threads, process);
    metrics_add(metrics, &start, process);
}
