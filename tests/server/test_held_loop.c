/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Moments in event loops that come up rarely: a loop is held up in a call of
 * libmicrohttpd's, which the linker gives to us.
 */
#include "lib/harness.h"

#include <microhttpd.h>
#include <pthread.h>
#include <stdlib.h>

#include "base/sync.h"
#include "server/server.h"
#include "toy_client.h"

enum {
    SOON_MS = 50,
    LENGTH = 100000,
    /* A stop waits no longer for what is in flight. */
    STOPPED_MS = (SERVER_STOP_SECONDS + 1) * 1000,
};

/* The calls that hold up the loop that makes them. */
enum call { NONE, BEFORE_SUSPEND, SUSPEND, RESUME, QUEUE };

static struct {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    enum call call; /* the next one of these is held up */
    bool held;      /* one is */
    bool ending;    /* MHD_stop_daemon() is about to be called */
} gate;

static void hold_up(enum call call)
{
    sync_lock(&gate.lock);
    if (gate.call == call) {
        gate.held = true;
        sync_broadcast(&gate.changed);
        while (gate.call == call)
            sync_wait(&gate.changed, &gate.lock);
        gate.held = false;
    }
    sync_unlock(&gate.lock);
}

static void set_gate(enum call call)
{
    sync_lock(&gate.lock);
    gate.call = call;
    sync_broadcast(&gate.changed);
    sync_unlock(&gate.lock);
}

/* False if `ms` pass before. */
static bool comes_true(const bool *condition, uint64_t ms)
{
    struct timespec deadline = sync_deadline(ms);
    bool in_time = true;

    sync_lock(&gate.lock);
    while (!*condition && in_time)
        in_time = sync_wait_until(&gate.changed, &gate.lock, &deadline);
    bool came = *condition;
    sync_unlock(&gate.lock);
    return came;
}

static void wait_until(const bool *condition)
{
    assert_true(comes_true(condition, CONNECTION_PATIENCE));
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
    hold_up(BEFORE_SUSPEND);
    __real_MHD_suspend_connection(connection);
    hold_up(SUSPEND);
}

void __wrap_MHD_resume_connection(struct MHD_Connection *connection)
{
    hold_up(RESUME);
    __real_MHD_resume_connection(connection);
}

enum MHD_Result __wrap_MHD_queue_response(struct MHD_Connection *connection,
                                          unsigned status,
                                          struct MHD_Response *response)
{
    hold_up(QUEUE);
    return __real_MHD_queue_response(connection, status, response);
}

void __wrap_MHD_stop_daemon(struct MHD_Daemon *daemon)
{
    sync_lock(&gate.lock);
    gate.ending = true;
    sync_broadcast(&gate.changed);
    sync_unlock(&gate.lock);
    __real_MHD_stop_daemon(daemon);
}
/* NOLINTEND(bugprone-reserved-identifier) */

static void *run_wake(void *toy)
{
    toy_wake_held(toy);
    return NULL;
}

static void *run_stop(void *toy)
{
    toy_stop(toy);
    return NULL;
}

static struct connection ask(struct toy *toy, const char *target)
{
    struct connection client;

    toy_open(toy, &client);
    connection_get(&client, target);
    return client;
}

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
        wait_until(&gate.held);
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
    client = ask(*state, "/deferred/now/hello");
    wait_until(&gate.held);
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
    struct toy *toy = toy_start(false, 2);
    struct connection first, second;
    pthread_t thread;

    (void)state;
    assert_true(connection_open(&first, toy_port(toy)));
    connection_get(&first, "/plain/hello");
    connection_expect_status(&first, 200);
    second = ask(toy, "/deferred/held/second");
    toy_wait(toy, TOY_WAITED, 1);
    set_gate(SUSPEND);
    connection_get(&first, "/deferred/held/first");
    wait_until(&gate.held);
    assert_int_equal(pthread_create(&thread, NULL, run_stop, toy), 0);
    toy_wait(toy, TOY_CANCELLED, 1);
    set_gate(NONE);
    connection_expect_status(&first, 503);
    connection_expect_status(&second, 503);
    pthread_join(thread, NULL);
    connection_close(&first);
    connection_close(&second);
    assert_int_equal(toy_count(toy, TOY_CANCELLED), 2);
    assert_true(toy_free(toy));
}

/*
 * Its loop is busy from before the wake until the service ends. Should it get
 * to the finish nevertheless, that is right, too.
 */
static void deferred_woken_too_late_to_be_finished_is_freed(void **state)
{
    struct toy *toy = toy_start(false, 1);
    struct connection waiting = ask(toy, "/deferred/held/hello"), busy;
    pthread_t thread;

    (void)state;
    toy_wait(toy, TOY_WAITED, 1);
    gate.ending = false;
    set_gate(QUEUE);
    busy = ask(toy, "/plain/hello");
    wait_until(&gate.held);
    assert_int_equal(pthread_create(&thread, NULL, run_stop, toy), 0);
    wait_until(&gate.ending);
    assert_int_equal(toy_count(toy, TOY_CANCELLED), 1);
    assert_int_equal(toy_count(toy, TOY_WOKEN), 1);
    process_wait_until(process_clock() + SOON_MS);
    set_gate(NONE);
    pthread_join(thread, NULL);
    if (toy_count(toy, TOY_FREED) != 1)
        print_message("too slow a machine to be too late\n");
    connection_close(&waiting);
    connection_close(&busy);
    assert_true(toy_free(toy));
}

/* Its wake has begun, but the connection is not resumed yet. */
static void stop_waits_for_a_wake_that_is_under_way(void **state)
{
    struct toy *toy = toy_start(false, 2);
    struct connection client = ask(toy, "/deferred/held/hello");
    pthread_t wake, stop;

    (void)state;
    toy_wait(toy, TOY_WAITED, 1);
    gate.ending = false;
    set_gate(RESUME);
    assert_int_equal(pthread_create(&wake, NULL, run_wake, toy), 0);
    wait_until(&gate.held);
    assert_int_equal(pthread_create(&stop, NULL, run_stop, toy), 0);
    bool ended = comes_true(&gate.ending, STOPPED_MS);
    set_gate(NONE);
    assert_false(ended);
    connection_expect_status(&client, 200);
    pthread_join(wake, NULL);
    pthread_join(stop, NULL);
    connection_close(&client);
    assert_true(toy_free(toy));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(wake_before_the_suspension_is_not_lost,
                                        toy_setup_loops, toy_teardown),
        cmocka_unit_test_setup_teardown(wake_during_the_suspension_is_not_lost,
                                        toy_setup_loops, toy_teardown),
        cmocka_unit_test_setup_teardown(
            deferred_is_started_after_the_suspension, toy_setup_loops,
            toy_teardown),
        cmocka_unit_test(stop_waits_for_a_wake_that_is_under_way),
        cmocka_unit_test(deferred_is_not_cancelled_before_its_start),
        cmocka_unit_test(deferred_woken_too_late_to_be_finished_is_freed),
    };
    sync_mutex_init(&gate.lock);
    sync_cond_init(&gate.changed);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
