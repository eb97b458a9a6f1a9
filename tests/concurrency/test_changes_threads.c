/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tests of who follows a table while threads change it. They are most useful
 * with ThreadSanitizer. After each collection the follower has all changes up
 * to the collection's revision, also if it did not watch for a while; and in
 * the end, those rockets as well that changed once and never again.
 */
#include "lib/unit_check.h"

#include <pthread.h>
#include <stdatomic.h>

#include "base/log.h"
#include "base/sync.h"
#include "lib/generator.h"
#include "live/changes.h"
#include "table/table.h"
#include "table/table_changes.h"
#include "table/table_parts.h"

enum {
    WRITERS = 3,
    ROCKETS = 300, /* of each writer */
    ALL_ROCKETS = WRITERS * ROCKETS,
    ROUNDS = 60,       /* messages of each rocket, about, at least */
    COLLECTIONS = 200, /* that have rockets, while there are writers */
    GROUP = 16,
    ID_SIZE = 24,
};

static char ids[ALL_ROCKETS][ID_SIZE];

static void name_rockets(void)
{
    for (size_t i = 0; i < ALL_ROCKETS; i++)
        snprintf(ids[i], ID_SIZE, "%zu", i);
}

static size_t rocket_of(const struct table_entry *entry)
{
    struct text id = table_entry_id(entry);
    size_t rocket = 0;

    for (size_t i = 0; i < id.length; i++)
        rocket = 10 * rocket + (size_t)(id.data[i] - '0');
    return rocket;
}

/* What the threads share. */
struct stage {
    struct table *table;
    _Atomic unsigned writing;     /* writers that have not ended */
    _Atomic unsigned collections; /* that had rockets, so far */
};

struct writer {
    struct stage *stage;
    unsigned number;
    pthread_t thread;
};

void __real_table_list_change_locked(struct table *table, uint32_t index,
                                     const struct table_entry *entry,
                                     uint64_t revision);
void __wrap_table_list_change_locked(struct table *table, uint32_t index,
                                     const struct table_entry *entry,
                                     uint64_t revision);

/*
 * In some stripes the follower gets time for a whole collection before a change
 * is listed. If its revision were drawn already, the follower would miss it.
 */
void __wrap_table_list_change_locked(struct table *table, uint32_t index,
                                     const struct table_entry *entry,
                                     uint64_t revision)
{
    if (index % 8 == 0)
        sched_yield();
    __real_table_list_change_locked(table, index, entry, revision);
}

/*
 * Whether a writer goes on after `count` messages. It waits for nobody, but
 * there are changes until there have been enough collections.
 */
static bool goes_on(struct writer *writer, size_t count)
{
    if (count < (size_t)ROCKETS * ROUNDS ||
        atomic_load(&writer->stage->collections) < COLLECTIONS)
        return true;
    atomic_fetch_sub(&writer->stage->writing, 1);
    return false;
}

/*
 * The next message of a random rocket; now and then of one that has none yet,
 * and gets no second one for a long time.
 */
static struct message draw_message(struct random *random, uint64_t *numbers,
                                   unsigned writer, size_t *untouched)
{
    size_t rocket = random_below(random, ROCKETS / 3);

    if (*untouched < ROCKETS && random_below(random, ROUNDS) == 0)
        rocket = (*untouched)++;
    uint64_t number = ++numbers[rocket] + random_below(random, 2);

    return generator_message(random, ids[(size_t)writer * ROCKETS + rocket],
                             number);
}

static void *write_singly(void *argument)
{
    struct writer *writer = argument;
    struct random random = {writer->number};
    uint64_t numbers[ROCKETS] = {0};
    size_t untouched = ROCKETS / 3;

    for (size_t i = 0; goes_on(writer, i); i++) {
        struct message message =
            draw_message(&random, numbers, writer->number, &untouched);
        table_apply(writer->stage->table, &message);
    }
    return NULL;
}

/* As the thread of a journal: rockets are ahead of the table's revision. */
static void *write_positions(void *argument)
{
    struct writer *writer = argument;
    struct random random = {writer->number};
    uint64_t numbers[ROCKETS] = {0};
    size_t untouched = ROCKETS / 3;

    for (size_t i = 0; goes_on(writer, i); i += GROUP) {
        struct message messages[GROUP];
        struct table_item items[GROUP];
        for (size_t j = 0; j < GROUP; j++) {
            messages[j] =
                draw_message(&random, numbers, writer->number, &untouched);
            items[j] = (struct table_item){.message = &messages[j],
                                           .position = i + j + 1};
        }
        table_apply_group(writer->stage->table, items, GROUP);
    }
    return NULL;
}

