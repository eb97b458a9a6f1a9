/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tests of the allocations of single parts: what is made at the start is made
 * completely or not at all; the block of a rocket's runs may fail to shrink; a
 * refused message changes no count; a list takes two allocations, and is right
 * if rockets are added between them; changes are found, or known to be lost; a
 * snapshot is loaded with the threads that there are; a response for another
 * site needs one allocation; counters count without any.
 */
#include "lib/unit_check.h"

#include <errno.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "auth/access.h"
#include "base/counters.h"
#include "base/metrics.h"
#include "base/sync.h"
#include "base/workers.h"
#include "domain/rocket.h"
#include "http/site_policy.h"
#include "lib/folder.h"
#include "lib/messages.h"
#include "lib/saved_table.h"
#include "listing/list_page.h"
#include "live/changes.h"
#include "scarcity.h"
#include "server/connections.h"
#include "server/request_log.h"
#include "server/server_metrics.h"
#include "server/sweep.h"
#include "store/folder.h"
#include "store/snapshot_file.h"
#include "store/snapshot_load.h"
#include "store/wal.h"
#include "table/table.h"
#include "table/table_changes.h"
#include "table/table_fleet.h"
#include "table/table_image.h"

enum { ROCKETS = 1000, DOUBLED = 2 * ROCKETS };

/* What is made at the start. `make` makes it and frees it, or returns false. */
struct part {
    bool (*make)(void);
    int64_t allocations;
};

static bool make_table(void)
{
    struct table *table = table_new(SIZE_MAX);

    table_free(table);
    return table != NULL;
}

static bool make_connections(void)
{
    const struct server_metrics metrics = {0};
    struct connections *connections = connections_new(100, false);
    struct sweep *sweep = NULL;
    struct request_log log;

    request_log_init(&log, &metrics);
    if (connections != NULL)
        sweep = sweep_start(connections, 10, &log);
    bool made = sweep != NULL;
    sweep_free(sweep);
    connections_free(connections);
    request_log_release(&log);
    return made;
}

static bool make_metrics(void)
{
    struct metrics *metrics = metrics_new();

    metrics_free(metrics);
    return metrics != NULL;
}

static bool make_workers(void)
{
    struct workers *workers = workers_start(2);

    workers_free(workers);
    return workers != NULL;
}

static char root[32];

/* A folder with a segment, opened and listed. */
static bool use_folder(void)
{
    char error[JOURNAL_ERROR];
    struct folder_segments segments = {0};
    struct folder *folder = folder_open(root, error);
    bool listed = folder != NULL && folder_list(folder, &segments, error);

    folder_segments_release(&segments);
    folder_close(folder);
    if (!listed)
        assert_string_equal(error, "memory is exhausted");
    return listed;
}

static bool check_log(void)
{
    struct wal_report report;
    int file = memfd_create("wal", 0);

    assert_int_equal(ftruncate(file, 1000), 0);
    bool checked = wal_check(file, &report) != WAL_UNREADABLE;
    assert_true(checked || errno == ENOMEM);
    close(file);
    return checked;
}

/* A snapshot, written and opened. */
static bool use_snapshot(void)
{
    char path[64], error[JOURNAL_ERROR];
    struct snapshot_info info = {.position = 1};

    snprintf(path, sizeof(path), "%s/some.db", root);
    unlink(path);
    struct snapshot_writer *writer =
        snapshot_writer_new(path, SNAPSHOT_OF_FOLDER, 1, error);
    bool written =
        writer != NULL && snapshot_writer_finish(writer, &info, error);
    snapshot_writer_free(writer);
    struct snapshot_reader *reader =
        written ? snapshot_reader_new(path, SNAPSHOT_OF_FOLDER, error) : NULL;
    snapshot_reader_free(reader);
    if (reader == NULL)
        assert_non_null(strstr(error, "some.db: Cannot allocate memory"));
    return reader != NULL;
}

/* Tokens, read and read again: without memory the old ones stay. */
static bool use_access(void)
{
    char path[64], error[ACCESS_ERROR] = "";
    const struct access_options options = {.file = path, .session_seconds = 1};

    snprintf(path, sizeof(path), "%s/tokens", root);
    struct access *access = access_open(&options, error);
    bool reloaded = access != NULL && access_reload(access, error);
    if (access != NULL)
        assert_int_equal(access_count(access), 1);
    access_free(access);
    if (!reloaded)
        assert_true(strstr(error, "memory is exhausted") != NULL ||
                    strstr(error, "Cannot allocate memory") != NULL);
    return reloaded;
}

