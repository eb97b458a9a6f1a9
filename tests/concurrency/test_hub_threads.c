/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tests of the hub with many threads. They are most useful with
 * ThreadSanitizer. Writers change a table. Readers, each on a thread of its
 * own, merge what they get, are slow now and then, leave at any moment, also in
 * the middle of an event, and come back with the last position that they have
 * as a whole. In the end each has merged exactly the rockets of the table.
 */
#include "lib/unit_check.h"

#include <inttypes.h>
#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <stdatomic.h>

#include "base/log.h"
#include "base/sync.h"
#include "base/workers.h"
#include "lib/event_count.h"
#include "lib/generator.h"
#include "live/hub_parts.h"
#include "table/table.h"

enum {
    WRITERS = 2,
    ROCKETS = 400, /* of each writer */
    ALL_ROCKETS = WRITERS * ROCKETS,
    ROUNDS = 150, /* messages of each rocket, about */
    GROUP = 16,
    READERS = 8,
    FOLLOWED = 20, /* rockets of a reader of single ones */
    ID_SIZE = 24,
    /* Bytes of updates, if memory is scarce. */
    KEPT = 30000,
    MEMORY = 40000,
    /* Messages of a writer between two ticks, and ticks that a slow reader
       misses: of the hub's own thread, and of ticks that come fast. */
    PER_TICK = 160 * GROUP,
    PER_TICK_FAST = GROUP,
    SLOW = 3,
    SLOW_FAST = 2 * HUB_UPDATES,
};

/* What a reader knows of a rocket. */
struct state {
    uint64_t revision, last_number, missing;
    int64_t speed;
};

/*
 * Events as bytes: a kind and its data. They are complete only with the kind of
 * the next one, so that a cut leaves an event that is not.
 */
enum kind { HELLO, POSITION, ROCKET, END, RESET, OTHER };

struct record {
    enum kind kind;
    size_t rocket;
    uint64_t revision;
    struct state state;
};

static char ids[ALL_ROCKETS][ID_SIZE];

static size_t rocket_of(struct text id)
{
    uint64_t rocket = 0;

    if (!text_read_unsigned(id, ALL_ROCKETS - 1, &rocket))
        abort();
    return (size_t)rocket;
}

static void put_record(struct buffer *out, const struct record *record)
{
    buffer_append(out, (struct text){(const char *)record, sizeof(*record)});
}

static void put_revision(struct buffer *out, enum kind kind, uint64_t revision)
{
    struct record record;

    memset(&record, 0, sizeof(record));
    record.kind = kind;
    record.revision = revision;
    put_record(out, &record);
}

static void write_begin(struct buffer *out, enum hub_event event)
{
    (void)out;
    (void)event;
}

static struct state state_of(const struct rocket_view *view)
{
    return (struct state){view->revision, view->last_number, view->missing,
                          view->speed};
}

static void write_rocket(struct buffer *out, const struct rocket_view *view,
                         bool first)
{
    struct record record;

    (void)first;
    memset(&record, 0, sizeof(record));
    record.kind = ROCKET;
    record.rocket = rocket_of(view->id);
    record.state = state_of(view);
    put_record(out, &record);
}

static void write_end(struct buffer *out, enum hub_event event, uint64_t more)
{
    (void)event;
    put_revision(out, END, more);
}

static void write_summary(void *context, struct buffer *out)
{
    put_revision(out, OTHER, table_revision(context));
}

static void write_position(void *context, struct buffer *out, uint64_t revision)
{
    (void)context;
    put_revision(out, POSITION, revision);
}

static void write_hello(void *context, struct buffer *out, uint64_t revision,
                        unsigned interval_ms)
{
    (void)context;
    (void)interval_ms;
    put_revision(out, HELLO, revision);
}

static void write_reset(void *context, struct buffer *out, uint64_t revision)
{
    (void)context;
    put_revision(out, RESET, revision);
}

static void write_comment(struct buffer *out)
{
    put_revision(out, OTHER, 0);
}

/* Those of the hub at hand. They end when no client reads any more. */
static struct event_count ticks;

void __real_hub_tick(struct hub *hub, uint64_t now_ms);
__attribute__((used)) void __wrap_hub_tick(struct hub *hub, uint64_t now_ms);

void __wrap_hub_tick(struct hub *hub, uint64_t now_ms)
{
    __real_hub_tick(hub, now_ms);
    event_count_add(&ticks);
}

/* What all threads share. */
struct scene {
    struct table *table;
    struct workers *workers;
    struct hub *hub;
    _Atomic uint64_t final;   /* the revision once the writers are done; or 0 */
    _Atomic unsigned reading; /* clients that are not done */
    /* Ticks as fast as it can; else the hub's own thread does. */
    bool fast;
    /* There is hardly any memory for updates. */
    bool scarce;
    pthread_t ticker;
};

