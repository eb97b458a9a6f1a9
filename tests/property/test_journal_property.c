/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tests that a table whose messages came by a journal has the state of the
 * plain fold, in life and after restarts at any point, also past the bound on
 * runs: there the order of messages decides, so that of the replay must be that
 * of life. Snapshots are taken at any point, while messages are applied between
 * the steps of the walk, and abandoned at any step. Compiled with the small
 * bound of test_small_bound.c.
 */
#include "lib/unit_check.h"

#include <semaphore.h>

#include "base/log.h"
#include "base/sync.h"
#include "fleet.h"
#include "lib/store_folder.h"
#include "shrink.h"
#include "store/commit.h"
#include "store/snapshot_load.h"
#include "store/snapshot_take.h"
#include "table/table.h"
#include "table/table_image.h"

enum { TICKET = 16 /* messages, at most */ };

/* A journal has another form for channels that are UUIDs. */
static const char *const channels[GENERATOR_ROCKETS] = {
    "a rocket",
    "193270a9-c9cf-404a-8f83-838e71d9ae67",
    "193270a9-c9cf-404a-8f83-838e71d9ae68",
    "193270A9-C9CF-404A-8F83-838E71D9AE67",
};

/* A service with its journal, and the fold that it is compared with. */
struct service {
    struct store_folder folder;
    struct snapshot_info snapshot; /* position 0: there is none */
    struct table *table;
    struct commit *commit;
    struct oracle oracles[GENERATOR_ROCKETS];
    /* A ticket that is filled, and its messages for the fold. */
    struct commit_ticket ticket;
    char bytes[TICKET * RECORD_MAX];
    struct message pending[TICKET];
    size_t pending_count;
    sem_t settled;
};

static void ticket_settled(struct commit_ticket *ticket)
{
    sync_semaphore_post(&container_of(ticket, struct service, ticket)->settled);
}

static void begin_ticket(struct service *service)
{
    commit_ticket_init(&service->ticket, service->commit, service->bytes,
                       sizeof(service->bytes));
    service->ticket.settled = ticket_settled;
    service->pending_count = 0;
}

/* As a store does it at the start. */
static void find_snapshot(struct service *service, const char *path)
{
    char error[JOURNAL_ERROR];
    struct snapshot_reader *reader =
        snapshot_reader_new(path, SNAPSHOT_OF_FOLDER, error);

    service->snapshot = (struct snapshot_info){0};
    service->folder.options.snapshot = NULL;
    if (reader == NULL)
        return;
    service->snapshot = *snapshot_reader_info(reader);
    service->folder.options.snapshot = &service->snapshot;
    snapshot_reader_free(reader);
}

static void start_service(struct service *service)
{
    char error[JOURNAL_ERROR] = "", path[FOLDER_FILE];

    snprintf(path, sizeof(path), "%s/snapshot.db", service->folder.path);
    find_snapshot(service, path);
    struct journal *journal = store_folder_open(&service->folder);
    service->table = table_new(SIZE_MAX);
    if (service->table == NULL)
        abort();
    service->commit = commit_new(journal, service->table, NULL, NULL);
    if (service->commit == NULL)
        abort();
    table_limit_admission(service->table, 100);
    const struct journal_target *target = commit_target(service->commit);
    if (service->snapshot.position != 0 &&
        snapshot_load(path, SNAPSHOT_OF_FOLDER, service->table, NULL, error) !=
            JOURNAL_COMPLETE)
        fail_msg("%s", error);
    if (journal->methods->replay(journal, service->snapshot.position, target,
                                 NULL, error) != JOURNAL_COMPLETE)
        fail_msg("%s", error);
    if (!journal->methods->start(journal, target))
        abort();
    begin_ticket(service);
}

static void stop_service(struct service *service)
{
    store_folder_stop(&service->folder);
    commit_free(service->commit);
    table_free(service->table);
}

static struct service *service_new(void)
{
    struct service *service = calloc(1, sizeof(*service));

    if (service == NULL)
        abort();
    store_folder_make_fast(&service->folder);
    service->folder.options.checkpoint = UINT64_C(32) << 10;
    service->folder.options.segment = UINT64_C(48) << 10;
    sync_semaphore_init(&service->settled);
    for (size_t i = 0; i < GENERATOR_ROCKETS; i++)
        oracle_init(&service->oracles[i]);
    start_service(service);
    return service;
}