static int64_t check_part(void *context, const struct scarcity_limit *limit)
{
    const struct part *part = context;
    int64_t live = scarcity->live;

    scarcity_begin(scarcity, limit);
    bool made = part->make();
    int64_t failed = scarcity_end(scarcity);
    assert_int_equal(made, failed == 0);
    assert_int_equal(scarcity->live, live);
    return failed;
}

static void parts_are_made_completely_or_not_at_all(void **state)
{
    struct part parts[] = {{make_table, 1},   {make_connections, 3},
                           {make_metrics, 2}, {make_workers, 1},
                           {use_folder, 2},   {check_log, 1},
                           {use_snapshot, 3}, {use_access, 5}};
    char path[64];

    (void)state;
    snprintf(root, sizeof(root), "/tmp/test_fault_parts-XXXXXX");
    assert_non_null(mkdtemp(root));
    folder_write(root, "/journal-00000000000000000001.db", "x");
    folder_write(
        root, "/tokens",
        "a sha256:11111111111111111111111111111111111111111111111111111"
        "11111111111 read\n");
    snprintf(path, sizeof(path), "%s/tokens", root);
    assert_int_equal(chmod(path, 0600), 0);
    /* Each allocation fails with all later ones, and then alone. */
    for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
        assert_int_equal(scarcity_each(SCARCITY_OWN, check_part, &parts[i]),
                         2 * parts[i].allocations);
    folder_remove(root);
}

static enum message_outcome apply_faster(struct table *table, const char *id,
                                         uint64_t number, int64_t by)
{
    struct message message = message_speed(id, number, by);

    return table_apply(table, &message);
}

/*
 * When gaps fill, the block of runs is replaced by a smaller one. If that
 * allocation fails, the rocket keeps its block.
 */
static void gaps_fill_without_memory(void **state)
{
    struct table *table = table_new(SIZE_MAX);
    struct rocket_view view;
    enum { LAST = 201 };

    (void)state;
    for (uint64_t number = 1; number <= LAST; number += 2)
        assert_int_equal(apply_faster(table, "a", number, 1), MESSAGE_APPLIED);
    scarcity_begin(scarcity, &(struct scarcity_limit){SCARCITY_OWN, true, 0});
    for (uint64_t number = 2; number < LAST; number += 2) {
        assert_int_equal(apply_faster(table, "a", number, 1), MESSAGE_APPLIED);
        assert_int_equal(apply_faster(table, "a", number, 1),
                         MESSAGE_DUPLICATE);
    }
    assert_true(scarcity_end(scarcity) > 0);
    assert_true(table_find(table, TEXT("a"), &view));
    assert_int_equal(view.speed, LAST);
    assert_int_equal(view.missing, 0);
    table_free(table);
}

struct delivery {
    struct table *table;
    struct message message;
};

static int64_t check_delivery(void *context, const struct scarcity_limit *limit)
{
    const struct delivery *delivery = context;
    struct table_summary before = table_summary(delivery->table);

    scarcity_begin(scarcity, limit);
    enum message_outcome outcome =
        table_apply(delivery->table, &delivery->message);
    int64_t failed = scarcity_end(scarcity);
    struct table_summary after = table_summary(delivery->table);
    if (failed == 0) {
        assert_int_not_equal(outcome, MESSAGE_NO_MEMORY);
        return 0;
    }
    assert_int_equal(outcome, MESSAGE_NO_MEMORY);
    assert_memory_equal(&after, &before, sizeof(after));
    assert_true(table_is_full(delivery->table));
    return failed;
}

/* Each allocation of a message fails in turn, until it is applied. */
static void refused_message_changes_no_count(void **state)
{
    struct table *table = table_new(SIZE_MAX);
    struct delivery deliveries[] = {
        {table, message_exploded("a", 5, "HEAT")},
        {table, message_exploded("a", 9, "COLD")},
        {table, message_launched("a", 3, "Scout", "MIR", 1)},
        {table, message_launched("b", 1, "Athena", "GEMINI", 1)},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(deliveries) / sizeof(deliveries[0]); i++)
        assert_in_range(
            scarcity_each(SCARCITY_OWN, check_delivery, &deliveries[i]), 1,
            100);
    struct table_summary summary = table_summary(table);
    assert_int_equal(summary.exploded, 1);
    assert_int_equal(summary.unlaunched, 0);
    assert_int_equal(summary.incomplete, 1);
    assert_int_equal(summary.missing, 6);
    table_free(table);
}

static int64_t check_names(void *context, const struct scarcity_limit *limit)
{
    static struct table_names names;

    scarcity_begin(scarcity, limit);
    bool counted = table_count_names(context, TABLE_TYPE, &names);
    int64_t failed = scarcity_end(scarcity);
    assert_int_equal(counted, failed == 0);
    if (counted)
        assert_int_equal(names.count + names.other_names, table_count(context));
    return failed;
}