struct client {
    struct scene *scene;
    unsigned number;
    struct random random;
    pthread_t thread;
    sem_t woken;
    /* What it has. */
    bool resumes;
    uint64_t position;     /* it may come back with that */
    uint64_t new_position; /* once the event is complete */
    struct state states[ALL_ROCKETS];
    struct record pending[2000]; /* rockets of the event at hand */
    size_t pending_count;
    size_t resets, streams, losses;
};

/* Each wakes its own thread, which may free the reader at once. */
static void wake_clients(struct hub_reader *first)
{
    for (struct hub_reader *next; first != NULL; first = next) {
        struct client *client = hub_reader_owner(first);
        next = hub_reader_next_woken(first);
        sync_semaphore_post(&client->woken);
    }
}

static bool follows(const struct client *client, size_t rocket)
{
    return client->number % 4 != 3 || rocket % (ALL_ROCKETS / FOLLOWED) == 0;
}

/* Of two states the newer one counts, whenever it comes. */
static void merge(struct client *client, size_t rocket,
                  const struct state *state)
{
    if (follows(client, rocket) &&
        state->revision > client->states[rocket].revision)
        client->states[rocket] = *state;
}

/* As a client does after a reset: read the list. */
static void read_list(struct client *client)
{
    struct rocket_view view;
    uint64_t revision = table_revision(client->scene->table);

    for (size_t i = 0; i < ALL_ROCKETS; i++)
        if (table_find(client->scene->table, text_of(ids[i]), &view))
            merge(client, i,
                  &(struct state){view.revision, view.last_number, view.missing,
                                  view.speed});
    client->resumes = true;
    client->position = revision;
}

/* On a thread of its own no test can fail. */
#define CHECK(holds, ...)                                                      \
    do {                                                                       \
        if (!(holds)) {                                                        \
            fprintf(stderr, __VA_ARGS__);                                      \
            abort();                                                           \
        }                                                                      \
    } while (0)

/* No rocket up to the position may be older than it is in the table. */
static void check_position(const struct client *client)
{
    struct rocket_view view;

    for (size_t i = 0; i < ALL_ROCKETS; i++) {
        if (!follows(client, i) ||
            !table_find(client->scene->table, text_of(ids[i]), &view) ||
            view.revision > client->position)
            continue;
        CHECK(client->states[i].revision == view.revision,
              "client %u at %" PRIu64 " has rocket %zu at %" PRIu64
              ", not %" PRIu64 "\n",
              client->number, client->position, i, client->states[i].revision,
              view.revision);
    }
}

static void take_event(struct client *client)
{
    for (size_t i = 0; i < client->pending_count; i++)
        merge(client, client->pending[i].rocket, &client->pending[i].state);
    client->pending_count = 0;
    if (client->new_position == 0)
        return;
    if (client->position < client->new_position)
        client->position = client->new_position;
    client->new_position = 0;
    client->resumes = true;
    check_position(client);
}

static void take_record(struct client *client, const struct record *record)
{
    switch (record->kind) {
    case HELLO:
        client->new_position = 0; /* it is there already, or reads the list */
        if (!client->resumes)
            read_list(client);
        break;
    case POSITION:
        client->new_position = record->revision;
        break;
    case ROCKET:
        CHECK(client->pending_count < COUNT(client->pending), "too many\n");
        client->pending[client->pending_count++] = *record;
        break;
    case END:
        take_event(client);
        break;
    case RESET:
        client->resets++;
        read_list(client);
        break;
    case OTHER:
        break;
    }
}

/* Take the records that are there as a whole. Returns what is left. */
static void take_bytes(struct client *client, struct buffer *bytes)
{
    struct record record;
    size_t at = 0;

    for (; bytes->length - at >= sizeof(record); at += sizeof(record)) {
        memcpy(&record, bytes->data + at, sizeof(record));
        take_record(client, &record);
    }
    bytes->length -= at;
    if (at > 0)
        memmove(bytes->data, bytes->data + at, bytes->length);
}

static struct hub_reader *open_stream(struct client *client)
{
    struct text followed[FOLLOWED];
    struct hub_reader *reader;
    struct hub_reader_options options = {
        .owner = client,
        .events = 1U << HUB_ROCKETS | 1U << HUB_SUMMARY,
        .interval_ms = client->number % 2 == 0 ? 100 : 200,
        .resumes = client->resumes,
        .position = client->position,
        .ids = followed,
    };

