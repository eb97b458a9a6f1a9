/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tests of one table with many threads. They are most useful with
 * ThreadSanitizer. The final state must also be that of the same messages
 * folded in order by the oracle, and readers must see consistent views.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

#include "lib/generator.h"
#include "lib/messages.h"
#include "listing/list_page.h"
#include "property/counts.h"
#include "property/fleet.h"
#include "property/lists.h"
#include "table/table.h"
#include "table/table_fleet.h"
#include "table/table_gaps.h"

enum {
    WRITERS = 4,
    ROCKETS = 16,
    MESSAGES = 600, /* per rocket */
    DELIVERIES = ROCKETS * MESSAGES,
    NEW_ROCKETS = 3000, /* per writer */
    ID_SIZE = 32,
    MAX_WORKERS = 13,
};

struct stage {
    struct table *table;
    size_t max_memory;        /* 0: no limit */
    bool grows;               /* every message adds a rocket, named by itself */
    _Atomic size_t applied;   /* messages that were MESSAGE_APPLIED */
    _Atomic unsigned writing; /* writers that have not finished */
    /* The first failure. Only the main thread may fail the test. */
    _Atomic(const char *) failure;
};

/* Some threads that do the same. */
struct crew {
    void (*work)(struct stage *stage, unsigned number); /* from 0 */
    unsigned count;
    bool writes;
};

struct worker {
    const struct crew *crew;
    struct stage *stage;
    unsigned number;
    pthread_t thread;
};

static void check(struct stage *stage, bool holds, const char *claim)
{
    const char *none = NULL;
    if (!holds)
        atomic_compare_exchange_strong(&stage->failure, &none, claim);
}

static void *run_worker(void *argument)
{
    struct worker *worker = argument;
    worker->crew->work(worker->stage, worker->number);
    if (worker->crew->writes)
        atomic_fetch_sub(&worker->stage->writing, 1);
    return NULL;
}

/* Run all threads of all crews to their end. */
static void run_all(struct stage *stage, const struct crew crews[],
                    size_t crew_count)
{
    struct worker workers[MAX_WORKERS];
    size_t count = 0;
    assert_non_null(stage->table);
    for (size_t i = 0; i < crew_count; i++) {
        stage->writing += crews[i].writes ? crews[i].count : 0;
        for (unsigned j = 0; j < crews[i].count; j++)
            workers[count++] =
                (struct worker){.crew = &crews[i], .stage = stage, .number = j};
    }
    for (size_t i = 0; i < count; i++)
        assert_false(
            pthread_create(&workers[i].thread, NULL, run_worker, &workers[i]));
    for (size_t i = 0; i < count; i++)
        assert_int_equal(pthread_join(workers[i].thread, NULL), 0);
    if (stage->failure)
        fail_msg("%s", stage->failure);
}

static bool still_writing(struct stage *stage)
{
    return atomic_load(&stage->writing) > 0;
}

static void apply(struct stage *stage, struct message message)
{
    enum message_outcome result = table_apply(stage->table, &message);
    check(stage,
          result == MESSAGE_APPLIED || result == MESSAGE_DUPLICATE ||
              (result == MESSAGE_NO_MEMORY && stage->max_memory > 0),
          "a message is neither applied nor a duplicate");
    if (result == MESSAGE_APPLIED)
        atomic_fetch_add(&stage->applied, 1);
}

/* The traffic: all writers deliver the same messages, of all types. */

static char rocket_ids[ROCKETS][ID_SIZE];
static struct message traffic[DELIVERIES];

static void draw_traffic(void)
{
    struct random random = {1};
    for (size_t i = 0; i < DELIVERIES; i++) {
        char *id = rocket_ids[i % ROCKETS];
        snprintf(id, ID_SIZE, "r%zu", i % ROCKETS);
        traffic[i] = generator_message(&random, id, 1 + i / ROCKETS);
    }
}

/*
 * Each writer has its own order: a step that is coprime to DELIVERIES reaches
 * every delivery.
 */
struct deliverer {
    size_t at, step;
};

static struct deliverer deliverer_of(unsigned number)
{
    static const size_t steps[WRITERS] = {1, 7, DELIVERIES - 1, 1009};
    return (struct deliverer){(size_t)number * (DELIVERIES / WRITERS),
                              steps[number % WRITERS]};
}

static const struct message *deliver(struct deliverer *deliverer)
{
    const struct message *message = &traffic[deliverer->at];
    deliverer->at = (deliverer->at + deliverer->step) % DELIVERIES;
    return message;
}

