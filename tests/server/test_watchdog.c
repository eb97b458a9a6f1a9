/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The watchdog of a service whose parts stop to get on: the server serves the
 * toy, and the linker gives calls of libmicrohttpd and of the server to us,
 * where they are held up.
 */
#include "lib/harness.h"

#include <microhttpd.h>
#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "api/api.h"
#include "base/clock.h"
#include "base/sync.h"
#include "base/workers.h"
#include "lib/manager.h"
#include "process/notify.h"
#include "process/watchdog.h"
#include "server/wait.h"
#include "table/table_parts.h"
#include "toy_client.h"
#include "toy_item.h"

enum {
    USEC = 200000,
    QUIET_MS = 5 * USEC / 1000, /* in which a stuck service says nothing */
    /*
     * Datagrams after something is stuck: one may be on its way, and the first
     * look sees only that it has begun.
     */
    LAST_WORDS = 3,
    MANY = 6, /* datagrams of a service that gets on */
    MEMORY = 64 * 1024 * 1024,
    JOBS = 3,
};

/* Where a call is held up: in a step of a request, or in a wait's begin. */
enum call { NONE, QUEUE, BEGIN };

static struct {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    enum call closed;
    bool reached;
} gate = {.lock = PTHREAD_MUTEX_INITIALIZER,
          .changed = PTHREAD_COND_INITIALIZER};

static void pass(enum call call)
{
    sync_lock(&gate.lock);
    while (gate.closed == call) {
        gate.reached = true;
        sync_broadcast(&gate.changed);
        sync_wait(&gate.changed, &gate.lock);
    }
    sync_unlock(&gate.lock);
}

static void set_gate(enum call call)
{
    sync_lock(&gate.lock);
    gate.closed = call;
    gate.reached = false;
    sync_broadcast(&gate.changed);
    sync_unlock(&gate.lock);
}

static void wait_for_gate(void)
{
    sync_lock(&gate.lock);
    while (!gate.reached)
        sync_wait(&gate.changed, &gate.lock);
    sync_unlock(&gate.lock);
}

/* NOLINTBEGIN(bugprone-reserved-identifier): the linker's names. */
enum MHD_Result __real_MHD_queue_response(struct MHD_Connection *connection,
                                          unsigned status,
                                          struct MHD_Response *response);
enum MHD_Result __wrap_MHD_queue_response(struct MHD_Connection *connection,
                                          unsigned status,
                                          struct MHD_Response *response);
struct http_waiter *__real_wait_begin(struct wait *wait,
                                      void (*cancel)(void *target),
                                      void *target, bool leads);
struct http_waiter *__wrap_wait_begin(struct wait *wait,
                                      void (*cancel)(void *target),
                                      void *target, bool leads);

enum MHD_Result __wrap_MHD_queue_response(struct MHD_Connection *connection,
                                          unsigned status,
                                          struct MHD_Response *response)
{
    pass(QUEUE);
    return __real_MHD_queue_response(connection, status, response);
}

struct http_waiter *__wrap_wait_begin(struct wait *wait,
                                      void (*cancel)(void *target),
                                      void *target, bool leads)
{
    pass(BEGIN);
    return __real_wait_begin(wait, cancel, target, leads);
}
/* NOLINTEND(bugprone-reserved-identifier) */

/* A job that lasts until it is released. */
struct held_job {
    struct worker_job job;
    sem_t begun, may_end;
};

/* A service, as far as the watchdog knows it. */
struct scene {
    struct toy *toy;
    struct manager manager;
    struct notify notify;
    struct table *table;
    struct workers *workers;
    struct api api;
    struct watchdog watchdog;
    struct held_job jobs[JOBS];
};

static void scene_start(struct scene *scene)
{
    char usec[32];

    manager_open(&scene->manager, false);
    snprintf(usec, sizeof(usec), "%d", USEC);
    /* NOLINTBEGIN(concurrency-mt-unsafe): no other thread reads them. */
    setenv("NOTIFY_SOCKET", scene->manager.name, 1);
    setenv("WATCHDOG_USEC", usec, 1);
    /* NOLINTEND(concurrency-mt-unsafe) */
    notify_open(&scene->notify);
    scene->table = table_new(MEMORY);
    scene->workers = workers_start(2);
    assert_non_null(scene->table);
    assert_non_null(scene->workers);
    api_init(&scene->api, scene->table, scene->workers, NULL);
    for (size_t i = 0; i < JOBS; i++) {
        sync_semaphore_init(&scene->jobs[i].begun);
        sync_semaphore_init(&scene->jobs[i].may_end);
    }
    const struct watchdog_parts parts = {&scene->api, scene->toy->server,
                                         scene->table, scene->workers,
                                         &scene->notify};
    assert_true(watchdog_start(&scene->watchdog, &parts));
}