/* Their number grows to three sizes of the memory for them. */
static void names_are_counted_or_memory_is_exhausted(void **state)
{
    enum { NAMES = 1000, ALLOCATIONS = 3 };
    struct table *table = table_new(SIZE_MAX);

    (void)state;
    for (unsigned i = 0; i < NAMES; i++) {
        char name[32];
        snprintf(name, sizeof(name), "%u", i);
        struct message message = message_launched(name, 1, name, name, 1);
        assert_int_equal(table_apply(table, &message), MESSAGE_APPLIED);
    }
    size_t before = table_memory(table);
    assert_int_equal(scarcity_each(SCARCITY_OWN, check_names, table),
                     2 * ALLOCATIONS);
    assert_int_equal(table_memory(table), before);
    assert_false(table_is_full(table));
    table_free(table);
}

/* A table to save or to load, and images. */
struct transfer {
    struct table *table;
    struct buffer images;
};

static int64_t check_walk(void *context, const struct scarcity_limit *limit)
{
    struct transfer *transfer = context;
    struct table_walk walk = {0};
    struct buffer images = BUFFER_INIT;
    enum table_walked walked;
    uint64_t count = 0;

    scarcity_begin(scarcity, limit);
    do
        walked = table_walk_next(transfer->table, &walk, &images, &count);
    while (walked == TABLE_WALK_MORE);
    int64_t failed = scarcity_end(scarcity);
    assert_int_equal(walked,
                     failed == 0 ? TABLE_WALK_END : TABLE_WALK_NO_MEMORY);
    /* It may be tried again. */
    while (table_walk_next(transfer->table, &walk, &images, &count) ==
           TABLE_WALK_MORE)
        continue;
    assert_int_equal(count, table_count(transfer->table));
    assert_int_equal(images.length, transfer->images.length);
    buffer_release(&images);
    return failed;
}

static int64_t check_load(void *context, const struct scarcity_limit *limit)
{
    const struct transfer *transfer = context;
    struct table *table = table_new(SIZE_MAX);
    struct text rest = buffer_text(&transfer->images);
    enum table_loaded loaded = TABLE_LOADED;

    scarcity_begin(scarcity, limit);
    while (loaded == TABLE_LOADED && rest.length > 0)
        loaded = table_load(table, &rest);
    int64_t failed = scarcity_end(scarcity);
    assert_int_equal(loaded, failed == 0 ? TABLE_LOADED : TABLE_LOAD_NO_MEMORY);
    /* What is left can be loaded into the same table. */
    while (rest.length > 0)
        assert_int_equal(table_load(table, &rest), TABLE_LOADED);
    struct table_summary summary = table_summary(table);
    struct table_summary expected = table_summary(transfer->table);
    assert_memory_equal(&summary, &expected, sizeof(summary));
    table_free(table);
    return failed;
}

/* Each allocation fails in turn. Nothing is left half-way, and nothing leaks.
 */
static void rockets_are_saved_and_loaded_whole(void **state)
{
    struct transfer transfer = {table_new(SIZE_MAX), BUFFER_INIT};
    struct table_walk walk = {0};
    uint64_t count = 0;

    (void)state;
    apply_faster(transfer.table, "single", 1, 1);
    for (uint64_t i = 0; i < 100; i++) {
        char mission[MESSAGE_MAX_NAME + 1];
        snprintf(mission, sizeof(mission), "%0250u", (unsigned)i);
        struct message message = message_mission("many", 2 * i + 1, mission);
        assert_int_equal(table_apply(transfer.table, &message),
                         MESSAGE_APPLIED);
    }
    while (table_walk_next(transfer.table, &walk, &transfer.images, &count) ==
           TABLE_WALK_MORE)
        continue;
    int64_t live = scarcity->live;
    assert_in_range(scarcity_each(SCARCITY_OWN, check_walk, &transfer), 1, 20);
    assert_in_range(scarcity_each(SCARCITY_OWN, check_load, &transfer), 100,
                    1000);
    assert_int_equal(scarcity->live, live);
    buffer_release(&transfer.images);
    table_free(transfer.table);
}

/* Add ROCKETS rockets from `first` on. The speed of each is its number. */
static void add_rockets(struct table *table, unsigned first)
{
    for (unsigned i = first; i < first + ROCKETS; i++) {
        char id[32];
        snprintf(id, sizeof(id), "rocket %04u", i);
        assert_int_equal(apply_faster(table, id, 1, i), MESSAGE_APPLIED);
    }
}

