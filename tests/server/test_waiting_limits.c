/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Limits of time do not hold for who waits for the application. The thread
 * that checks them asks connection_clock(), which the linker gives to us, so
 * that a minute passes at once.
 */
#include "lib/harness.h"

#include <stdatomic.h>

#include "toy_client.h"

enum { LENGTH = 100000, LIMIT_US = 60 * 1000000 };

static const struct toy_ask asks[] = {
    TOY_GET("deferred", "held", "hello"),
    TOY_GET("stream", "held", "wsd"),
    TOY_SINK("held", "0a", LENGTH, 0),
    TOY_SINK("held", "0a", LENGTH, 1000),
};

enum { ASKS = sizeof(asks) / sizeof(asks[0]) };

static _Atomic uint64_t passed;

/* The linker's names; only the list of connections calls the first. */
uint64_t __real_connection_clock(void);
uint64_t __wrap_connection_clock(void);

uint64_t __wrap_connection_clock(void)
{
    return __real_connection_clock() + atomic_load(&passed);
}

/*
 * Have all limits pass, for the `times`th time: a client that takes nothing is
 * noticed by the second check. The connection that is idle is checked last, so
 * the others were when it is closed.
 */
static void pass_limits(struct toy *toy, uint64_t times)
{
    struct connection idle;

    toy_get(toy, &idle, "/plain/hello");
    connection_expect_status(&idle, 200);
    atomic_store(&passed, times * LIMIT_US);
    connection_expect_closed(&idle);
    connection_close(&idle);
}

static void connection_that_waits_has_no_limit_of_time(void **state)
{
    struct connection clients[ASKS];

    for (size_t i = 0; i < ASKS; i++) {
        toy_open(*state, &clients[i]);
        toy_send(&clients[i], &asks[i]);
    }
    toy_wait(*state, TOY_WAITED, ASKS);
    pass_limits(*state, 1);
    pass_limits(*state, 2);
    atomic_store(&passed, 0);
    toy_hold(*state, false);
    for (size_t i = 0; i < ASKS; i++) {
        toy_expect(&clients[i], &asks[i]);
        connection_close(&clients[i]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TOY_TEST(connection_that_waits_has_no_limit_of_time),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