static void service_free(struct service *service)
{
    stop_service(service);
    store_folder_remove(&service->folder);
    for (size_t i = 0; i < GENERATOR_ROCKETS; i++)
        oracle_release(&service->oracles[i]);
    sem_destroy(&service->settled);
    free(service);
}

static size_t rocket_of(struct text channel, const char *const *of)
{
    size_t rocket = 0;

    while (!text_equal(channel, text_of(of[rocket])))
        rocket++;
    return rocket;
}

static struct oracle *oracle_of(struct service *service, struct text channel)
{
    return &service->oracles[rocket_of(channel, channels)];
}

/* Commit the ticket. What became of its messages must be as in the fold. */
static const char *commit_pending(struct service *service)
{
    uint64_t outcomes[MESSAGE_NO_MEMORY] = {0};

    if (service->pending_count == 0)
        return NULL;
    if (!commit_append(&service->ticket))
        return "whether a ticket is taken";
    sync_semaphore_wait(&service->settled);
    for (size_t i = 0; i < service->pending_count; i++) {
        const struct message *message = &service->pending[i];
        outcomes[oracle_apply(oracle_of(service, message->channel), message)]++;
    }
    bool same =
        service->ticket.result == COMMIT_APPLIED &&
        memcmp(outcomes, service->ticket.outcomes, sizeof(outcomes)) == 0;
    begin_ticket(service);
    return same ? NULL : "outcomes of a ticket";
}

/* As message_parse() accepts it, and with a channel of ours. */
static void make_valid(struct message *message)
{
    if (message->speed > MESSAGE_MAX_SPEED)
        message->speed = MESSAGE_MAX_SPEED;
    message->time.digits = 9;
    message->channel =
        text_of(channels[rocket_of(message->channel, generator_channels)]);
}

static const char *deliver(struct service *service,
                           const struct message *message)
{
    struct oracle *oracle = oracle_of(service, message->channel);
    enum message_outcome outcome = commit_admit(&service->ticket, message);

    if (outcome == MESSAGE_APPLIED) {
        service->pending[service->pending_count++] = *message;
        return NULL;
    }
    /* The table has what is committed, and so has the fold. */
    return outcome == oracle_apply(oracle, message) ? NULL
                                                    : "outcome of an admission";
}

/* All rockets must be as in the fold, with the revisions of `revisions`. */
static const char *difference_in_rockets(struct service *service,
                                         uint64_t revisions[GENERATOR_ROCKETS],
                                         bool restarted)
{
    struct rocket_view view;

    for (size_t i = 0; i < GENERATOR_ROCKETS; i++) {
        const struct oracle *oracle = &service->oracles[i];
        bool found = table_find(service->table, text_of(channels[i]), &view);
        if (found != (oracle->count > 0))
            return "whether there is a rocket";
        if (!found)
            continue;
        struct oracle_state state = oracle_state(oracle);
        const char *differs = fleet_difference(&view, &state);
        if (differs != NULL)
            return differs;
        if (restarted && view.revision != revisions[i])
            return "revision after a restart";
        revisions[i] = view.revision;
    }
    return NULL;
}

static const char *restart(struct service *service)
{
    uint64_t revisions[GENERATOR_ROCKETS] = {0};
    uint64_t revision = table_revision(service->table);
    const char *differs = difference_in_rockets(service, revisions, false);

    if (differs != NULL)
        return differs;
    stop_service(service);
    start_service(service);
    if (table_revision(service->table) != revision)
        return "revision of the table after a restart";
    return difference_in_rockets(service, revisions, true);
}

/* A history that is followed. */
struct follow {
    struct service *service;
    struct generator generator;
    struct random random;
    const char *differs;
    size_t delivered;
    _Atomic bool stop; /* the snapshot that is being taken */
    bool stops;        /* at one of the next steps */
};

/* Deliver the next message, and maybe commit. False at the end. */
static bool follow_message(struct follow *follow)
{
    struct service *service = follow->service;
    struct message message;

    if (follow->differs != NULL ||
        !generator_next(&follow->generator, &message))
        return false;
    make_valid(&message);
    follow->differs = deliver(service, &message);
    follow->delivered++;
    if (follow->differs == NULL && (service->pending_count == TICKET ||
                                    random_below(&follow->random, 4) == 0))
        follow->differs = commit_pending(service);
    return follow->differs == NULL;
}