static struct table *growing;

/*
 * As another thread may do it. A list sizes its keys by the number of rockets,
 * then allocates them, and then scans the table.
 */
static void add_rockets_meanwhile(void)
{
    int64_t left = scarcity->left;

    scarcity->left = SCARCITY_PLENTY;
    add_rockets(growing, (unsigned)table_count(growing));
    scarcity->left = left;
}

/* The page must have `count` rockets in the order of their speed. */
static void check_page(const struct list_page *page, size_t count, size_t total)
{
    assert_non_null(page);
    assert_int_equal(list_page_total(page), total);
    assert_int_equal(list_page_count(page), count);
    for (size_t i = 0; i < count; i++) {
        struct rocket_view view;
        list_page_read(page, i, &view);
        assert_int_equal(view.speed, total - 1 - i);
    }
}

/* A list takes one allocation for the page and one for its keys. */
static void list_needs_more_memory_only_if_rockets_are_added(void **state)
{
    static const struct {
        bool known;   /* there are ROCKETS rockets at first */
        bool grows;   /* as many are added between the count and the scan */
        int64_t left; /* allocations that succeed */
        size_t limit, count; /* of the page; 0: there is no page */
    } cases[] = {
        {true, false, 2, 0, ROCKETS},
        {true, false, 2, 1, 1},
        {true, false, 2, 3, 3},
        {true, false, 2, 10000, ROCKETS},
        /* The memory for keys grows by half of it and 64 keys. */
        {true, true, 3, 0, 0},
        {true, true, 4, 0, DOUBLED},
        {false, true, 7, 0, 0},
        {false, true, 8, 0, ROCKETS},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct list_query query = {
            .sort = TABLE_SPEED, .descending = true, .limit = cases[i].limit};
        struct table *table = table_new(SIZE_MAX);
        if (cases[i].known)
            add_rockets(table, 0);
        growing = table;
        scarcity_meanwhile = cases[i].grows ? add_rockets_meanwhile : NULL;
        scarcity_begin(scarcity, &(struct scarcity_limit){SCARCITY_OWN, true,
                                                          cases[i].left});
        struct list_page *page = list_page_new(table, &query);
        scarcity_end(scarcity);
        if (cases[i].count == 0)
            assert_null(page);
        else
            check_page(page, cases[i].count, table_count(table));
        list_page_free(page);
        table_free(table);
    }
}

static int64_t check_changes(void *context, const struct scarcity_limit *limit)
{
    struct table *table = context;
    struct changes changes = {.total = 1};

    scarcity_begin(scarcity, limit);
    bool found = changes_find(table, 0, CHANGES_NEWEST, ROCKETS, &changes);
    int64_t failed = scarcity_end(scarcity);
    assert_int_equal(found, failed == 0);
    assert_int_equal(changes.count, found ? ROCKETS : 0);
    assert_int_equal(changes.total, found ? DOUBLED : 1);
    changes_release(&changes);
    return failed;
}

static void changes_are_found_completely_or_not_at_all(void **state)
{
    struct table *table = table_new(SIZE_MAX);

    (void)state;
    add_rockets(table, 0);
    add_rockets(table, ROCKETS);
    int64_t live = scarcity->live;
    assert_in_range(scarcity_each(SCARCITY_OWN, check_changes, table), 1, 100);
    assert_int_equal(scarcity->live, live);
    table_free(table);
}

/*
 * A collection without memory is lost, and only that one. Nothing is lost
 * without memory for lists.
 */
static void collection_without_memory_is_lost(void **state)
{
    const struct scarcity_limit none = {SCARCITY_OWN, true, 0};
    struct table *table = table_new(SIZE_MAX);
    struct table_changes changes = {0};

    (void)state;
    add_rockets(table, 0);
    table_watch(table);
    scarcity_begin(scarcity, &none);
    table_collect(table, &changes);
    assert_false(changes.lost);
    apply_faster(table, "rocket 0000", 2, 1);
    table_collect(table, &changes);
    assert_true(changes.lost);
    assert_int_equal(scarcity_end(scarcity), 3);
    table_collect(table, &changes);
    assert_false(changes.lost);
    assert_int_equal(changes.count, 0);
    scarcity_begin(scarcity, &none);
    apply_faster(table, "rocket 0000", 3, 1);
    apply_faster(table, "rocket 0001", 2, 1);
    table_collect(table, &changes);
    assert_in_range(scarcity_end(scarcity), 1, 2);
    assert_false(changes.lost);
    assert_int_equal(changes.count, 2);
    table_unwatch(table);
    table_changes_release(&changes);
    table_free(table);
}

