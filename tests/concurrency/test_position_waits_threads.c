/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tests of waits for a position with many threads: those that wait, that cancel
 * and that free, and one that says how far the journal is, as the journal's
 * does. With a sanitizer for threads they show races.
 */
#include "lib/unit_check.h"

#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>

#include "api/position_waits.h"
#include "base/sync.h"

enum {
    THREADS = 6,
    ROUNDS = 3000, /* waits of each */
    MOST = 4,      /* places: fewer than threads */
};

struct scene {
    struct position_waits waits;
    _Atomic uint64_t position; /* that the journal is at */
    _Atomic uint64_t time;
    _Atomic unsigned ended; /* threads */
    _Atomic unsigned refused, reached, late;
};

struct client {
    struct scene *scene;
    unsigned number;
    struct http_waiter waiter;
    sem_t wakes;
    struct position_wait wait;
    sem_t handed, cancelled; /* between it and who cancels */
    _Atomic bool ends;
    pthread_t thread, canceller;
};

static void wake(struct http_waiter *first)
{
    while (first != NULL) {
        struct http_waiter *next = first->next;
        struct client *client = container_of(first, struct client, waiter);
        sync_semaphore_post(&client->wakes);
        first = next;
    }
}

/* One wait: for what is about to come, or for what comes late. */
static void wait_once(struct client *client, unsigned round)
{
    struct scene *scene = client->scene;

    client->wait = (struct position_wait){
        .position = atomic_load(&scene->position) + round % 5,
        .deadline = atomic_load(&scene->time) + 1 + round % 3,
        .waiter = &client->waiter,
    };
    position_waits_start(&scene->waits, &client->wait);
    if (round % 4 == 0) {
        /* As the server does, from another thread, during the wake or not. */
        sync_semaphore_post(&client->handed);
        sync_semaphore_wait(&client->cancelled);
    }
    sync_semaphore_wait(&client->wakes);
    if (atomic_load(&scene->position) >= client->wait.position)
        atomic_fetch_add(&scene->reached, 1);
    else
        atomic_fetch_add(&scene->late, 1);
}

static void *run_client(void *context)
{
    struct client *client = context;
    struct scene *scene = client->scene;

    for (unsigned round = 0; round < ROUNDS; round++) {
        while (!position_waits_take_place(&scene->waits)) {
            atomic_fetch_add(&scene->refused, 1);
            sched_yield();
        }
        wait_once(client, round + client->number);
        position_waits_give_place(&scene->waits);
    }
    atomic_store(&client->ends, true);
    sync_semaphore_post(&client->handed);
    atomic_fetch_add(&scene->ended, 1);
    return NULL;
}

static void *run_cancels(void *context)
{
    struct client *client = context;

    for (;;) {
        sync_semaphore_wait(&client->handed);
        if (atomic_load(&client->ends))
            return NULL;
        position_waits_cancel(&client->scene->waits, &client->wait);
        sync_semaphore_post(&client->cancelled);
    }
}

/* As the journal's thread. */
static void run_journal(struct scene *scene)
{
    for (unsigned i = 0; atomic_load(&scene->ended) < THREADS; i++) {
        uint64_t position = atomic_load(&scene->position) + (i % 3 == 0);
        uint64_t now = atomic_fetch_add(&scene->time, 1);

        atomic_store(&scene->position, position);
        http_wake_all(position_waits_reach(&scene->waits, position, now, NULL));
        if (i % 16 == 0)
            sched_yield();
    }
}

static void start(pthread_t *thread, void *(*run)(void *), void *context)
{
    assert_int_equal(pthread_create(thread, NULL, run, context), 0);
}

static void start_clients(struct scene *scene, struct client clients[THREADS])
{
    for (unsigned i = 0; i < THREADS; i++) {
        struct client *client = &clients[i];
        client->scene = scene;
        client->number = i;
        client->waiter.wake = wake;
        sync_semaphore_init(&client->wakes);
        sync_semaphore_init(&client->handed);
        sync_semaphore_init(&client->cancelled);
        start(&client->thread, run_client, client);
        start(&client->canceller, run_cancels, client);
    }
}

/* Once they have ended no wake is left, and no place is taken. */
static void join_clients(struct scene *scene, struct client clients[THREADS])
{
    for (unsigned i = 0; i < THREADS; i++) {
        sync_join(clients[i].thread);
        sync_join(clients[i].canceller);
        assert_int_equal(sem_trywait(&clients[i].wakes), -1);
        sem_destroy(&clients[i].wakes);
        sem_destroy(&clients[i].handed);
        sem_destroy(&clients[i].cancelled);
    }
    assert_int_equal(position_waits_count(&scene->waits), 0);
}

/* A wake that is missing would hang here; a second one would be left over. */
static void each_wait_is_woken_once(void **context)
{
    static struct scene scene;
    static struct client clients[THREADS];

    (void)context;
    position_waits_init(&scene.waits, MOST);
    start_clients(&scene, clients);
    run_journal(&scene);
    join_clients(&scene, clients);
    assert_int_equal(scene.reached + scene.late, THREADS * ROUNDS);
    assert_true(scene.reached > 0 && scene.late > 0 && scene.refused > 0);
}

/* Whoever comes during the stop is woken too. */
static void stop_wakes_all(void **context)
{
    static struct scene scene;
    static struct client clients[THREADS];

    (void)context;
    position_waits_init(&scene.waits, THREADS);
    start_clients(&scene, clients);
    position_waits_stop(&scene.waits);
    join_clients(&scene, clients);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_wait_is_woken_once),
        cmocka_unit_test(stop_wakes_all),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