static int start_with(void **state, int (*set_up_toy)(void **state))
{
    static struct scene scene;
    void *toy = NULL;

    set_up_toy(&toy);
    scene = (struct scene){.toy = toy};
    scene_start(&scene);
    *state = &scene;
    return 0;
}

static int set_up_loops(void **state)
{
    return start_with(state, toy_setup_loops);
}

static int set_up_threads(void **state)
{
    return start_with(state, toy_setup_threads);
}

/* Also after a test that has failed, so it lets go of all that it holds. */
static int tear_down(void **state)
{
    struct scene *scene = *state;
    void *toy = scene->toy;

    set_gate(NONE);
    toy_hold(scene->toy, false);
    for (size_t i = 0; i < JOBS; i++)
        sync_semaphore_post(&scene->jobs[i].may_end);
    watchdog_end(&scene->watchdog);
    workers_free(scene->workers);
    table_free(scene->table);
    notify_close(&scene->notify);
    manager_close(&scene->manager);
    return toy_teardown(&toy);
}

static void expect_alive(struct scene *scene)
{
    while (manager_receive(&scene->manager, 0))
        continue; /* what came before */
    for (int i = 0; i < MANY; i++) {
        assert_true(manager_receive(&scene->manager, MANAGER_PATIENCE));
        assert_string_equal(scene->manager.text, "WATCHDOG=1");
    }
}

static void expect_silence(struct scene *scene)
{
    int count = 0;

    while (manager_receive(&scene->manager, 0))
        continue; /* what came before */
    while (count <= LAST_WORDS && manager_receive(&scene->manager, QUIET_MS))
        count++;
    assert_in_range(count, 0, LAST_WORDS);
}

static void datagrams_come_at_half_of_the_time(void **state)
{
    struct scene *scene = *state;

    assert_true(manager_receive(&scene->manager, MANAGER_PATIENCE));
    uint64_t start = clock_us(CLOCK_MONOTONIC);
    for (int i = 0; i < MANY; i++)
        assert_true(manager_receive(&scene->manager, MANAGER_PATIENCE));
    uint64_t elapsed = clock_us(CLOCK_MONOTONIC) - start;
    /* Not sooner, but for one that was received late. */
    assert_true(elapsed > UINT64_C(1) * (MANY - 1) * USEC / 2);
}

/* A loop is held up in a call of ours, and others still serve. */
static void check_stuck_call(struct scene *scene, enum call call,
                             const char *target)
{
    struct connection client, idle;

    toy_get(scene->toy, &idle, "/plain/hello");
    connection_expect_status(&idle, 200);
    expect_alive(scene);
    set_gate(call);
    toy_get(scene->toy, &client, target);
    wait_for_gate();
    expect_silence(scene);
    set_gate(NONE);
    expect_alive(scene);
    connection_expect_status(&client, 200);
    connection_close(&client);
    connection_close(&idle);
}

static void a_stuck_request_ends_the_datagrams(void **state)
{
    check_stuck_call(*state, QUEUE, "/plain/hello");
}

static void a_stuck_stream_ends_the_datagrams(void **state)
{
    check_stuck_call(*state, BEGIN, "/stream/now/sse");
}

static void waits_for_the_application_do_not(void **state)
{
    struct scene *scene = *state;
    struct connection clients[2];

    toy_get(scene->toy, &clients[0], "/deferred/held/hello");
    toy_get(scene->toy, &clients[1], "/stream/held/swse");
    toy_wait(scene->toy, TOY_WAITED, 2);
    expect_alive(scene);
    toy_hold(scene->toy, false);
    for (size_t i = 0; i < 2; i++) {
        connection_expect_status(&clients[i], 200);
        connection_close(&clients[i]);
    }
}

static void a_lock_of_a_stripe_that_is_held_ends_the_datagrams(void **state)
{
    struct scene *scene = *state;
    pthread_rwlock_t *lock = &scene->table->stripes[TABLE_STRIPES - 1].lock;

    expect_alive(scene);
    sync_write_lock(lock);
    expect_silence(scene);
    sync_rwlock_unlock(lock);
    expect_alive(scene);
    /* It is how lists read. */
    sync_read_lock(lock);
    expect_alive(scene);
    sync_rwlock_unlock(lock);
}