/* Without any thread it is refused; one is enough. */
static void a_snapshot_is_loaded_with_the_threads_there_are(void **state)
{
    enum { BLOCK = 100 };
    int64_t live = scarcity->live;
    struct table *table = table_new(SIZE_MAX);
    struct snapshot_info info = {.through = DOUBLED,
                                 .max_runs = ROCKET_MAX_RUNS};
    char path[64], error[JOURNAL_ERROR], expected[2 * JOURNAL_ERROR];

    (void)state;
    snprintf(root, sizeof(root), "/tmp/test_fault_parts-XXXXXX");
    assert_non_null(mkdtemp(root));
    snprintf(path, sizeof(path), "%s/snapshot.db", root);
    add_rockets(table, 0);
    assert_true(saved_table_write(table, path, BLOCK, &info, error));
    for (int64_t threads = 0; threads < 2; threads++) {
        struct table *loaded = table_new(SIZE_MAX);
        scarcity_begin(scarcity, &(struct scarcity_limit){SCARCITY_THREADS,
                                                          true, threads});
        enum journal_replayed result =
            snapshot_load(path, SNAPSHOT_OF_FOLDER, loaded, NULL, error);
        scarcity_end(scarcity);
        if (threads == 0) {
            assert_int_equal(result, JOURNAL_FAILED);
            snprintf(expected, sizeof(expected),
                     "cannot load %s: there is no thread for it", path);
            assert_string_equal(error, expected);
        } else {
            assert_int_equal(result, JOURNAL_COMPLETE);
            assert_true(saved_table_same(table, loaded));
        }
        table_free(loaded);
    }
    table_free(table);
    folder_remove(root);
    /* Some is allocated by libraries and freed here, as by getline(3). */
    scarcity->live = live;
}

/* The browser then keeps the page from reading it; caches know why. */
static void response_without_memory_names_no_origin(void **state)
{
    const struct site_policy policy = {.origins = TEXT("http://page")};
    const struct http_request request = {
        .method = HTTP_GET, .fields = {.origin = TEXT("http://page")}};
    struct http_response response;

    (void)state;
    http_response_init(&response);
    scarcity_begin(scarcity, &(struct scarcity_limit){SCARCITY_OWN, true, 0});
    site_policy_add_headers(&policy, &request, &response);
    assert_int_equal(scarcity_end(scarcity), 1);
    assert_int_equal(response.header_count, 1);
    assert_string_equal(response.headers[0].name, "Vary");
    http_response_release(&response);
}

static void *count_once(void *counters)
{
    counters_add(counters, 7, 1);
    return NULL;
}

static void count_in_threads(struct counters *counters, unsigned threads)
{
    for (unsigned i = 0; i < threads; i++) {
        pthread_t thread;
        assert_int_equal(pthread_create(&thread, NULL, count_once, counters),
                         0);
        sync_join(thread);
    }
}

/* Threads one after the other share their memory as well. */
static void counts_of_threads_need_little_memory_or_none(void **state)
{
    struct counters *counters = counters_new();
    uint64_t sum;

    (void)state;
    assert_non_null(counters);
    scarcity_begin(scarcity, &(struct scarcity_limit){SCARCITY_OWN, true, 0});
    count_in_threads(counters, 10);
    assert_int_equal(scarcity_end(scarcity), 10);
    scarcity_begin(scarcity, &(struct scarcity_limit){SCARCITY_OWN, true, 1});
    count_in_threads(counters, 10);
    assert_int_equal(scarcity_end(scarcity), 0);
    counters_read(counters, 7, 1, &sum);
    assert_int_equal(sum, 20);
    counters_free(counters);
}

static int check_leaks(void **state)
{
    (void)state;
    return scarcity->live == 0 ? 0 : -1;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(parts_are_made_completely_or_not_at_all),
        cmocka_unit_test(gaps_fill_without_memory),
        cmocka_unit_test(refused_message_changes_no_count),
        cmocka_unit_test(names_are_counted_or_memory_is_exhausted),
        cmocka_unit_test(rockets_are_saved_and_loaded_whole),
        cmocka_unit_test(list_needs_more_memory_only_if_rockets_are_added),
        cmocka_unit_test(changes_are_found_completely_or_not_at_all),
        cmocka_unit_test(collection_without_memory_is_lost),
        cmocka_unit_test(a_snapshot_is_loaded_with_the_threads_there_are),
        cmocka_unit_test(response_without_memory_names_no_origin),
        cmocka_unit_test(counts_of_threads_need_little_memory_or_none),
    };
    return cmocka_run_group_tests(tests, NULL, check_leaks);
}
