/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tests of the metrics of the process: what they say of this one, and how they
 * read files of /proc, copies of which are written to a new folder.
 */
#include "lib/folder.h"

#include <fcntl.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "base/metrics.h"
#include "base/process_metrics.h"

enum { MINUTE = 60 * 1000 /* ms */ };

static struct metrics *metrics;
static struct process_metrics process;
static uint64_t main_begun; /* ms of the wall clock */

static uint64_t value(const char *name)
{
    struct metric *metric = metrics_find(metrics, name);

    if (metric == NULL)
        fail_msg("there is no %s", name);
    return metric_value(metric, 0);
}

static void add_families(const char *root)
{
    metrics = metrics_new();
    assert_non_null(metrics);
    process_metrics_add(&process, root, metrics);
}

static int tear_down(void **state)
{
    (void)state;
    metrics_free(metrics);
    return 0;
}

static void this_process_is_measured(void **state)
{
    enum { MEMORY = 8 << 20, FILES = 3 };
    int files[FILES];
    struct rlimit limit;

    (void)state;
    add_families("");
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
    assert_true(value("process_max_fds") == limit.rlim_cur);
    assert_int_equal(value("process_threads"), 1);

    uint64_t open_before = value("process_open_fds");
    for (int i = 0; i < FILES; i++)
        assert_true((files[i] = open("/dev/null", O_RDONLY | O_CLOEXEC)) >= 0);
    assert_int_equal(value("process_open_fds"), open_before + FILES);
    for (int i = 0; i < FILES; i++)
        close(files[i]);
    assert_int_equal(value("process_open_fds"), open_before);

    uint64_t resident = value("process_resident_memory_bytes");
    uint64_t space = value("process_virtual_memory_bytes");
    char *memory = malloc(MEMORY);
    if (memory == NULL)
        abort();
    for (size_t i = 0; i < MEMORY; i += 1024)
        ((volatile char *)memory)[i] = 1;
    assert_true(value("process_resident_memory_bytes") >=
                resident + MEMORY / 2);
    assert_true(value("process_virtual_memory_bytes") >= space + MEMORY / 2);
    assert_true(value("process_resident_memory_bytes") <
                value("process_virtual_memory_bytes"));
    free(memory);

    uint64_t cpu = value("process_cpu_seconds_total");
    while (value("process_cpu_seconds_total") < cpu + 20000)
        continue;
}

static uint64_t clock_ms(clockid_t clock)
{
    struct timespec now;

    clock_gettime(clock, &now);
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

/* Before main(), and always the same. A tick is up to 10 ms. */
static void start_is_that_of_the_process(void **state)
{
    (void)state;
    add_families("");
    uint64_t start = value("process_start_time_seconds");
    assert_in_range(start, main_begun - MINUTE, main_begun + 10);
    assert_int_equal(value("process_start_time_seconds"), start);
}

/* With none left, not even to look. */
static void all_descriptors_in_use_are_all_open(void **state)
{
    struct rlimit limit;

    (void)state;
    add_families("");
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
    assert_int_equal(
        setrlimit(RLIMIT_NOFILE, &(struct rlimit){3, limit.rlim_max}), 0);
    uint64_t open = value("process_open_fds");
    uint64_t max = value("process_max_fds");
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
    assert_int_equal(max, 3);
    assert_int_equal(open, 3);
}

static const struct {
    const char *stat; /* NULL: there is no such file */
    uint64_t threads, start, space, pages;
} rows[] = {
    {"1 (name) S 1 1 1 0 -1 0 0 0 0 0 5 6 0 0 20 0 8 0 77 1000 3 4\n", 8, 770,
     1000, 3},
    /* A program may have any name. */
    {"1 (a) R 9 (b) S 1 1 1 0 -1 0 0 0 0 0 5 6 0 0 20 0 8 0 77 1000 3 4\n", 8,
     770, 1000, 3},
    {"1 (name) S 1 1 1 0 -1 0 0 0 0 0 5 6 0 0 20 0 8 0 77 1000", 8, 770, 1000,
     0},
    {"1 (name) S 1 1 1 0 -1 0 0 0 0 0 5 6 0 0 20 0 x 0 0 -1 3", 0, 0, 0, 3},
    /* A start in the future. */
    {"1 (n) S 1 1 1 0 -1 0 0 0 0 0 5 6 0 0 20 0 2 0 9000000000000 0 0", 2, 0, 0,
     0},
    {"1 (name) S", 0, 0, 0, 0},
    {"1 (name", 0, 0, 0, 0},
    {"", 0, 0, 0, 0},
    {NULL, 0, 0, 0, 0},
};

/*
 * The start is so many milliseconds after the boot (Linux has 100 ticks a
 * second), or with 0 it is now; within a minute, as the test may be held up, or
 * the clock corrected.
 */
static void expect_start(uint64_t since_boot)
{
    uint64_t now = clock_ms(CLOCK_REALTIME);

    if (since_boot > 0)
        now += since_boot - clock_ms(CLOCK_BOOTTIME);
    assert_in_range(value("process_start_time_seconds"), now - MINUTE,
                    now + MINUTE);
}

static void expect_unknown_if_0(const char *name)
{
    struct metric *metric = metrics_find(metrics, name);

    assert_non_null(metric);
    assert_true(metric_family(metric)->zero_is_unknown);
}

static void what_proc_does_not_say_is_unknown(void **state)
{
    static const char *const from_proc[] = {
        "process_threads", "process_virtual_memory_bytes",
        "process_resident_memory_bytes", "process_open_fds"};
    uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE);

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        char root[] = "/tmp/test_process_metrics.XXXXXX";

        assert_non_null(mkdtemp(root));
        if (rows[i].stat != NULL) {
            folder_write(root, "/proc/self/fd", NULL);
            folder_write(root, "/proc/self/stat", rows[i].stat);
        }
        add_families(root);
        assert_int_equal(value("process_threads"), rows[i].threads);
        assert_int_equal(value("process_virtual_memory_bytes"), rows[i].space);
        assert_int_equal(value("process_resident_memory_bytes"),
                         rows[i].pages * page);
        assert_int_equal(value("process_open_fds"), 0);
        for (size_t j = 0; j < COUNT(from_proc); j++)
            expect_unknown_if_0(from_proc[j]);
        expect_start(rows[i].start);
        assert_int_equal(folder_remove(root), 0);
        metrics_free(metrics);
        metrics = NULL;
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(this_process_is_measured, tear_down),
        cmocka_unit_test_teardown(start_is_that_of_the_process, tear_down),
        cmocka_unit_test_teardown(all_descriptors_in_use_are_all_open,
                                  tear_down),
        cmocka_unit_test_teardown(what_proc_does_not_say_is_unknown, tear_down),
    };
    main_begun = clock_ms(CLOCK_REALTIME);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
