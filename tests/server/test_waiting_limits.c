/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Limits of time do not hold for who waits for the application. The thread
 * that checks them asks connection_clock(), which the linker gives to us, so
 * that a minute passes at once.
 */
#include "lib/harness.h"

#include <stdatomic.h>
#include <stdlib.h>

#include "toy.h"
#include "upload.h"

enum { LENGTH = 100000, LIMIT_US = 60 * 1000000 };

static _Atomic uint64_t passed;

/* The linker's names; only the list of connections calls the first. */
uint64_t __real_connection_clock(void);
uint64_t __wrap_connection_clock(void);

uint64_t __wrap_connection_clock(void)
{
    return __real_connection_clock() + atomic_load(&passed);
}

static int setup_loops(void **state)
{
    atomic_store(&passed, 0);
    return toy_setup_loops(state);
}

static int setup_threads(void **state)
{
    atomic_store(&passed, 0);
    return toy_setup_threads(state);
}

static void begin(void **state, struct connection *client)
{
    assert_true(connection_open(client, toy_port(*state)));
}

static void expect(struct connection *client)
{
    connection_expect_status(client, 200);
    connection_close(client);
}

/*
 * Have all limits pass, for the `times`th time: a client that takes nothing is
 * noticed by the second check. The connection that is idle is checked last, so
 * the others were when it is closed.
 */
static void pass_limits(void **state, uint64_t times)
{
    struct connection idle;

    begin(state, &idle);
    connection_get(&idle, "/plain/hello");
    connection_expect_status(&idle, 200);
    atomic_store(&passed, times * LIMIT_US);
    connection_expect_closed(&idle);
    connection_close(&idle);
}

static void connection_that_waits_has_no_limit_of_time(void **state)
{
    struct connection deferred, stream, sink, chunks;
    struct upload uploads[] = {{"held", "0a", LENGTH, 0},
                               {"held", "0a", LENGTH, 1000}};
    struct upload_bytes bytes[] = {upload_make(&uploads[0], ""),
                                   upload_make(&uploads[1], "")};

    begin(state, &deferred);
    begin(state, &stream);
    begin(state, &sink);
    begin(state, &chunks);
    connection_get(&deferred, "/deferred/held/hello");
    connection_get(&stream, "/stream/held/wsd");
    connection_send(&sink, bytes[0].data, bytes[0].length);
    connection_send(&chunks, bytes[1].data, bytes[1].length);
    toy_wait(*state, TOY_WAITED, 4);
    pass_limits(state, 1);
    pass_limits(state, 2);
    atomic_store(&passed, 0);
    toy_hold_no_more(*state);
    expect(&deferred);
    expect(&stream);
    upload_expect(&sink, &uploads[0]);
    upload_expect(&chunks, &uploads[1]);
    connection_close(&sink);
    connection_close(&chunks);
    free(bytes[0].data);
    free(bytes[1].data);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(
            connection_that_waits_has_no_limit_of_time, setup_loops,
            toy_teardown),
        cmocka_unit_test_setup_teardown(
            connection_that_waits_has_no_limit_of_time, setup_threads,
            toy_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