    for (size_t i = 0; i < FOLLOWED; i++)
        followed[i] = text_of(ids[i * (ALL_ROCKETS / FOLLOWED)]);
    if (!follows(client, 1))
        options.id_count = FOLLOWED;
    if (client->number % 3 == 0)
        options.events |= 1U << HUB_LAUNCHED | 1U << HUB_EXPLODED;
    /* Now and then it has the state of another history. */
    options.estranged = random_below(&client->random, 20) == 0;
    client->streams++;
    client->pending_count = 0;
    client->new_position = 0;
    return hub_add_reader(client->scene->hub, &options, &reader) == HUB_ADDED
               ? reader
               : NULL;
}

/* Whether the client has all that the writers have made. */
static bool has_all(const struct client *client)
{
    uint64_t final = atomic_load(&client->scene->final);

    return final != 0 && client->position >= final;
}

/* Read until the client leaves, which it does at any moment. */
static void read_stream(struct client *client, struct hub_reader *reader)
{
    struct buffer bytes = BUFFER_INIT;
    uint64_t reads = random_below(&client->random, 20);
    uint64_t slow = client->scene->fast ? SLOW_FAST : SLOW;

    while (reads-- > 0 && !has_all(client)) {
        if (random_below(&client->random, 16) == 0)
            event_count_wait(&ticks, random_below(&client->random, slow));
        enum hub_flow flow = hub_reader_next(
            reader, &bytes, 1 + random_below(&client->random, 20000), true);
        if (flow == HUB_WAIT) {
            if (random_below(&client->random, 8) == 0)
                hub_reader_cancel(reader);
            sync_semaphore_wait(&client->woken);
        }
        take_bytes(client, &bytes);
        client->losses += flow == HUB_LOST;
        if (flow == HUB_END || flow == HUB_LOST)
            break;
    }
    buffer_release(&bytes);
}

static void *run_client(void *argument)
{
    struct client *client = argument;

    while (!has_all(client)) {
        struct hub_reader *reader = open_stream(client);
        CHECK(reader != NULL, "no stream\n");
        read_stream(client, reader);
        hub_reader_free(reader);
    }
    if (atomic_fetch_sub(&client->scene->reading, 1) == 1)
        event_count_end(&ticks);
    return NULL;
}

struct writer {
    struct scene *scene;
    unsigned number;
    bool positions;
    pthread_t thread;
};

/* Some rockets change all the time, and some once and never again. */
static struct message draw_message(struct random *random, uint64_t *numbers,
                                   unsigned writer)
{
    size_t rocket = random_below(random, 1 + random_below(random, ROCKETS));
    const char *id = ids[(size_t)writer * ROCKETS + rocket];
    uint64_t number = ++numbers[rocket] + random_below(random, 2);

    return generator_message(random, id, number);
}

static void *write_messages(void *argument)
{
    struct writer *writer = argument;
    struct random random = {writer->number + 1};
    uint64_t numbers[ROCKETS] = {0}, position = 0;
    size_t per_tick = writer->scene->fast ? PER_TICK_FAST : PER_TICK;

    for (size_t i = 0; i < (size_t)ROCKETS * ROUNDS; i += GROUP) {
        struct message messages[GROUP];
        struct table_item items[GROUP];
        for (size_t j = 0; j < GROUP; j++) {
            messages[j] = draw_message(&random, numbers, writer->number);
            items[j] = (struct table_item){
                .message = &messages[j],
                .position = writer->positions ? ++position : 0};
        }
        table_apply_group(writer->scene->table, items, GROUP);
        if (i % per_tick == 0)
            event_count_wait(&ticks, 1);
    }
    return NULL;
}

/*
 * Rocket 0 changes until all clients are done, so that each gets a position
 * that is not below the final revision, and has all rockets up to that.
 */
static void end_clients(struct scene *scene, bool positions)
{
    uint64_t final = table_revision(scene->table);

    atomic_store(&scene->final, final);
    for (uint64_t i = 1; atomic_load(&scene->reading) > 0; i++) {
        struct message message =
            generator_message(&(struct random){i}, ids[0], 1000000 + i);
        struct table_item item = {.message = &message,
                                  .position = positions ? final + i : 0};
        table_apply_group(scene->table, &item, 1);
        event_count_wait(&ticks, 1);
    }
}

static void check_merged(const struct client *client)
{
    struct rocket_view view;

    for (size_t i = 1; i < ALL_ROCKETS; i++) {
        struct state state = {0};
        if (!follows(client, i))
            continue;
        if (table_find(client->scene->table, text_of(ids[i]), &view))
            state = state_of(&view);
        assert_memory_equal(&client->states[i], &state, sizeof(state));
    }
}

