/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tests of how readers and waits end, with many threads: by a change, by a
 * deadline, cancelled by another thread at any moment, or because the hub
 * stops. Each wait is woken exactly once, or the test does not end.
 */
#include "lib/unit_check.h"

#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <stdatomic.h>

#include "base/sync.h"
#include "base/workers.h"
#include "lib/event_count.h"
#include "lib/event_lines.h"
#include "lib/generator.h"
#include "lib/messages.h"
#include "live/hub_parts.h"
#include "table/table.h"

enum {
    CLIENTS = 6,
    ROUNDS = 20,         /* hubs, one after the other */
    MOST_ENDS = 1200,    /* readers and waits of a round, before the stop */
    CANCELLER_TICKS = 8, /* between two cancels, at most */
    CANCELLER_YIELDS = 20,
};

struct scene {
    struct table *table;
    struct workers *workers;
    struct hub *hub;
    const char *summary;
    pthread_t ticker;
    _Atomic bool ended; /* the ticks, and so the cancels */
    struct event_count ticks;
    struct event_count ends; /* of readers and waits */
};

/* Makes waits and readers. Another thread cancels what it has at hand. */
struct client {
    struct scene *scene;
    struct random random;
    pthread_t thread, canceller;
    sem_t woken;
    pthread_mutex_t lock;
    /* Guarded by `lock`. */
    struct hub_reader *reader;
    bool waiting; /* `wait` may be cancelled */
    bool ended;
    struct hub_wait wait; /* of the hub, between its start and its wake */
};

static void check(bool holds, const char *what)
{
    if (holds)
        return;
    fprintf(stderr, "%s\n", what);
    abort();
}

static void wake_clients(struct hub_reader *first)
{
    for (struct hub_reader *next; first != NULL; first = next) {
        struct client *client = hub_reader_owner(first);
        next = hub_reader_next_woken(first);
        sync_semaphore_post(&client->woken);
    }
}

static void wake_wait(struct hub_wait *wait)
{
    sync_semaphore_post(&container_of(wait, struct client, wait)->woken);
}

static void set_reader(struct client *client, struct hub_reader *reader)
{
    sync_lock(&client->lock);
    client->reader = reader;
    sync_unlock(&client->lock);
}

/* False once the hub stops. */
static bool read_a_while(struct client *client)
{
    const struct text id = TEXT("1");
    struct buffer out = BUFFER_INIT;
    struct hub_reader *reader;
    enum hub_flow flow = HUB_MORE;
    struct hub_reader_options options = {
        .owner = client,
        .events = 1 + (unsigned)random_below(&client->random, 15),
        .interval_ms = 100,
        .resumes = random_below(&client->random, 2) == 0,
        .ids = &id,
        .id_count = random_below(&client->random, 2),
    };

    if (hub_add_reader(client->scene->hub, &options, &reader) != HUB_ADDED)
        return false;
    set_reader(client, reader);
    for (uint64_t i = random_below(&client->random, 10); i > 0; i--) {
        flow = hub_reader_next(reader, &out, 50, true);
        if (flow == HUB_WAIT)
            sync_semaphore_wait(&client->woken);
        else if (flow != HUB_MORE)
            break;
    }
    set_reader(client, NULL);
    hub_reader_free(reader);
    buffer_release(&out);
    return true;
}

static void set_waiting(struct client *client, bool waiting)
{
    sync_lock(&client->lock);
    client->waiting = waiting;
    sync_unlock(&client->lock);
}

static bool wait_a_while(struct client *client)
{
    struct hub *hub = client->scene->hub;
    enum hub_added added = hub_add_wait(hub);

    if (added != HUB_ADDED)
        return false;
    client->wait = (struct hub_wait){
        .after = table_revision(client->scene->table) +
                 random_below(&client->random, 3),
        .ms = (unsigned)random_below(&client->random, 3000),
        .wake = wake_wait,
    };
    hub_wait_start(hub, &client->wait);
    set_waiting(client, true);
    sync_semaphore_wait(&client->woken);
    set_waiting(client, false);
    hub_wait_free(hub);
    return true;
}

