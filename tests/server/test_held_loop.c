/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Moments that come up rarely: a loop is held up in a call of libmicrohttpd's,
 * or a limit of time passes, as the linker gives these calls to us.
 */
#include "lib/harness.h"

#include <microhttpd.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>

#include "base/sync.h"
#include "server/server.h"
#include "toy_client.h"

enum {
    SOON_MS = 50,
    LENGTH = 100000,
    LIMIT = 7200, /* seconds: longer than any limit, also the toy's */
    /* A stop waits no longer for what is in flight. */
    STOPPED_MS = SERVER_STOP_MS + 1000,
};

/*
 * The calls of libmicrohttpd's, in two places where there are two, and of
 * wait_is_over().
 */
enum call {
    NONE,
    BEFORE_SUSPEND,
    SUSPEND,
    RESUME,
    QUEUE,
    STOP,
    IS_OVER,
    CALLS
};

static struct {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    bool closed[CALLS];  /* what makes this call is held up */
    bool reached[CALLS]; /* since the gate was set */
} gate;

static void pass(enum call call)
{
    sync_lock(&gate.lock);
    gate.reached[call] = true;
    sync_broadcast(&gate.changed);
    while (gate.closed[call])
        sync_wait(&gate.changed, &gate.lock);
    sync_unlock(&gate.lock);
}

/* Close it for these two calls alone, or open it. */
static void set_gates(enum call one, enum call other)
{
    sync_lock(&gate.lock);
    memset(gate.closed, 0, sizeof(gate.closed));
    gate.closed[one] = gate.closed[other] = true;
    gate.closed[NONE] = false;
    memset(gate.reached, 0, sizeof(gate.reached));
    sync_broadcast(&gate.changed);
    sync_unlock(&gate.lock);
}

static void set_gate(enum call call)
{
    set_gates(call, NONE);
}

/* Whether `call` is reached within `ms`. */
static bool is_reached(enum call call, uint64_t ms)
{
    struct timespec deadline = sync_deadline(ms);
    bool in_time = true;

    sync_lock(&gate.lock);
    while (!gate.reached[call] && in_time)
        in_time = sync_wait_until(&gate.changed, &gate.lock, &deadline);
    bool reached = gate.reached[call];
    sync_unlock(&gate.lock);
    return reached;
}

static void wait_for(enum call call)
{
    assert_true(is_reached(call, CONNECTION_PATIENCE));
}

/* NOLINTBEGIN(bugprone-reserved-identifier): the linker's names. */
void __real_MHD_suspend_connection(struct MHD_Connection *connection);
void __wrap_MHD_suspend_connection(struct MHD_Connection *connection);
void __real_MHD_resume_connection(struct MHD_Connection *connection);
void __wrap_MHD_resume_connection(struct MHD_Connection *connection);
enum MHD_Result __real_MHD_queue_response(struct MHD_Connection *connection,
                                          unsigned status,
                                          struct MHD_Response *response);
enum MHD_Result __wrap_MHD_queue_response(struct MHD_Connection *connection,
                                          unsigned status,
                                          struct MHD_Response *response);
void __real_MHD_stop_daemon(struct MHD_Daemon *daemon);
void __wrap_MHD_stop_daemon(struct MHD_Daemon *daemon);

void __wrap_MHD_suspend_connection(struct MHD_Connection *connection)
{
    pass(BEFORE_SUSPEND);
    __real_MHD_suspend_connection(connection);
    pass(SUSPEND);
}

void __wrap_MHD_resume_connection(struct MHD_Connection *connection)
{
    pass(RESUME);
    __real_MHD_resume_connection(connection);
}

enum MHD_Result __wrap_MHD_queue_response(struct MHD_Connection *connection,
                                          unsigned status,
                                          struct MHD_Response *response)
{
    pass(QUEUE);
    return __real_MHD_queue_response(connection, status, response);
}

void __wrap_MHD_stop_daemon(struct MHD_Daemon *daemon)
{
    pass(STOP);
    __real_MHD_stop_daemon(daemon);
}

