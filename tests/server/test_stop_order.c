/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Moments of a stop in event loops that come up rarely: a loop is held up in
 * a call of libmicrohttpd's, which the linker gives to us.
 */
#include "harness.h"

#include <microhttpd.h>
#include <pthread.h>

#include "base/sync.h"
#include "toy.h"

enum { SOON_MS = 50 };

/* The calls that hold up the loop that makes them. */
enum call { NONE, SUSPEND, QUEUE };

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

static void wait_until(const bool *condition)
{
    sync_lock(&gate.lock);
    while (!*condition)
        sync_wait(&gate.changed, &gate.lock);
    sync_unlock(&gate.lock);
}

/* NOLINTBEGIN(bugprone-reserved-identifier): the linker's names. */
void __real_MHD_suspend_connection(struct MHD_Connection *connection);
void __wrap_MHD_suspend_connection(struct MHD_Connection *connection);
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
    __real_MHD_suspend_connection(connection);
    hold_up(SUSPEND);
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

static void *run_stop(void *toy)
{
    toy_stop(toy);
    return NULL;
}

/* In a toy that has one loop. */
static struct connection ask(struct toy *toy, const char *target)
{
    struct connection client;

    assert_true(connection_open(&client, toy_port(toy)));
    connection_get(&client, target);
    return client;
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(deferred_is_not_cancelled_before_its_start),
        cmocka_unit_test(deferred_woken_too_late_to_be_finished_is_freed),
    };
    sync_mutex_init(&gate.lock);
    sync_cond_init(&gate.changed);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
