/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tests of one table with many threads. They are most useful with
 * ThreadSanitizer. The final state must also be that of the same messages
 * applied in order by one thread, and readers must see consistent views.
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
#include <string.h>

#include "api/list_url.h"
#include "lib/messages.h"
#include "listing/list_page.h"
#include "table/table.h"

enum {
    WRITERS = 4,
    ROCKETS = 16,
    MESSAGES = 600, /* per rocket */
    DELIVERIES = ROCKETS * MESSAGES,
    NEW_ROCKETS = 3000, /* per writer */
    ID_SIZE = 32,
};

/* Shared by the threads of a test. */
struct stage {
    struct table *table;
    size_t max_memory;
    _Atomic size_t applied;   /* messages that were MESSAGE_APPLIED */
    _Atomic unsigned writing; /* writers that have not finished */
    /* The first failure. Only the main thread may fail the test. */
    _Atomic(const char *) failure;
};

struct worker {
    struct stage *stage;
    void (*work)(struct stage *stage, unsigned number);
    unsigned number; /* among the workers of the same kind, from 0 */
    bool writes;
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
    worker->work(worker->stage, worker->number);
    if (worker->writes)
        atomic_fetch_sub(&worker->stage->writing, 1);
    return NULL;
}

static void stage_init(struct stage *stage, size_t max_memory)
{
    *stage = (struct stage){.table = table_new(max_memory),
                            .max_memory = max_memory};
    assert_non_null(stage->table);
}

/* Run all workers to their end. */
static void run_all(struct stage *stage, struct worker workers[], size_t count)
{
    for (size_t i = 0; i < count; i++)
        stage->writing += workers[i].writes;
    for (size_t i = 0; i < count; i++) {
        workers[i].stage = stage;
        assert_int_equal(
            pthread_create(&workers[i].thread, NULL, run_worker, &workers[i]),
            0);
    }
    for (size_t i = 0; i < count; i++)
        assert_int_equal(pthread_join(workers[i].thread, NULL), 0);
    if (stage->failure)
        fail_msg("%s", stage->failure);
}

static bool still_writing(struct stage *stage)
{
    return atomic_load(&stage->writing) > 0;
}

/* The traffic: all writers send the same messages, of all types. */

static const char *const rocket_ids[ROCKETS] = {
    "r0", "r1", "r2",  "r3",  "r4",  "r5",  "r6",  "r7",
    "r8", "r9", "r10", "r11", "r12", "r13", "r14", "r15",
};

static const char *const names[] = {"ARTEMIS", "APOLLO", "GEMINI", "SKYLAB"};

static struct message traffic_message(size_t delivery)
{
    const char *id = rocket_ids[delivery % ROCKETS];
    uint64_t number = 1 + delivery / ROCKETS;
    const char *name = names[(delivery ^ number) % 4];
    if (number % 100 == 1)
        return message_launched(id, number, "Falcon-9", name, 500);
    if (number % 100 == 90)
        return message_exploded(id, number, name);
    if (number % 5 == 0)
        return message_mission(id, number, name);
    return message_speed(id, number, number % 3 ? 500 : -200);
}

static void apply(struct stage *stage, struct message message)
{
    enum message_outcome result = table_apply(stage->table, &message);
    check(stage, result == MESSAGE_APPLIED || result == MESSAGE_DUPLICATE,
          "a message is neither applied nor a duplicate");
    if (result == MESSAGE_APPLIED)
        atomic_fetch_add(&stage->applied, 1);
}

/*
 * Apply all of the traffic. Each writer has its own order: a step that is
 * coprime to DELIVERIES reaches every delivery.
 */
static void write_all(struct stage *stage, unsigned number)
{
    static const size_t steps[WRITERS] = {1, 7, DELIVERIES - 1, 1009};
    size_t at = (size_t)number * (DELIVERIES / WRITERS);
    for (size_t i = 0; i < DELIVERIES; i++) {
        apply(stage, traffic_message(at));
        at = (at + steps[number % WRITERS]) % DELIVERIES;
    }
}

static bool is_one_of_the_names(struct text text)
{
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if (text_equal(text, text_of(names[i])))
            return true;
    }
    return false;
}