struct wait;
bool __real_wait_is_over(const struct wait *wait);
bool __wrap_wait_is_over(const struct wait *wait);

bool __wrap_wait_is_over(const struct wait *wait)
{
    pass(IS_OVER);
    return __real_wait_is_over(wait);
}

/* Only the list of connections calls it. */
uint64_t __real_connection_clock(void);
uint64_t __wrap_connection_clock(void);

static _Atomic uint64_t passed, readings;

uint64_t __wrap_connection_clock(void)
{
    atomic_fetch_add(&readings, 1);
    return __real_connection_clock() + atomic_load(&passed);
}
/* NOLINTEND(bugprone-reserved-identifier) */

static void wake_while_it_is_suspended(struct toy *toy, enum call call)
{
    static const struct toy_ask asks[] = {
        TOY_GET("stream", "held", "wse"),
        TOY_SINK("held", "0a", LENGTH, 0),
    };
    struct connection client;

    toy_open(toy, &client);
    for (size_t i = 0; i < sizeof(asks) / sizeof(asks[0]); i++) {
        set_gate(call);
        toy_send(&client, &asks[i]);
        wait_for(call);
        assert_int_equal(toy_wake_held(toy), 1);
        set_gate(NONE);
        toy_hold(toy, false);
        toy_expect(&client, &asks[i]);
        toy_hold(toy, true);
    }
    connection_close(&client);
}

static void wake_before_the_suspension_is_not_lost(void **state)
{
    wake_while_it_is_suspended(*state, BEFORE_SUSPEND);
}

static void wake_during_the_suspension_is_not_lost(void **state)
{
    wake_while_it_is_suspended(*state, SUSPEND);
}

static void deferred_is_started_after_the_suspension(void **state)
{
    struct connection client;

    set_gate(BEFORE_SUSPEND);
    toy_get(*state, &client, "/deferred/now/hello");
    wait_for(BEFORE_SUSPEND);
    assert_int_equal(toy_count(*state, TOY_STARTED), 0);
    set_gate(NONE);
    connection_expect_status(&client, 200);
    connection_close(&client);
}

/*
 * The first connection is suspended and not started yet when the stop finds
 * the second one, and cancels it.
 */
static void deferred_is_not_cancelled_before_its_start(void **state)
{
    struct connection first, second;

    toy_get(*state, &first, "/plain/hello");
    connection_expect_status(&first, 200);
    toy_get(*state, &second, "/deferred/held/second");
    toy_wait(*state, TOY_WAITED, 1);
    set_gate(SUSPEND);
    connection_get(&first, "/deferred/held/first");
    wait_for(SUSPEND);
    toy_begin_stop(*state);
    toy_wait(*state, TOY_CANCELLED, 1);
    set_gate(STOP); /* so that the loops have the time that they need */
    connection_expect_status(&first, 503);
    connection_expect_status(&second, 503);
    set_gate(NONE);
    toy_end_stop(*state);
    connection_close(&first);
    connection_close(&second);
    assert_int_equal(toy_count(*state, TOY_CANCELLED), 2);
}

/*
 * Its loop is busy from before the wake until the service ends. Should it get
 * to the finish nevertheless, that is right, too.
 */
static void deferred_woken_too_late_to_be_finished_is_freed(void **state)
{
    struct toy *toy = toy_start(false, 1);
    struct connection waiting, busy;

    (void)state;
    toy_get(toy, &waiting, "/deferred/held/hello");
    toy_wait(toy, TOY_WAITED, 1);
    set_gate(QUEUE);
    toy_get(toy, &busy, "/plain/hello");
    wait_for(QUEUE);
    toy_begin_stop(toy);
    wait_for(STOP);
    assert_int_equal(toy_count(toy, TOY_CANCELLED), 1);
    assert_int_equal(toy_count(toy, TOY_WOKEN), 1);
    process_wait_until(process_clock() + SOON_MS);
    set_gate(NONE);
    toy_end_stop(toy);
    if (toy_count(toy, TOY_FREED) != 1)
        print_message("too slow a machine to be too late\n");
    connection_close(&waiting);
    connection_close(&busy);
    assert_true(toy_free(toy));
}

