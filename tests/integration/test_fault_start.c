/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The start of the service, and of a connection, while allocations fail or
 * threads cannot be created.
 */
#include "lib/harness.h"

#include <stdlib.h>
#include <string.h>

#include "../fault/faulty.h"

enum {
    MAX_FAILURES = 1000,
    SOON = 8000, /* milliseconds; the idle timeout is 10 s */
};

static const char *const two_loops[] = {"-threads=2", NULL};
static const char *const per_connection[] = {"-threads=per-connection", NULL};

/*
 * A service that is not ready must have ended by itself, with one line on
 * stderr that says why.
 */
static void expect_explained_end(struct faulty *faulty)
{
    char *errors = NULL;

    errors = process_errors(&faulty->instance.process);
    assert_int_equal(strncmp(errors, "lunar.service: ", 15), 0);
    assert_ptr_equal(strchr(errors, '\n'), errors + strlen(errors) - 1);
    free(errors);
    instance_expect_end(&faulty->instance, EXIT_FAILURE);
    faulty_release(faulty);
}

static void expect_message_applied(const struct faulty *faulty)
{
    struct fleet_message message =
        fleet_launched("a", 1, "Falcon-9", 500, "ARTEMIS");
    struct response response;

    instance_post(&faulty->instance, message.body, &response);
    response_expect_status(&response, 202);
    response_release(&response);
}

/* Start it with the scarcity `end`. Returns the number of failed calls. */
static int64_t check_start(const char *const flags[],
                           const struct scarcity *end)
{
    struct faulty faulty;
    bool ready = faulty_start(&faulty, NULL, flags, end);
    int64_t failed = faulty_restore(&faulty);

    assert_true(ready || failed > 0);
    /* With any thread missing, the service must not start. */
    if (end->scope == SCARCITY_THREADS)
        assert_int_equal(ready, failed == 0);
    if (!ready) {
        expect_explained_end(&faulty);
        return failed;
    }
    expect_message_applied(&faulty);
    faulty_stop(&faulty);
    return failed;
}

/*
 * Let each allocation or thread fail in turn. Returns how many calls a complete
 * start makes.
 */
static int64_t check_starts(const char *const flags[], struct scarcity end)
{
    int64_t failures = 0, failed = 0;

    while ((failed = check_start(flags, &end)) > 0) {
        failures += failed;
        end.left++;
        assert_in_range(end.left, 0, MAX_FAILURES);
    }
    print_message("%jd %s failed\n", (intmax_t)failures,
                  end.scope == SCARCITY_THREADS ? "threads" : "allocations");
    return end.left;
}

static void start_without_memory_is_complete_or_fails(void **state)
{
    static const struct {
        enum scarcity_scope scope;
        bool for_good;
        const char *const *flags;
    } tests[] = {
        {SCARCITY_OWN, true, two_loops},
        {SCARCITY_OWN, false, per_connection},
        {SCARCITY_ALL, false, two_loops},
        {SCARCITY_ALL, true, two_loops},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(tests) / sizeof(tests[0]); i++) {
        struct scarcity end = {.scope = tests[i].scope,
                               .for_good = tests[i].for_good};
        assert_in_range(check_starts(tests[i].flags, end), 4, MAX_FAILURES);
    }
}

/*
 * The threads: two workers and the sweep of connections, plus two event loops,
 * or the thread that accepts connections.
 */
static void start_without_threads_is_complete_or_fails(void **state)
{
    struct scarcity one = {.scope = SCARCITY_THREADS};
    struct scarcity all = {.scope = SCARCITY_THREADS, .for_good = true};

    (void)state;
    assert_int_equal(check_starts(two_loops, one), 5);
    assert_int_equal(check_starts(two_loops, all), 5);
    assert_int_equal(check_starts(per_connection, one), 4);
}

/* Expect that a new connection is closed when all of `scope` fails. */
static void expect_refused(struct faulty *faulty, enum scarcity_scope scope)
{
    struct connection connection;

    faulty_limit(faulty, scope, 0, true);
    instance_connect(&faulty->instance, &connection);
    connection_expect_closed(&connection);
    assert_int_not_equal(faulty_restore(faulty), 0);
    connection_close(&connection);
}

/*
 * A connection without memory for its idle time must not stay open for ever,
 * unseen by the sweep.
 */
static void connection_without_memory_is_closed(void **state)
{
    const char *const *const flags[] = {two_loops, per_connection};

    (void)state;
    for (size_t i = 0; i < sizeof(flags) / sizeof(flags[0]); i++) {
        struct faulty faulty;

        assert_true(faulty_start(&faulty, NULL, flags[i], NULL));
        expect_refused(&faulty, SCARCITY_OWN);
        expect_message_applied(&faulty);
        faulty_stop(&faulty);
    }
}

/*
 * Idle connections are evicted, so that a later connection is accepted. The
 * first connection is not idle yet right after its response.
 */
static void connection_without_a_thread_is_closed(void **state)
{
    struct faulty faulty;
    struct connection idle;

    (void)state;
    assert_true(faulty_start(&faulty, NULL, per_connection, NULL));
    instance_connect(&faulty.instance, &idle);
    connection_get(&idle, "/health");
    connection_expect_status(&idle, 200);
    int64_t start = process_clock();
    do {
        expect_refused(&faulty, SCARCITY_THREADS);
        assert_in_range(process_clock() - start, 0, SOON);
    } while (!connection_is_closed(&idle));
    connection_close(&idle);
    expect_message_applied(&faulty);
    faulty_stop(&faulty);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(start_without_memory_is_complete_or_fails),
        cmocka_unit_test(start_without_threads_is_complete_or_fails),
        cmocka_unit_test(connection_without_memory_is_closed),
        cmocka_unit_test(connection_without_a_thread_is_closed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