/* Apply all of the traffic. */
static void write_singly(struct stage *stage, unsigned number)
{
    struct deliverer deliverer = deliverer_of(number);
    for (size_t i = 0; i < DELIVERIES; i++)
        apply(stage, *deliver(&deliverer));
}

/*
 * Apply all of the traffic in groups, each one smaller than the one before.
 * `position` is that of the first message; 0: they have none.
 */
static void write_in_groups(struct stage *stage, unsigned number,
                            uint64_t position)
{
    struct table_item items[TABLE_GROUP];
    struct deliverer deliverer = deliverer_of(number);
    size_t count = 0, size = TABLE_GROUP;
    for (size_t i = 0; i < DELIVERIES; i++) {
        items[count++] =
            (struct table_item){.message = deliver(&deliverer),
                                .position = position == 0 ? 0 : position + i};
        if (count < size && i + 1 < DELIVERIES)
            continue;
        table_apply_group(stage->table, items, count);
        for (size_t j = 0; j < count; j++) {
            check(stage,
                  items[j].outcome == MESSAGE_APPLIED ||
                      items[j].outcome == MESSAGE_DUPLICATE,
                  "a message of a group is neither applied nor a duplicate");
            if (items[j].outcome == MESSAGE_APPLIED)
                atomic_fetch_add(&stage->applied, 1);
        }
        count = 0;
        size = size > 1 ? size - 1 : TABLE_GROUP;
    }
}

static void write_all(struct stage *stage, unsigned number)
{
    if (number % 2 == 0)
        write_singly(stage, number);
    else
        write_in_groups(stage, number, 0);
}

/* As the thread of a journal. */
static void write_positions(struct stage *stage, unsigned number)
{
    write_in_groups(stage, number + 3, 1);
}

/* As the threads that take messages for a journal. */
static void admit_all(struct stage *stage, unsigned number)
{
    struct deliverer deliverer = deliverer_of(number);
    while (still_writing(stage)) {
        size_t reserved = 0;
        enum message_outcome outcome =
            table_admit(stage->table, deliver(&deliverer), &reserved);
        check(stage, outcome == MESSAGE_APPLIED || outcome == MESSAGE_DUPLICATE,
              "a message is neither admitted nor a duplicate");
        table_unreserve(stage->table, reserved);
    }
}

static bool is_known_name(struct text text)
{
    bool known = text.data == NULL;
    for (size_t i = 0; !known && i < GENERATOR_NAMES; i++)
        known = text_equal(text, text_of(generator_names[i]));
    return known;
}

static void check_view(struct stage *stage, const struct rocket_view *view)
{
    check(stage,
          is_known_name(view->type) && is_known_name(view->mission) &&
              is_known_name(view->reason),
          "a view has a string that is in no message");
    check(stage, view->exploded == (view->reason.data != NULL),
          "a view is exploded without a reason, or has a reason only");
    check(stage, view->missing < view->last_number,
          "a view has no message that arrived");
    check(stage, !stage->grows || (view->launched && view->last_number == 1),
          "a rocket is seen without its message");
}

static void read_rockets(struct stage *stage, unsigned number)
{
    uint64_t revisions[ROCKETS] = {0};
    for (size_t i = 5UL * number; still_writing(stage); i = (i + 1) % ROCKETS) {
        struct rocket_view view;
        if (!table_find(stage->table, text_of(rocket_ids[i]), &view))
            continue;
        check_view(stage, &view);
        check(stage, view.revision >= revisions[i], "a revision decreased");
        revisions[i] = view.revision;
    }
}

/*
 * Each revision is one applied message, so rockets that are read after the
 * revision must have at least as many messages.
 */
static void read_revisions(struct stage *stage, unsigned number)
{
    (void)number;
    while (still_writing(stage)) {
        uint64_t revision = table_revision(stage->table);
        uint64_t seen = 0;
        for (size_t i = 0; i < ROCKETS; i++) {
            struct rocket_view view;
            if (table_find(stage->table, text_of(rocket_ids[i]), &view))
                seen += view.last_number - view.missing;
        }
        check(stage, seen >= revision,
              "the revision is newer than the rockets read after it");
    }
}

/*
 * Without a filter or limit, a list has all rockets that were added before it.
 * If rockets do not change, it is sorted, so that it has each rocket once.
 */