static void *run_client(void *argument)
{
    struct client *client = argument;
    bool more = true;

    while (more) {
        more = random_below(&client->random, 2) == 0 ? read_a_while(client)
                                                     : wait_a_while(client);
        event_count_add(&client->scene->ends);
    }
    sync_lock(&client->lock);
    client->ended = true;
    sync_unlock(&client->lock);
    return NULL;
}

/* At any moment of a tick. */
static void *run_canceller(void *argument)
{
    struct client *client = argument;
    struct random random = {(uint64_t)(uintptr_t)client};

    for (bool ended = false; !ended;) {
        event_count_wait(&client->scene->ticks,
                         random_below(&random, CANCELLER_TICKS + 1));
        for (uint64_t i = random_below(&random, CANCELLER_YIELDS); i > 0; i--)
            sched_yield();
        sync_lock(&client->lock);
        ended = client->ended || atomic_load(&client->scene->ended);
        if (!ended && client->reader != NULL)
            hub_reader_cancel(client->reader);
        if (!ended && client->waiting)
            hub_wait_cancel(client->scene->hub, &client->wait);
        sync_unlock(&client->lock);
    }
    return NULL;
}

/* Changes, and ticks that come fast. */
static void *run_ticks(void *argument)
{
    struct scene *scene = argument;

    for (uint64_t i = 1; !atomic_load(&scene->ended); i++) {
        struct message message = message_speed(i % 2 == 0 ? "1" : "2", i, 1);
        if (i % 3 == 0)
            check(table_apply(scene->table, &message) == MESSAGE_APPLIED,
                  "not applied");
        hub_tick(scene->hub, 1000 + i * HUB_TICK_MS);
        event_count_add(&scene->ticks);
        sched_yield();
    }
    return NULL;
}

static void start_clients(struct scene *scene, struct client *clients,
                          uint64_t round)
{
    for (uint64_t i = 0; i < CLIENTS; i++) {
        struct client *client = &clients[i];
        *client =
            (struct client){.scene = scene, .random = {round * CLIENTS + i}};
        sync_semaphore_init(&client->woken);
        sync_mutex_init(&client->lock);
        assert_int_equal(
            pthread_create(&client->thread, NULL, run_client, client), 0);
        assert_int_equal(
            pthread_create(&client->canceller, NULL, run_canceller, client), 0);
    }
}

static void join_clients(struct client *clients)
{
    int wakes;

    for (size_t i = 0; i < CLIENTS; i++) {
        sync_join(clients[i].thread);
        sync_join(clients[i].canceller);
        assert_int_equal(sem_getvalue(&clients[i].woken, &wakes), 0);
        assert_int_equal(wakes, 0);
        sem_destroy(&clients[i].woken);
        pthread_mutex_destroy(&clients[i].lock);
    }
}

static void end_ticks(struct scene *scene)
{
    atomic_store(&scene->ended, true);
    event_count_end(&scene->ticks);
    sync_join(scene->ticker);
}

static void each_wait_is_woken_once(void **context)
{
    struct client clients[CLIENTS];
    struct random random = {1};

    (void)context;
    for (uint64_t round = 0; round < ROUNDS; round++) {
        struct scene scene = {.table = table_new(SIZE_MAX),
                              .workers = workers_start(1),
                              .summary = ""};
        scene.hub = hub_new(&(struct hub_options){
            .table = scene.table,
            .workers = scene.workers,
            .writer = event_lines_writer(&scene.summary),
            .max_readers = CLIENTS,
            .wake = wake_clients,
        });
        assert_non_null(scene.hub);
        event_count_init(&scene.ticks);
        event_count_init(&scene.ends);
        start_clients(&scene, clients, round);
        assert_int_equal(pthread_create(&scene.ticker, NULL, run_ticks, &scene),
                         0);
        event_count_wait(&scene.ends, random_below(&random, MOST_ENDS));
        /* In every other round nothing but the stop wakes those who wait. */
        bool stop_alone = round % 2 == 0;
        if (stop_alone)
            end_ticks(&scene);
        hub_stop(scene.hub);
        join_clients(clients);
        if (!stop_alone)
            end_ticks(&scene);
        event_count_release(&scene.ends);
        event_count_release(&scene.ticks);
        assert_int_equal(hub_readers(scene.hub), 0);
        hub_free(scene.hub);
        workers_free(scene.workers);
        table_free(scene.table);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_wait_is_woken_once),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