/* Ten times a second, the hub would say, but its seconds are short. */
static void *run_ticks(void *argument)
{
    struct scene *scene = argument;

    for (uint64_t ms = 1000; atomic_load(&scene->reading) > 0; ms += 100) {
        hub_tick(scene->hub, ms);
        sched_yield();
    }
    return NULL;
}

/* Take most of the memory for updates, or give it back. */
static void take_memory(struct hub *hub, bool take)
{
    const size_t kept = HUB_KEPT - KEPT, memory = HUB_MEMORY - MEMORY;

    sync_lock(&hub->lock);
    hub->kept = take ? hub->kept + kept : hub->kept - kept;
    hub->memory = take ? hub->memory + memory : hub->memory - memory;
    sync_unlock(&hub->lock);
}

static void start_scene(struct scene *scene)
{
    struct hub_options options = {
        .writer = {.begin = write_begin,
                   .rocket = write_rocket,
                   .end = write_end,
                   .summary = write_summary,
                   .position = write_position,
                   .hello = write_hello,
                   .reset = write_reset,
                   .comment = write_comment},
        .max_readers = READERS,
        .wake = wake_clients,
    };

    options.table = options.writer.context = scene->table = table_new(SIZE_MAX);
    options.workers = scene->workers = workers_start(2);
    scene->hub = scene->fast ? hub_new(&options) : hub_start(&options);
    assert_non_null(scene->hub);
    if (scene->scarce)
        take_memory(scene->hub, true);
    if (scene->fast)
        assert_int_equal(pthread_create(&scene->ticker, NULL, run_ticks, scene),
                         0);
}

static void stop_scene(struct scene *scene)
{
    if (scene->fast)
        sync_join(scene->ticker);
    assert_int_equal(hub_readers(scene->hub), 0);
    if (scene->scarce)
        take_memory(scene->hub, false);
    assert_int_equal(scene->hub->memory, scene->hub->kept);
    hub_free(scene->hub);
    workers_free(scene->workers);
    table_free(scene->table);
}

static struct client clients[READERS];

/* With a journal one thread applies all messages, in groups with positions. */
static void check_clients(bool positions, struct scene scene)
{
    struct writer writers[WRITERS];
    size_t streams = 0, resets = 0, losses = 0;

    scene.reading = READERS;
    event_count_init(&ticks);
    start_scene(&scene);
    memset(clients, 0, sizeof(clients));
    for (unsigned i = 0; i < READERS; i++) {
        clients[i].scene = &scene;
        clients[i].number = i;
        clients[i].random = (struct random){100 + i};
        sync_semaphore_init(&clients[i].woken);
        assert_int_equal(
            pthread_create(&clients[i].thread, NULL, run_client, &clients[i]),
            0);
    }
    unsigned count = positions ? 1 : WRITERS;
    for (unsigned i = 0; i < count; i++) {
        writers[i] = (struct writer){
            .scene = &scene, .number = i, .positions = positions};
        assert_int_equal(pthread_create(&writers[i].thread, NULL,
                                        write_messages, &writers[i]),
                         0);
    }
    for (unsigned i = 0; i < count; i++)
        sync_join(writers[i].thread);
    end_clients(&scene, positions);
    for (unsigned i = 0; i < READERS; i++) {
        sync_join(clients[i].thread);
        check_merged(&clients[i]);
        streams += clients[i].streams;
        resets += clients[i].resets;
        losses += clients[i].losses;
        sem_destroy(&clients[i].woken);
    }
    printf("%zu streams, %zu resets, %zu lost\n", streams, resets, losses);
    stop_scene(&scene);
    event_count_release(&ticks);
}

static void readers_have_the_table_in_the_end(void **context)
{
    (void)context;
    check_clients(false, (struct scene){.fast = false});
    check_clients(false, (struct scene){.fast = true});
}

static void readers_have_what_a_journal_applies_in_the_end(void **context)
{
    (void)context;
    check_clients(true, (struct scene){.fast = false});
    check_clients(true, (struct scene){.fast = true});
}

static void readers_have_the_table_with_little_memory(void **context)
{
    (void)context;
    check_clients(false, (struct scene){.fast = true, .scarce = true});
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(readers_have_the_table_in_the_end),
        cmocka_unit_test(readers_have_what_a_journal_applies_in_the_end),
        cmocka_unit_test(readers_have_the_table_with_little_memory),
    };

    log_set_level(LOG_ERROR);
    for (size_t i = 0; i < ALL_ROCKETS; i++)
        snprintf(ids[i], ID_SIZE, "%zu", i);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