static void check_list(struct stage *stage, const struct list_query *query)
{
    struct rocket_view views[2];
    size_t before = table_count(stage->table);
    struct list_page *page = list_page_new(stage->table, query);
    if (!page)
        abort();
    size_t count = list_page_count(page);
    for (size_t i = 0; i < count; i++) {
        struct rocket_view *view = &views[i % 2];
        list_page_read(page, i, view);
        check_view(stage, view);
        check(stage,
              !stage->grows || i == 0 ||
                  lists_compare(query, &views[(i - 1) % 2], view) < 0,
              "a list is not sorted");
    }
    check(stage,
          count <= list_page_total(page) &&
              list_page_total(page) <= table_count(stage->table),
          "a list has too many rockets");
    if (query->limit == 0 && query->filter.status == TABLE_ANY_STATUS)
        check(stage, before <= count, "a list lacks a rocket");
    list_page_free(page);
}

static void list_rockets(struct stage *stage, unsigned number)
{
    const struct list_query queries[] = {
        {.sort = TABLE_TYPE},
        {.sort = TABLE_SPEED, .descending = true, .limit = 20},
        {.sort = TABLE_MISSION, .descending = true},
        {.sort = TABLE_UPDATED, .filter.status = TABLE_EXPLODED},
        {.filter.mission = TEXT("GEMINI"), .limit = 3},
    };
    for (size_t i = number; still_writing(stage); i++)
        check_list(stage, &queries[i % 5]);
}

/* Within a stripe, and so in the sum, the counts are of one moment. */
static void read_summaries(struct stage *stage, unsigned number)
{
    (void)number;
    while (still_writing(stage)) {
        struct table_summary summary = table_summary(stage->table);
        check(stage,
              summary.rockets <= ROCKETS &&
                  summary.exploded <= summary.rockets &&
                  summary.unlaunched <= summary.rockets &&
                  summary.incomplete <= summary.rockets &&
                  summary.missing >= summary.incomplete &&
                  summary.missing < DELIVERIES,
              "a summary is impossible");
    }
}

static void check_names(struct stage *stage, const struct table_names *names)
{
    uint64_t rockets = names->other_rockets + names->unknown;
    for (size_t i = 0; i < names->count; i++) {
        check(stage, is_known_name(names->names[i].name),
              "a name that is counted is in no message");
        check(stage,
              i == 0 || names->names[i].rockets <= names->names[i - 1].rockets,
              "names are not in order");
        rockets += names->names[i].rockets;
    }
    /* A rocket is counted once, under one lock, with its name or without. */
    check(stage, rockets <= ROCKETS, "more names are counted than rockets");
}

static void count_rockets(struct stage *stage, unsigned number)
{
    struct table_names *names = malloc(sizeof(*names));
    struct table_speeds speeds;
    if (!names)
        abort();
    for (size_t i = number; still_writing(stage); i++) {
        if (!table_count_names(stage->table,
                               i % 2 == 0 ? TABLE_TYPE : TABLE_MISSION, names))
            abort();
        check_names(stage, names);
        table_count_speeds(stage->table, &speeds);
        uint64_t rockets = 0;
        for (size_t j = 0; j <= TABLE_SPEED_BOUNDS; j++)
            rockets += speeds.rockets[j];
        check(stage, rockets <= ROCKETS,
              "more speeds are counted than rockets");
    }
    free(names);
}

/* What is said of a rocket is of one moment. */
static void read_gaps(struct stage *stage, unsigned number)
{
    struct table_gap gaps[MESSAGES];
    struct table_gaps page;
    for (size_t i = number; still_writing(stage); i = (i + 1) % ROCKETS) {
        uint64_t numbers = 0;
        if (!table_gaps(stage->table, text_of(rocket_ids[i]), 0, gaps, MESSAGES,
                        &page))
            continue;
        for (size_t j = 0; j < page.count; j++)
            numbers += gaps[j].to - gaps[j].from + 1;
        check(stage, numbers == page.missing && !page.more,
              "the gaps of a rocket are not what is missing");
    }
}

/* Every rocket must be the fold of all messages. */
static void assert_all_applied(struct stage *stage)
{
    assert_int_equal(stage->applied, DELIVERIES);
    assert_int_equal(table_revision(stage->table), DELIVERIES);
    assert_int_equal(table_count(stage->table), ROCKETS);
    struct table_summary summary = table_summary(stage->table);
    assert_int_equal(summary.rockets, ROCKETS);
    assert_int_equal(summary.incomplete, 0);
    assert_int_equal(summary.missing, 0);
    for (size_t rocket = 0; rocket < ROCKETS; rocket++) {
        struct rocket_view view;
        struct oracle oracle;
        oracle_init(&oracle);
        for (size_t i = rocket; i < DELIVERIES; i += ROCKETS)
            oracle_apply(&oracle, &traffic[i]);
        struct oracle_state state = oracle_state(&oracle);
        assert_true(
            table_find(stage->table, text_of(rocket_ids[rocket]), &view));
        const char *differs = fleet_difference(&view, &state);
        if (differs)
            fail_msg("%s: a different %s", rocket_ids[rocket], differs);
        oracle_release(&oracle);
    }
    const char *differs = counts_difference(stage->table);
    if (differs)
        fail_msg("a different count: %s", differs);
}

