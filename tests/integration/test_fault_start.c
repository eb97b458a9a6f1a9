/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The start of the service, and of a connection, while allocations fail or
 * threads cannot be created.
 */
#include "lib/harness.h"

#include <stdlib.h>
#include <string.h>

#include "../fault/faulty.h"

static char two_loops[] = "-threads=2";
static char per_connection[] = "-threads=per-connection";

/*
 * A service that is not ready must have ended by itself, with one line on
 * stderr that says why.
 */
static void expect_explained_end(struct faulty *faulty)
{
    char *errors = process_errors(&faulty->instance.process);

    assert_int_equal(strncmp(errors, "lunar.service: ", 15), 0);
    assert_ptr_equal(strchr(errors, '\n'), errors + strlen(errors) - 1);
    free(errors);
    faulty_expect_end(faulty, EXIT_FAILURE);
}

/* `context` is a flag. */
static int64_t check_start(void *context, const struct scarcity_limit *limit)
{
    struct faulty faulty;
    bool ready = faulty_start(&faulty, context, limit);
    int64_t failed = scarcity_end(faulty.shared);

    assert_true(ready || failed > 0);
    /* With any thread missing, the service must not start. */
    if (limit->scope == SCARCITY_THREADS)
        assert_int_equal(ready, failed == 0);
    if (ready) {
        fleet_launch(&faulty.instance, 1, 0);
        faulty_stop(&faulty);
    } else {
        expect_explained_end(&faulty);
    }
    return failed;
}

static void start_without_memory_is_complete_or_fails(void **state)
{
    (void)state;
    assert_true(scarcity_each(SCARCITY_OWN, check_start, two_loops) > 8);
    assert_true(scarcity_each(SCARCITY_ALL, check_start, two_loops) > 8);
    assert_true(scarcity_each(SCARCITY_OWN, check_start, per_connection) > 8);
}

/*
 * The threads: the log's, two workers, the one for streams of events, the sweep
 * of connections and that of the lingering close, plus two event loops, or the
 * thread that accepts connections. Each fails with all later ones, and then
 * alone.
 */
static void start_without_threads_fails(void **state)
{
    (void)state;
    assert_int_equal(scarcity_each(SCARCITY_THREADS, check_start, two_loops),
                     2 * 8);
    assert_int_equal(
        scarcity_each(SCARCITY_THREADS, check_start, per_connection), 2 * 7);
}

/* Expect that a new connection is closed when all of `scope` fails. */
static void expect_refused(struct faulty *faulty, enum scarcity_scope scope)
{
    struct connection connection;

    scarcity_begin(faulty->shared, &(struct scarcity_limit){scope, true, 0});
    instance_connect(&faulty->instance, &connection);
    connection_expect_closed(&connection);
    assert_int_not_equal(scarcity_end(faulty->shared), 0);
    connection_close(&connection);
}

/*
 * A connection without memory for its idle time must not stay open for ever,
 * unseen by the sweep.
 */
static void connection_without_memory_is_closed(void **state)
{
    const char *const flags[] = {two_loops, per_connection};

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        struct faulty faulty;
        assert_true(faulty_start(&faulty, flags[i], NULL));
        expect_refused(&faulty, SCARCITY_OWN);
        fleet_launch(&faulty.instance, 1, 0);
        faulty_stop(&faulty);
    }
}

/*
 * Whether a new connection is kept alive: not while there is a shortage, which
 * ends when the service has released the connection that it shut.
 */
static bool keeps_alive(const struct instance *instance)
{
    struct connection connection;
    struct response response;

    instance_connect(instance, &connection);
    connection_get(&connection, "/rockets");
    connection_expect(&connection, &response);
    response_expect_status(&response, 200);
    bool kept = !response_closes(&response);
    response_release(&response);
    connection_close(&connection);
    return kept;
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
    assert_true(faulty_start(&faulty, per_connection, NULL));
    instance_connect(&faulty.instance, &idle);
    bulk_expect_next(&idle);
    int64_t deadline = process_clock() + CONNECTION_PATIENCE;
    do {
        expect_refused(&faulty, SCARCITY_THREADS);
        assert_true(process_clock() < deadline);
    } while (!connection_is_closed(&idle));
    connection_close(&idle);
    while (!keeps_alive(&faulty.instance))
        assert_true(process_clock() < deadline);
    fleet_launch(&faulty.instance, 1, 0);
    faulty_stop(&faulty);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(start_without_memory_is_complete_or_fails),
        cmocka_unit_test(start_without_threads_fails),
        cmocka_unit_test(connection_without_memory_is_closed),
        cmocka_unit_test(connection_without_a_thread_is_closed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