static void *run_wake(void *toy)
{
    toy_wake_held(toy);
    return NULL;
}

/*
 * The sink waits, and another chunk is offered at once. Its wake has begun, but
 * the connection is not resumed yet: nothing must be made of the chunk. The one
 * loop is through with it when it serves another client.
 */
static void chunk_offered_before_the_resume_is_left(void **state)
{
    static const struct toy_ask ask = TOY_SINK("held", "Aa", LENGTH, 1000);
    struct connection client, other;
    pthread_t wake;

    (void)state;
    if (atomic_load(&readings) == 0)
        skip(); /* as below */
    struct toy *toy = toy_start(false, 1);
    toy_get(toy, &other, "/plain/hello");
    connection_expect_status(&other, 200);
    toy_open(toy, &client);
    set_gates(IS_OVER, RESUME);
    toy_send(&client, &ask);
    wait_for(IS_OVER);
    assert_int_equal(pthread_create(&wake, NULL, run_wake, toy), 0);
    wait_for(RESUME);
    set_gate(RESUME);
    connection_get(&other, "/plain/hello");
    connection_expect_status(&other, 200);
    assert_int_equal(toy_count(toy, TOY_CALLED), 1);
    set_gate(NONE);
    pthread_join(wake, NULL);
    toy_hold(toy, false);
    toy_expect(&client, &ask);
    connection_close(&client);
    connection_close(&other);
    toy_stop(toy);
    assert_true(toy_free(toy));
}

/* Its wake has begun, but the connection is not resumed yet. */
static void stop_waits_for_a_wake_that_is_under_way(void **state)
{
    struct connection client;
    pthread_t wake;

    toy_get(*state, &client, "/deferred/held/hello");
    toy_wait(*state, TOY_WAITED, 1);
    set_gate(RESUME);
    assert_int_equal(pthread_create(&wake, NULL, run_wake, *state), 0);
    wait_for(RESUME);
    toy_begin_stop(*state);
    bool ended = is_reached(STOP, STOPPED_MS);
    set_gate(NONE);
    assert_false(ended);
    connection_expect_status(&client, 200);
    pthread_join(wake, NULL);
    toy_end_stop(*state);
    connection_close(&client);
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
    atomic_store(&passed, times * LIMIT * UINT64_C(1000000));
    connection_expect_closed(&idle);
    connection_close(&idle);
}

/*
 * Limits of time do not hold for who waits for the application. The thread that
 * checks them reads our clock, so that hours pass at once.
 */
static void connection_that_waits_has_no_limit_of_time(void **state)
{
    static const struct toy_ask asks[] = {
        TOY_GET("deferred", "held", "hello"),
        TOY_GET("stream", "held", "wsd"),
        TOY_SINK("held", "0a", LENGTH, 0),
        TOY_SINK("held", "0a", LENGTH, 1000),
    };
    enum { ASKS = sizeof(asks) / sizeof(asks[0]) };
    struct connection clients[ASKS];

    if (atomic_load(&readings) == 0)
        skip(); /* an optimisation across files has left no call */
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

#define LOOPS_TEST(test)                                                       \
    {                                                                          \
#test, test, toy_setup_loops, toy_teardown, NULL                       \
    }

int main(void)
{
    const struct CMUnitTest tests[] = {
        TOY_TEST(connection_that_waits_has_no_limit_of_time),
        LOOPS_TEST(wake_before_the_suspension_is_not_lost),
        LOOPS_TEST(wake_during_the_suspension_is_not_lost),
        LOOPS_TEST(deferred_is_started_after_the_suspension),
        cmocka_unit_test(chunk_offered_before_the_resume_is_left),
        LOOPS_TEST(stop_waits_for_a_wake_that_is_under_way),
        LOOPS_TEST(deferred_is_not_cancelled_before_its_start),
        cmocka_unit_test(deferred_woken_too_late_to_be_finished_is_freed),
    };
    sync_mutex_init(&gate.lock);
    sync_cond_init(&gate.changed);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