static void run_held(struct worker_job *job)
{
    struct held_job *held = container_of(job, struct held_job, job);

    sync_semaphore_post(&held->begun);
    sync_semaphore_wait(&held->may_end);
}

static void submit_job(struct scene *scene, size_t index, enum worker_kind kind,
                       bool reads_disk)
{
    struct held_job *held = &scene->jobs[index];

    held->job = (struct worker_job){
        .run = run_held, .kind = kind, .reads_disk = reads_disk};
    workers_submit(scene->workers, &held->job);
}

static void begin_job(struct scene *scene, size_t index, enum worker_kind kind,
                      bool reads_disk)
{
    submit_job(scene, index, kind, reads_disk);
    sync_semaphore_wait(&scene->jobs[index].begun);
}

static void a_stuck_worker_ends_the_datagrams(void **state)
{
    struct scene *scene = *state;

    /* A whole list may take its time. */
    begin_job(scene, 0, WORKER_SLOW, false);
    expect_alive(scene);
    begin_job(scene, 1, WORKER_SHORT, false);
    expect_silence(scene);
    sync_semaphore_post(&scene->jobs[1].may_end);
    expect_alive(scene);
}

/*
 * As on a machine with too much to do: at each moment a job is long at work,
 * but none of them since the last datagram.
 */
static void many_that_get_on_are_no_stuck_one(void **state)
{
    struct scene *scene = *state;

    begin_job(scene, 0, WORKER_SHORT, false);
    expect_silence(scene);
    begin_job(scene, 1, WORKER_SHORT, false);
    expect_silence(scene);
    sync_semaphore_post(&scene->jobs[0].may_end);
    assert_true(manager_receive(&scene->manager, MANAGER_PATIENCE));
    expect_silence(scene);
    sync_semaphore_post(&scene->jobs[1].may_end);
    expect_alive(scene);
}

/* It would come too late after the whole of half the time. */
static void a_datagram_that_is_not_taken_is_sent_again_soon(void **state)
{
    struct scene *scene = *state;

    assert_true(manager_receive(&scene->manager, MANAGER_PATIENCE));
    watchdog_end(&scene->watchdog);
    size_t count = manager_fill(&scene->manager);
    scene->notify.watchdog_us = MANAGER_PATIENCE / 2 * UINT64_C(1000);
    const struct watchdog_parts parts = scene->watchdog.parts;
    uint64_t start = clock_us(CLOCK_MONOTONIC);
    assert_true(watchdog_start(&scene->watchdog, &parts));
    while (clock_us(CLOCK_MONOTONIC) - start < USEC)
        sched_yield(); /* the first is due at once */
    manager_empty(&scene->manager, count);
    assert_true(manager_receive(&scene->manager, MANAGER_PATIENCE / 8));
    assert_string_equal(scene->manager.text, "WATCHDOG=1");
}

/* Both workers, so that a third job waits for them. */
static void a_disk_that_hangs_does_not(void **state)
{
    struct scene *scene = *state;

    begin_job(scene, 0, WORKER_STEP, true);
    begin_job(scene, 1, WORKER_SHORT, true);
    submit_job(scene, 2, WORKER_SHORT, false);
    expect_alive(scene);
}

#define WATCHDOG_TEST(test)                                                    \
    {#test " (event loops)", test, set_up_loops, tear_down, NULL},             \
    {                                                                          \
#test " (threads)", test, set_up_threads, tear_down, NULL              \
    }

#define LOOPS_TEST(test)                                                       \
    cmocka_unit_test_setup_teardown(test, set_up_loops, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        LOOPS_TEST(datagrams_come_at_half_of_the_time),
        WATCHDOG_TEST(a_stuck_request_ends_the_datagrams),
        WATCHDOG_TEST(a_stuck_stream_ends_the_datagrams),
        WATCHDOG_TEST(waits_for_the_application_do_not),
        /* The same in both modes. */
        LOOPS_TEST(a_lock_of_a_stripe_that_is_held_ends_the_datagrams),
        LOOPS_TEST(a_stuck_worker_ends_the_datagrams),
        LOOPS_TEST(many_that_get_on_are_no_stuck_one),
        LOOPS_TEST(a_datagram_that_is_not_taken_is_sent_again_soon),
        LOOPS_TEST(a_disk_that_hangs_does_not),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
