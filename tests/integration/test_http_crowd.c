/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Ten thousand idle connections, some after a request and most without one, as
 * left by a client that opens a connection for each message and does not close
 * it (RFC 9112 section 9.3: a server may close a persistent connection at any
 * time, and each response says whether it is the last). Messages are
 * acknowledged meanwhile, and the idle connections are closed in time. bench/
 * measures how fast.
 */
#include "lib/harness.h"

#include <stdlib.h>
#include <sys/resource.h>

enum {
    IDLERS = 10000,
    /* Connections of this test, connections being closed, and files. */
    DESCRIPTORS = IDLERS + 500,
    MESSAGES = 2000,
    /* the median beside idlers may be (median alone + 1 ms) times this */
    MOST_TIMES = 10,
    KEEP_ALIVE_BELOW = 512,
    SKIPPED = 77, /* the exit code by which CTest knows it */
    SILENT = 10,  /* seconds: the idle timeout */
    SLACK = 30,   /* seconds: how late the service may be */
};

/*
 * Idle time is measured from `begun` and `complete`: some connections have been
 * idle for less.
 */
struct crowd {
    struct connection idlers[IDLERS];
    int64_t begun, complete;
};

static bool has_descriptors(void)
{
    struct rlimit limit;

    connection_raise_limit();
    return getrlimit(RLIMIT_NOFILE, &limit) == 0 &&
           (limit.rlim_cur == RLIM_INFINITY || limit.rlim_cur >= DESCRIPTORS);
}

/*
 * Open the idle connections. Every other one that is kept alive sends a request
 * first.
 */
static struct crowd *open_idlers(const struct instance *instance)
{
    struct crowd *crowd = calloc(1, sizeof(*crowd));

    assert_non_null(crowd);
    crowd->begun = process_clock();
    for (size_t i = 0; i < IDLERS; i++) {
        instance_connect(instance, &crowd->idlers[i]);
        if (i % 2 == 0 && i < KEEP_ALIVE_BELOW - 1) {
            connection_get(&crowd->idlers[i], "/health");
            connection_expect_status(&crowd->idlers[i], 200);
        }
    }
    crowd->complete = process_clock();
    print_message("%d connections in %jd ms\n", IDLERS,
                  (intmax_t)(crowd->complete - crowd->begun));
    return crowd;
}

static int compare_times(const void *first, const void *second)
{
    const int64_t *a = first, *b = second;

    return (*a > *b) - (*a < *b);
}

/*
 * Post messages one after the other, each on a new connection. Returns the
 * median of their times, in milliseconds.
 */
static int64_t post_messages(const struct instance *instance,
                             const char *channel)
{
    static int64_t times[MESSAGES];

    for (uint64_t number = 1; number <= MESSAGES; number++) {
        struct fleet_message message = fleet_faster(channel, number, 1);
        int64_t start = process_clock();
        struct connection connection;
        struct response response;

        instance_connect(instance, &connection);
        assert_true(connection_post(&connection, message.body));
        connection_expect(&connection, &response);
        response_expect_status(&response, 202);
        response_release(&response);
        connection_close(&connection);
        times[number - 1] = process_clock() - start;
    }
    qsort(times, MESSAGES, sizeof(*times), compare_times);
    print_message("%d messages, median %jd ms, slowest %jd ms\n", MESSAGES,
                  (intmax_t)times[MESSAGES / 2], (intmax_t)times[MESSAGES - 1]);
    /*
     * No tight limit, as the machine may be busy; but no message waited for
     * idle connections to be closed.
     */
    assert_true(times[MESSAGES - 1] < (int64_t)SILENT * 1000);
    return times[MESSAGES / 2];
}

static size_t count_closed(struct crowd *crowd)
{
    size_t closed = 0;

    for (size_t i = 0; i < IDLERS; i++)
        closed += connection_is_closed(&crowd->idlers[i]) ? 1 : 0;
    return closed;
}

static void expect_all_closed_in_time(struct crowd *crowd)
{
    int64_t latest = crowd->complete + (int64_t)(SILENT + SLACK) * 1000;

    for (size_t i = 0; i < IDLERS; i++) {
        struct connection *idler = &crowd->idlers[i];
        assert_false(connection_fill(idler, 1, latest));
        assert_true(idler->ended);
    }
    print_message("all closed %jd ms after the last was opened\n",
                  (intmax_t)(process_clock() - crowd->complete));
}

static void
messages_are_acknowledged_beside_10000_idle_connections(void **state)
{
    int64_t alone = post_messages(*state, "crowd-0");
    struct crowd *crowd = open_idlers(*state);
    int64_t beside = post_messages(*state, "crowd-1");

    assert_in_range(beside, 0, MOST_TIMES * (alone + 1));
    size_t closed = count_closed(crowd);
    if (process_clock() - crowd->begun < (int64_t)(SILENT - 2) * 1000)
        assert_int_equal(closed, 0);
    else
        print_message("machine too slow to check for early closing\n");
    expect_all_closed_in_time(crowd);
    for (size_t i = 0; i < IDLERS; i++)
        connection_close(&crowd->idlers[i]);
    free(crowd);
}

static int setup(void **state)
{
    static const char *const flags[] = {"-max-connections=12000", NULL};
    static struct instance instance;

    instance_start(&instance, flags);
    *state = &instance;
    return 0;
}

static int teardown(void **state)
{
    if (*state != NULL)
        instance_stop(*state);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(
            messages_are_acknowledged_beside_10000_idle_connections),
    };
    if (!has_descriptors()) {
        print_message(
            "skipped: this test needs %d open files; see ulimit -Hn\n",
            DESCRIPTORS);
        return SKIPPED;
    }
    return cmocka_run_group_tests(tests, setup, teardown);
}
