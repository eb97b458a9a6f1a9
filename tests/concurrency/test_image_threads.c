/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tests of walks and loads with many threads. They are most useful with
 * ThreadSanitizer. What a walk gives while a thread applies messages, and what
 * several threads load, must also be the rockets of the table.
 */
#include "lib/unit_check.h"

#include <pthread.h>
#include <stdatomic.h>

#include "base/log.h"
#include "base/sync.h"
#include "lib/generator.h"
#include "lib/table_images.h"

enum {
    ROCKETS = 200,
    MESSAGES = 200, /* of each */
    DELIVERIES = ROCKETS * MESSAGES,
    GROUP = 16,
    LOADERS = 4,
    ID_SIZE = 16,
};

static char ids[ROCKETS][ID_SIZE];
static struct message journal[DELIVERIES];

/*
 * Message i has position i + 1. Rockets and numbers in random order, so that
 * there are many gaps; some messages are in it twice.
 */
static void draw_journal(void)
{
    struct random random = {16};

    for (size_t i = 0; i < DELIVERIES; i++) {
        size_t rocket = random_below(&random, ROCKETS);
        snprintf(ids[rocket], ID_SIZE, "rocket %zu", rocket);
        journal[i] = generator_message(&random, ids[rocket],
                                       1 + random_below(&random, MESSAGES));
        journal[i].speed %= MESSAGE_MAX_SPEED;
        journal[i].time.digits = 9;
    }
}

static struct table *new_table(void)
{
    struct table *table = table_new(SIZE_MAX);

    if (table == NULL)
        abort();
    return table;
}

/* Apply the group that begins at index `first`. Returns its last position. */
static uint64_t apply_group(struct table *table, size_t first)
{
    struct table_item items[GROUP];
    size_t count = 0;

    for (; count < GROUP && first + count < DELIVERIES; count++)
        items[count] = (struct table_item){.message = &journal[first + count],
                                           .position = first + count + 1};
    table_apply_group(table, items, count);
    return first + count;
}

static void check_same_tables(struct table *a, struct table *b)
{
    struct table_summary summaries[2] = {table_summary(a), table_summary(b)};
    struct rocket_view views[2];

    assert_memory_equal(&summaries[0], &summaries[1], sizeof(summaries[0]));
    assert_int_equal(table_count(a), table_count(b));
    assert_int_equal(table_revision(a), table_revision(b));
    for (size_t i = 0; i < ROCKETS; i++) {
        if (!table_find(a, text_of(ids[i]), &views[0]))
            continue;
        assert_true(table_find(b, text_of(ids[i]), &views[1]));
        const char *differs = table_images_difference(&views[0], &views[1]);
        if (differs != NULL)
            fail_msg("%s: %s", ids[i], differs);
    }
}

/* The thread of a journal. `applied`: all up to here is in the table. */
struct writer {
    struct table *table;
    _Atomic uint64_t applied;
};

static void *apply_journal(void *argument)
{
    struct writer *writer = argument;

    for (size_t i = 0; i < DELIVERIES; i += GROUP)
        atomic_store(&writer->applied, apply_group(writer->table, i));
    return NULL;
}

/* A snapshot: the images, and the position that was applied before. */
struct walked {
    uint64_t position;
    struct buffer images;
};

static void take_snapshot(struct writer *writer, struct walked *walked)
{
    struct table_walk walk = {0};
    uint64_t count = 0;

    walked->position = atomic_load(&writer->applied);
    buffer_clear(&walked->images);
    while (table_walk_next(writer->table, &walk, &walked->images, &count) ==
           TABLE_WALK_MORE)
        continue;
}

static void snapshot_and_replay_are_the_table(void **context)
{
    enum { SNAPSHOTS = 8 };
    struct writer writer = {.table = new_table()};
    struct walked walked[SNAPSHOTS] = {{0}};
    pthread_t thread;

    (void)context;
    assert_int_equal(pthread_create(&thread, NULL, apply_journal, &writer), 0);
    for (uint64_t i = 0; i < SNAPSHOTS; i++) {
        while (atomic_load(&writer.applied) < i * DELIVERIES / SNAPSHOTS)
            sched_yield();
        take_snapshot(&writer, &walked[i]);
    }
    sync_join(thread);
    for (size_t i = 0; i < SNAPSHOTS; i++) {
        struct table *table = new_table();
        assert_int_equal(
            table_images_load(table, buffer_text(&walked[i].images)),
            TABLE_LOADED);
        for (size_t first = walked[i].position; first < DELIVERIES;)
            first = apply_group(table, first);
        check_same_tables(writer.table, table);
        buffer_release(&walked[i].images);
        table_free(table);
    }
    table_free(writer.table);
}

struct loader {
    struct table *table;
    struct text images;
    enum table_loaded loaded;
    pthread_t thread;
};

static void *load_images(void *argument)
{
    struct loader *loader = argument;
    uint64_t count = 0;

    do
        loader->loaded =
            table_load_group(loader->table, &loader->images, &count);
    while (loader->loaded == TABLE_LOADED && loader->images.length > 0);
    return NULL;
}

/* The images of one stripe after the other go to the threads in turn. */
static void deal_images(struct table *table, struct buffer buffers[LOADERS])
{
    struct table_walk walk = {0};
    enum table_walked walked = TABLE_WALK_MORE;
    uint64_t count = 0;

    for (size_t i = 0; walked == TABLE_WALK_MORE; i++)
        walked = table_walk_next(table, &walk, &buffers[i % LOADERS], &count);
    assert_int_equal(count, table_count(table));
}

static void several_threads_load_one_table(void **context)
{
    struct table *table = new_table(), *loaded = new_table();
    struct buffer buffers[LOADERS] = {BUFFER_INIT};
    struct loader loaders[LOADERS];

    (void)context;
    for (size_t i = 0; i < DELIVERIES; i += GROUP)
        apply_group(table, i);
    deal_images(table, buffers);
    for (size_t i = 0; i < LOADERS; i++) {
        loaders[i] = (struct loader){.table = loaded,
                                     .images = buffer_text(&buffers[i])};
        assert_int_equal(
            pthread_create(&loaders[i].thread, NULL, load_images, &loaders[i]),
            0);
    }
    /* Meanwhile each rocket is there as a whole, or not yet. */
    while (table_count(loaded) < table_count(table)) {
        struct rocket_view views[2];
        struct table_summary summary = table_summary(loaded);
        assert_in_range(summary.rockets, 0, ROCKETS);
        for (size_t i = 0; i < ROCKETS; i++)
            if (table_find(loaded, text_of(ids[i]), &views[0])) {
                assert_true(table_find(table, text_of(ids[i]), &views[1]));
                assert_null(table_images_difference(&views[0], &views[1]));
            }
    }
    for (size_t i = 0; i < LOADERS; i++) {
        sync_join(loaders[i].thread);
        assert_int_equal(loaders[i].loaded, TABLE_LOADED);
        buffer_release(&buffers[i]);
    }
    check_same_tables(table, loaded);
    table_free(loaded);
    table_free(table);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(snapshot_and_replay_are_the_table),
        cmocka_unit_test(several_threads_load_one_table),
    };

    log_set_level(LOG_ERROR);
    draw_journal();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