struct follower {
    struct table *table;
    uint64_t position;          /* it has all changes up to here */
    uint64_t seen[ALL_ROCKETS]; /* revisions; 0: none */
    struct table_changes changes;
    size_t collected; /* rockets, in all collections */
};

static void see(struct follower *follower, const struct table_entry *entry)
{
    uint64_t *seen = &follower->seen[rocket_of(entry)];
    uint64_t revision = table_read_revision(follower->table, entry);

    assert_true(revision >= *seen);
    *seen = revision;
}

/* Fail if there is a change up to the position that was not seen. */
static void check_position(struct follower *follower)
{
    for (size_t i = 0; i < ALL_ROCKETS; i++) {
        const struct table_entry *entry =
            table_find_entry(follower->table, text_of(ids[i]));
        if (entry == NULL)
            continue;
        uint64_t revision = table_read_revision(follower->table, entry);
        if (revision <= follower->position && follower->seen[i] != revision)
            fail_msg("at position %llu revision %llu of rocket %zu is missing, "
                     "%llu was seen",
                     (unsigned long long)follower->position,
                     (unsigned long long)revision, i,
                     (unsigned long long)follower->seen[i]);
    }
}

static void check_feed(const struct table_feed *feed)
{
    assert_in_range(feed->count, 0, TABLE_FEED);
    assert_true(feed->more == 0 || feed->count == TABLE_FEED);
    for (size_t i = 0; i < feed->count; i++)
        for (size_t j = 0; j < i; j++)
            assert_ptr_not_equal(feed->entries[i], feed->entries[j]);
}

static void collect(struct follower *follower)
{
    struct table_changes *changes = &follower->changes;
    bool found[ALL_ROCKETS] = {false};

    table_collect(follower->table, changes);
    assert_false(changes->lost);
    assert_true(changes->revision >= follower->position);
    for (size_t i = 0; i < changes->count; i++) {
        size_t rocket = rocket_of(changes->entries[i]);
        assert_false(found[rocket]);
        found[rocket] = true;
        see(follower, changes->entries[i]);
    }
    check_feed(&changes->launched);
    check_feed(&changes->exploded);
    follower->position = changes->revision;
    follower->collected += changes->count;
    check_position(follower);
}

/* Begin, or begin again after a while: first watch, then see what was missed.
 */
static void catch_up(struct follower *follower)
{
    struct changes missed;
    uint64_t watched = table_watch(follower->table);

    assert_true(watched >= follower->position);
    assert_true(changes_find(follower->table, follower->position,
                             CHANGES_NEWEST, ALL_ROCKETS, &missed));
    assert_int_equal(missed.total, missed.count);
    for (size_t i = 0; i < missed.count; i++)
        see(follower, missed.rockets[i].entry);
    follower->position = missed.revision;
    changes_release(&missed);
    check_position(follower);
}

/* Follow until all writers have ended. */
static void follow(struct follower *follower, struct stage *stage)
{
    bool ends = false;

    catch_up(follower);
    for (unsigned i = 1; !ends; i++) {
        ends = atomic_load(&stage->writing) == 0;
        collect(follower);
        if (follower->changes.count > 0)
            atomic_fetch_add(&stage->collections, 1);
        else
            sched_yield();
        if (i % 8 == 0 && !ends) {
            table_unwatch(follower->table);
            sched_yield();
            catch_up(follower);
        }
    }
    table_unwatch(follower->table);
}

static void run(void *(*write)(void *), unsigned count)
{
    struct follower *follower = calloc(1, sizeof(*follower));
    struct stage stage = {.table = table_new(SIZE_MAX), .writing = count};
    struct writer writers[WRITERS];

    assert_non_null(follower);
    assert_non_null(stage.table);
    follower->table = stage.table;
    for (unsigned i = 0; i < count; i++) {
        writers[i] = (struct writer){.stage = &stage, .number = i};
        assert_int_equal(
            pthread_create(&writers[i].thread, NULL, write, &writers[i]), 0);
    }
    follow(follower, &stage);
    for (unsigned i = 0; i < count; i++)
        sync_join(writers[i].thread);
    assert_int_equal(follower->position, table_revision(stage.table));
    check_position(follower);
    print_message("%u collections of %zu rockets in all\n", stage.collections,
                  follower->collected);
    table_changes_release(&follower->changes);
    table_free(stage.table);
    free(follower);
}

static void follower_of_many_writers_misses_nothing(void **context)
{
    (void)context;
    run(write_singly, WRITERS);
}

static void follower_of_a_journal_misses_nothing(void **context)
{
    (void)context;
    run(write_positions, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(follower_of_many_writers_misses_nothing),
        cmocka_unit_test(follower_of_a_journal_misses_nothing),
    };

    log_set_level(LOG_ERROR);
    name_rockets();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