/* The history whose snapshot is being taken. */
static struct follow *walked;

enum table_walked __real_table_walk_next(struct table *table,
                                         struct table_walk *walk,
                                         struct buffer *images,
                                         uint64_t *count);
enum table_walked __wrap_table_walk_next(struct table *table,
                                         struct table_walk *walk,
                                         struct buffer *images,
                                         uint64_t *count);

/* The linker redirects the calls of snapshot_take() to here. */
enum table_walked __wrap_table_walk_next(struct table *table,
                                         struct table_walk *walk,
                                         struct buffer *images, uint64_t *count)
{
    for (uint64_t i = random_below(&walked->random, 8); i > 0; i--)
        follow_message(walked);
    if (walked->stops && random_below(&walked->random, 3) == 0)
        atomic_store(&walked->stop, true);
    return __real_table_walk_next(table, walk, images, count);
}

/* Take a snapshot, or end at one of its steps, as a kill would. */
static void take_snapshot(struct follow *follow)
{
    struct service *service = follow->service;
    struct journal *journal = service->folder.journal;
    const struct snapshot_source source = {
        .folder = service->folder.folder,
        .table = service->table,
        .id = journal->id,
        .kind = SNAPSHOT_OF_FOLDER,
        .stop = &follow->stop,
    };
    const struct journal_place place = {
        .position = journal->methods->roll(journal),
    };
    char error[JOURNAL_ERROR] = "";

    if (place.position == 0 || random_below(&follow->random, 8) == 0)
        return;
    walked = follow;
    follow->stops = random_below(&follow->random, 8) == 0;
    atomic_store(&follow->stop, false);
    enum snapshot_taken taken =
        snapshot_take(&source, &place, &service->snapshot, error);
    if (taken == SNAPSHOT_FAILED)
        fail_msg("%s", error);
    if (taken == SNAPSHOT_STOPPED) {
        folder_release_room(source.folder, error);
        return;
    }
    if (random_below(&follow->random, 4) == 0)
        journal->methods->tidy(journal);
    if (random_below(&follow->random, 8) != 0)
        journal->methods->forget(journal, place.position, NULL);
}

/*
 * The input decides where tickets end, where the service restarts, and where
 * snapshots are taken.
 */
static const char *journal_follow(struct text input, size_t *delivery)
{
    struct follow follow = {
        .service = service_new(),
        .generator = {.input = input},
        .random = {input.length},
    };
    struct service *service = follow.service;

    for (size_t i = 0; i < input.length; i++)
        follow.random.state =
            follow.random.state * 31 + (unsigned char)input.data[i];
    while (follow_message(&follow)) {
        if (service->pending_count > 0)
            continue;
        if (random_below(&follow.random, 10) == 0)
            take_snapshot(&follow);
        if (follow.differs == NULL && random_below(&follow.random, 20) == 0) {
            follow.differs = commit_pending(service);
            if (follow.differs == NULL)
                follow.differs = restart(service);
        }
    }
    if (follow.differs == NULL)
        follow.differs = commit_pending(service);
    if (follow.differs == NULL)
        follow.differs = restart(service);
    commit_abandon(&service->ticket);
    service_free(service);
    *delivery = follow.delivered;
    return follow.differs;
}

static void restarts_change_no_short_history(void **context)
{
    (void)context;
    assert_true(shrink_check("short histories through a journal",
                             journal_follow, GENERATOR_SHORT, 100));
}

static void restarts_change_no_hostile_history(void **context)
{
    (void)context;
    assert_true(shrink_check("hostile histories through a journal",
                             journal_follow, GENERATOR_HOSTILE, 10));
}

static void restarts_change_no_fleet(void **context)
{
    (void)context;
    assert_true(shrink_check("fleets through a journal", journal_follow,
                             GENERATOR_FLEET, 50));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(restarts_change_no_short_history),
        cmocka_unit_test(restarts_change_no_fleet),
        cmocka_unit_test(restarts_change_no_hostile_history),
    };

    /* Each start would tell again which rockets exceed the bound. */
    log_set_level(LOG_ERROR);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