static void check_view(struct stage *stage, const struct rocket_view *view)
{
    check(stage, !view->type.data || text_equal(view->type, TEXT("Falcon-9")),
          "a view has a type that is in no message");
    check(stage, !view->mission.data || is_one_of_the_names(view->mission),
          "a view has a mission that is in no message");
    check(stage, view->exploded == (view->reason.data != NULL),
          "a view is exploded without a reason, or has a reason only");
    check(stage, view->missing < view->last_number,
          "a view has no message that arrived");
}

static void read_rockets(struct stage *stage, unsigned number)
{
    uint64_t revisions[ROCKETS] = {0};
    for (size_t i = number; still_writing(stage); i = (i + 1) % ROCKETS) {
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

/* Make the page of the query `raw`. Aborts if there is no memory for it. */
static struct list_page *make_page(struct stage *stage, struct list_url *url,
                                   const char *raw)
{
    char detail[LIST_URL_DETAIL];
    struct list_page *page = NULL;
    if (list_url_parse(url, text_of(raw), detail, sizeof(detail)))
        page = list_page_new(stage->table, &url->query);
    if (!page)
        abort();
    return page;
}

static void list_rockets(struct stage *stage, unsigned number)
{
    static const char *const raws[] = {
        "sort=mission&order=desc", "sort=speed&limit=5",
        "status=exploded&sort=updatedAt", "mission=GEMINI&limit=3"};
    for (size_t i = number; still_writing(stage); i++) {
        struct list_url url;
        struct list_page *page = make_page(stage, &url, raws[i % 4]);
        for (size_t j = 0; j < list_page_count(page); j++) {
            struct rocket_view view;
            list_page_read(page, j, &view);
            check_view(stage, &view);
        }
        list_page_free(page);
        list_url_release(&url);
    }
}

static void assert_same_text(struct text a, struct text b)
{
    assert_int_equal(a.data == NULL, b.data == NULL);
    assert_true(text_equal(a, b));
}

static void assert_same_view(const struct rocket_view *a,
                             const struct rocket_view *b)
{
    assert_same_text(a->type, b->type);
    assert_same_text(a->mission, b->mission);
    assert_same_text(a->reason, b->reason);
    assert_int_equal(a->speed, b->speed);
    assert_int_equal(a->exploded, b->exploded);
    assert_int_equal(a->launched, b->launched);
    assert_memory_equal(&a->created, &b->created, sizeof(a->created));
    assert_memory_equal(&a->updated, &b->updated, sizeof(a->updated));
    assert_int_equal(a->last_number, b->last_number);
    assert_int_equal(a->missing, b->missing);
}

/* Every rocket must be as if all messages had arrived in order. */
static void assert_as_in_order(struct stage *stage)
{
    struct table *in_order = table_new(SIZE_MAX);
    assert_non_null(in_order);
    for (size_t i = 0; i < DELIVERIES; i++) {
        struct message message = traffic_message(i);
        assert_int_equal(table_apply(in_order, &message), MESSAGE_APPLIED);
    }
    assert_int_equal(table_count(stage->table), ROCKETS);
    for (size_t i = 0; i < ROCKETS; i++) {
        struct rocket_view view, expected;
        struct text id = text_of(rocket_ids[i]);
        assert_true(table_find(stage->table, id, &view));
        assert_true(table_find(in_order, id, &expected));
        assert_same_view(&view, &expected);
    }
    table_free(in_order);
}

static void concurrent_writers_and_readers_agree(void **context)
{
    (void)context;
    struct stage stage;
    struct worker workers[] = {
        {.work = write_all, .number = 0, .writes = true},
        {.work = write_all, .number = 1, .writes = true},
        {.work = write_all, .number = 2, .writes = true},
        {.work = write_all, .number = 3, .writes = true},
        {.work = read_rockets, .number = 0},
        {.work = read_rockets, .number = 5},
        {.work = read_revisions},
        {.work = list_rockets, .number = 0},
        {.work = list_rockets, .number = 1},
    };
    stage_init(&stage, SIZE_MAX);
    run_all(&stage, workers, sizeof(workers) / sizeof(workers[0]));
    assert_int_equal(stage.applied, DELIVERIES);
    assert_int_equal(table_revision(stage.table), DELIVERIES);
    assert_as_in_order(&stage);
    table_free(stage.table);
}

/* Growth: every message adds a rocket. */

static void format_id(char id[ID_SIZE], unsigned writer, unsigned rocket)
{
    snprintf(id, ID_SIZE, "writer %u rocket %u", writer, rocket);
}

static void add_rockets(struct stage *stage, unsigned number)
{
    char id[ID_SIZE], type[ID_SIZE];
    for (unsigned i = 0; i < NEW_ROCKETS; i++) {
        format_id(id, number, i);
        snprintf(type, sizeof(type), "type %u", i % 97);
        apply(stage, message_launched(id, 1, type, names[i % 4], i));
    }
}

static int compare_ids(const void *a, const void *b)
{
    return text_compare(*(const struct text *)a, *(const struct text *)b);
}

static bool all_different(struct text *ids, size_t count)
{
    qsort(ids, count, sizeof(*ids), compare_ids);
    for (size_t i = 1; i < count; i++) {
        if (text_equal(ids[i - 1], ids[i]))
            return false;
    }
    return true;
}

/* Whole lists: each has the rockets added before it, and each rocket once. */
static void list_during_growth(struct stage *stage, unsigned number)
{
    static const char *const raws[] = {"sort=type", "sort=speed&order=desc"};
    static struct text all_ids[2][WRITERS * NEW_ROCKETS];
    struct text *ids = all_ids[number];
    while (still_writing(stage)) {
        struct list_url url;
        size_t before = table_count(stage->table);
        struct list_page *page = make_page(stage, &url, raws[number]);
        size_t count = list_page_count(page);
        check(stage, before <= count && count <= table_count(stage->table),
              "a list lacks a rocket or has too many");
        check(stage, count == list_page_total(page),
              "the total differs from the number of rockets");
        for (size_t i = 0; i < count; i++) {
            struct rocket_view view;
            list_page_read(page, i, &view);
            check(stage, view.launched && view.last_number == 1,
                  "a rocket is listed without its message");
            ids[i] = view.id;
        }
        check(stage, all_different(ids, count), "a rocket is listed twice");
        list_page_free(page);
        list_url_release(&url);
    }
}

/* The first page of a sorted list, read repeatedly as by a dashboard. */
static void list_top_during_growth(struct stage *stage, unsigned number)
{
    (void)number;
    while (still_writing(stage)) {
        struct list_url url;
        struct list_page *page =
            make_page(stage, &url, "sort=speed&order=desc&limit=20");
        int64_t last = INT64_MAX;
        for (size_t i = 0; i < list_page_count(page); i++) {
            struct rocket_view view;
            list_page_read(page, i, &view);
            check(stage, view.speed <= last, "a list is not sorted");
            last = view.speed;
        }
        list_page_free(page);
        list_url_release(&url);
    }
}

static void lists_are_complete_while_the_table_grows(void **context)
{
    (void)context;
    struct stage stage;
    struct worker workers[] = {
        {.work = add_rockets, .number = 0, .writes = true},
        {.work = add_rockets, .number = 1, .writes = true},
        {.work = add_rockets, .number = 2, .writes = true},
        {.work = add_rockets, .number = 3, .writes = true},
        {.work = list_during_growth, .number = 0},
        {.work = list_during_growth, .number = 1},
        {.work = list_top_during_growth},
    };
    stage_init(&stage, SIZE_MAX);
    run_all(&stage, workers, sizeof(workers) / sizeof(workers[0]));
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

/* The memory limit holds for all threads together. */

enum { ROOM = 300000 /* bytes: enough for some rockets, not for all */ };

static void fill_table(struct stage *stage, unsigned number)
{
    char id[ID_SIZE];
    for (unsigned i = 0; i < NEW_ROCKETS; i++) {
        format_id(id, number, i);
        struct message message =
            message_launched(id, 1, id, names[i % 4], (int64_t)i);
        if (table_apply(stage->table, &message) == MESSAGE_APPLIED)
            atomic_fetch_add(&stage->applied, 1);
    }
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
    struct stage stage;
    struct worker workers[] = {
        {.work = fill_table, .number = 0, .writes = true},
        {.work = fill_table, .number = 1, .writes = true},
        {.work = fill_table, .number = 2, .writes = true},
        {.work = watch_memory},
    };
    struct table *empty = table_new(SIZE_MAX);
    assert_non_null(empty);
    size_t limit = table_memory(empty) + ROOM;
    table_free(empty);
    stage_init(&stage, limit);
    run_all(&stage, workers, sizeof(workers) / sizeof(workers[0]));
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
        cmocka_unit_test(lists_are_complete_while_the_table_grows),
        cmocka_unit_test(full_table_keeps_its_limit_and_its_rockets),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