static void concurrent_writers_and_readers_agree(void **context)
{
    (void)context;
    struct stage stage = {.table = table_new(SIZE_MAX)};
    const struct crew crews[] = {
        {write_all, WRITERS, true}, {read_rockets, 2, false},
        {read_revisions, 1, false}, {read_summaries, 1, false},
        {count_rockets, 2, false},  {read_gaps, 1, false},
        {list_rockets, 2, false}};
    draw_traffic();
    run_all(&stage, crews, sizeof(crews) / sizeof(crews[0]));
    assert_all_applied(&stage);
    table_free(stage.table);
}

/* Positions are dense here, so they also count the messages. */
static void one_writer_with_positions_and_readers_agree(void **context)
{
    (void)context;
    struct stage stage = {.table = table_new(SIZE_MAX)};
    const struct crew crews[] = {
        {write_positions, 1, true}, {admit_all, 2, false},
        {read_rockets, 2, false},   {read_revisions, 1, false},
        {read_summaries, 1, false}, {count_rockets, 2, false},
        {read_gaps, 1, false},      {list_rockets, 2, false}};
    assert_non_null(stage.table);
    table_limit_admission(stage.table, 100);
    draw_traffic();
    run_all(&stage, crews, sizeof(crews) / sizeof(crews[0]));
    assert_all_applied(&stage);
    table_free(stage.table);
}

static void format_id(char id[ID_SIZE], unsigned writer, unsigned rocket)
{
    snprintf(id, ID_SIZE, "writer %u rocket %u", writer, rocket);
}

static void add_rockets(struct stage *stage, unsigned number)
{
    char id[ID_SIZE];
    for (unsigned i = 0; i < NEW_ROCKETS; i++) {
        format_id(id, number, i);
        apply(stage,
              message_launched(id, 1, generator_names[i % GENERATOR_NAMES],
                               generator_names[i % 4], i));
    }
}

static void lists_are_complete_while_the_table_grows(void **context)
{
    (void)context;
    struct stage stage = {
        .table = table_new(SIZE_MAX), .max_memory = SIZE_MAX, .grows = true};
    const struct crew crews[] = {{add_rockets, WRITERS, true},
                                 {list_rockets, 3, false}};
    run_all(&stage, crews, sizeof(crews) / sizeof(crews[0]));
    assert_int_equal(table_count(stage.table), WRITERS * NEW_ROCKETS);
    for (unsigned i = 0; i < WRITERS * NEW_ROCKETS; i++) {
        struct rocket_view view;
        char id[ID_SIZE];
        format_id(id, i / NEW_ROCKETS, i % NEW_ROCKETS);
        assert_true(table_find(stage.table, text_of(id), &view));
        assert_int_equal(view.speed, i % NEW_ROCKETS);
    }
    table_free(stage.table);
}

static void watch_memory(struct stage *stage, unsigned number)
{
    (void)number;
    while (still_writing(stage))
        check(stage, table_memory(stage->table) <= stage->max_memory,
              "the table uses more memory than its limit");
}

static void full_table_keeps_its_limit_and_its_rockets(void **context)
{
    (void)context;
    enum { ROOM = 300000 /* bytes: enough for some rockets, not for all */ };
    const struct crew crews[] = {{add_rockets, 3, true},
                                 {watch_memory, 1, false}};
    struct table *empty = table_new(SIZE_MAX);
    assert_non_null(empty);
    size_t limit = table_memory(empty) + ROOM;
    table_free(empty);
    struct stage stage = {.table = table_new(limit), .max_memory = limit};
    run_all(&stage, crews, sizeof(crews) / sizeof(crews[0]));
    assert_in_range(table_memory(stage.table), 0, limit);
    assert_in_range(stage.applied, 1, 3 * NEW_ROCKETS - 1);
    assert_int_equal(table_count(stage.table), stage.applied);
    assert_int_equal(table_revision(stage.table), stage.applied);
    table_free(stage.table);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(concurrent_writers_and_readers_agree),
        cmocka_unit_test(one_writer_with_positions_and_readers_agree),
        cmocka_unit_test(lists_are_complete_while_the_table_grows),
        cmocka_unit_test(full_table_keeps_its_limit_and_its_rockets),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
