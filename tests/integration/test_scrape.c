/* SPDX-License-Identifier: Apache-2.0 */
/*
 * GET /metrics: every family moves with what it counts or measures, and
 * Prometheus can read them all.
 */
#include "lib/harness.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "lib/count_parts.h"
#include "lib/data_folder.h"
#include "lib/inflated.h"

enum {
    ROCKETS = 20000,
    PADDING = 256, /* makes a list longer than all buffers */
    LISTS = 12,
    CONNECTIONS = 10,
    MAX_SERIES = 650,
};

/* Something that a client does. */
typedef void action(const struct instance *instance);

static void post_one(const struct instance *instance,
                     struct fleet_message message)
{
    struct connection connection;

    instance_connect(instance, &connection);
    fleet_post(&connection, &message);
    connection_close(&connection);
}

static void launch(const struct instance *instance)
{
    post_one(instance, fleet_launched("one", 1, "A", 1, "B"));
}

static void accelerate(const struct instance *instance)
{
    post_one(instance, fleet_faster("one", 2, 1));
}

static void explode(const struct instance *instance)
{
    post_one(instance, fleet_exploded("one", 3, "C"));
}

static void post_nonsense(const struct instance *instance)
{
    EXCHANGE(instance, .body = "{}", .status = 400);
}

/* A launch and an explosion, each twice, a bad line, and a blank one. */
static void post_batch(const struct instance *instance)
{
    struct fleet_message launched = fleet_launched("two", 1, "A", 1, "B");
    struct fleet_message exploded = fleet_exploded("two", 2, "C");
    char lines[4 * FLEET_MAX_MESSAGE + 16];

    snprintf(lines, sizeof(lines), "%s\n%s\n%s\n%s\n\n[]\n", launched.body,
             exploded.body, launched.body, exploded.body);
    EXCHANGE(instance, .fields = BULK_TYPE, .body = lines, .status = 202);
}

/* In this order: by how much an action changes a sample. */
static const struct {
    action *act;
    const char *sample;
    double change;
} rows[] = {
    {launch, "lunar_launches_total", 1},
    {launch, "lunar_launches_total", 0},
    {launch, "lunar_messages_total{result=\"duplicate\"}", 1},
    {accelerate, "lunar_messages_total{result=\"applied\"}", 1},
    {explode, "lunar_explosions_total", 1},
    {explode, "lunar_explosions_total", 0},
    {post_nonsense, "lunar_messages_total{result=\"rejected\"}", 1},
    {post_nonsense, "lunar_log_lines_total{level=\"warn\"}", 1},
    {post_nonsense, "lunar_batch_messages_count", 0},
    {post_batch, "lunar_launches_total", 1},
    {post_batch, "lunar_explosions_total", 0},
    {post_batch, "lunar_batch_messages_count", 1},
    {post_batch, "lunar_batch_messages_sum", 5},
    {post_batch, "lunar_batch_messages_bucket{le=\"1\"}", 0},
    {post_batch, "lunar_batch_messages_bucket{le=\"10\"}", 1},
    {post_batch, "lunar_batch_messages_bucket{le=\"+Inf\"}", 1},
    {post_batch, "lunar_messages_total{result=\"rejected\"}", 1},
    {post_batch, "lunar_messages_total{result=\"duplicate\"}", 4},
};

static void counters_grow_by_what_happens(void **state)
{
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        double before = scrape_value(*state, rows[i].sample);
        rows[i].act(*state);
        double change = scrape_value(*state, rows[i].sample) - before;
        if (change < rows[i].change || change > rows[i].change)
            fail_msg("row %zu: %s has changed by %g, not by %g", i,
                     rows[i].sample, change, rows[i].change);
    }
}

/* All gauges of rockets after each message. */
static void rockets_are_counted(void **state)
{
    const struct {
        struct fleet_message message;
        double active, exploded, unlaunched, incomplete, missing;
    } steps[] = {
        {fleet_faster("one", 5, 1), 1, 0, 1, 1, 4},
        {fleet_launched("two", 1, "A", 1, "B"), 2, 0, 1, 1, 4},
        {fleet_launched("one", 2, "A", 1, "B"), 2, 0, 0, 1, 3},
        {fleet_exploded("one", 6, "C"), 1, 1, 0, 1, 3},
        {fleet_exploded("two", 4, "C"), 0, 2, 0, 2, 5},
        {fleet_faster("two", 2, 1), 0, 2, 0, 2, 4},
        {fleet_faster("two", 3, 1), 0, 2, 0, 1, 3},
        {fleet_launched("two", 5, "A", 1, "B"), 1, 1, 0, 1, 3},
        {fleet_faster("three", 1, 1), 2, 1, 1, 1, 3},
    };
    struct instance instance;

    (void)state;
    instance_start(&instance, NULL);
    for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
        const struct {
            const char *sample;
            double value;
        } expected[] = {
            {"lunar_rockets{status=\"active\"}", steps[i].active},
            {"lunar_rockets{status=\"exploded\"}", steps[i].exploded},
            {"lunar_rockets_unlaunched", steps[i].unlaunched},
            {"lunar_rockets_incomplete", steps[i].incomplete},
            {"lunar_missing_messages", steps[i].missing},
        };
        post_one(&instance, steps[i].message);
        char *text = scrape_text(&instance);
        for (size_t j = 0; j < sizeof(expected) / sizeof(expected[0]); j++) {
            double value = scrape_find(text, expected[j].sample);
            if (value < expected[j].value || value > expected[j].value)
                fail_msg("step %zu: %s is %g, not %g", i, expected[j].sample,
                         value, expected[j].value);
        }
        free(text);
    }
    instance_stop(&instance);
}

static void memory_of_rockets_is_measured(void **state)
{
    struct instance instance;
    struct connection connection;
    double limit = 4 << 20, before = 0, memory = 0;
    bool full = false;

    (void)state;
    instance_start(&instance, INSTANCE_FLAGS("-max-memory=4M"));
    assert_true(scrape_value(&instance, "lunar_table_memory_limit_bytes") ==
                limit);
    instance_connect(&instance, &connection);
    for (unsigned i = 0; !full; i++) {
        char id[32];
        struct response response;
        snprintf(id, sizeof(id), "rocket-%u", i);
        struct fleet_message message = fleet_faster(id, 1, 1);
        if (i % 1000 == 0) {
            memory = scrape_value(&instance, "lunar_table_memory_bytes");
            assert_true(memory > before && memory <= limit);
            before = memory;
        }
        connection_post(&connection, message.body);
        connection_expect(&connection, &response);
        full = response.status == 503;
        response_release(&response);
    }
    connection_close(&connection);
    assert_true(
        scrape_value(&instance, "lunar_messages_total{result=\"no_memory\"}") ==
        1);
    memory = scrape_value(&instance, "lunar_table_memory_bytes");
    assert_true(memory > limit * 0.9 && memory <= limit);
    instance_stop(&instance);
}

/* The rest of the list is not read: a slow reader would be cut off meanwhile.
 */
static void expect_list(struct connection *connection)
{
    struct response response;

    assert_int_equal(connection_receive_head(connection, &response),
                     CONNECTION_ANSWERED);
    response_expect_status(&response, 200);
    response_release(&response);
    connection_close(connection);
}

static void lists_and_jobs_are_counted_while_they_last(void **state)
{
    struct connection connections[LISTS];

    (void)state;
    struct instance instance;
    instance_start(&instance, NULL);
    fleet_launch(&instance, ROCKETS, PADDING);
    assert_true(scrape_value(&instance, "lunar_lists_streaming") == 0);
    instance_begin(&instance, "/rockets", &connections[0]);
    instance_begin(&instance, "/rockets", &connections[1]);
    assert_true(scrape_value(&instance, "lunar_lists_streaming") == 2);
    connection_close(&connections[0]);
    connection_close(&connections[1]);
    scrape_wait_for(&instance, "lunar_lists_streaming", 0);

    /* One worker makes all of these lists, one after the other. */
    double queued = 0;
    while (queued == 0) {
        for (size_t i = 0; i < LISTS; i++) {
            instance_connect(&instance, &connections[i]);
            connection_get(&connections[i], "/rockets?sort=mission");
        }
        queued = scrape_value(&instance, "lunar_workers_queued");
        assert_true(queued <= LISTS);
        for (size_t i = 0; i < LISTS; i++)
            expect_list(&connections[i]);
        scrape_wait_for(&instance, "lunar_lists_streaming", 0);
    }
    scrape_wait_for(&instance, "lunar_workers_queued", 0);
    instance_stop(&instance);
}

/* Connections of earlier scrapes may still be open at first, but not later. */
static void open_files_are_counted(void **state)
{
    struct connection connections[CONNECTIONS];

    for (size_t i = 0; i < CONNECTIONS; i++) {
        instance_connect(*state, &connections[i]);
        bulk_expect_next(&connections[i]);
    }
    double open = scrape_value(*state, "process_open_fds");
    assert_true(open > CONNECTIONS);
    for (size_t i = 0; i < CONNECTIONS; i++)
        connection_close(&connections[i]);
    while (scrape_value(*state, "process_open_fds") > open - CONNECTIONS)
        continue;
}

static void process_is_measured(void **state)
{
    struct instance *instance = *state;
    struct rlimit limit;

    double cpu = scrape_value(instance, "process_cpu_seconds_total");
    double memory = scrape_value(instance, "process_resident_memory_bytes");
    assert_int_equal(
        prlimit(instance->process.pid, RLIMIT_NOFILE, NULL, &limit), 0);
    assert_true(scrape_value(instance, "process_max_fds") ==
                (double)limit.rlim_cur);
    fleet_launch(instance, ROCKETS, PADDING);
    assert_true(scrape_value(instance, "process_cpu_seconds_total") > cpu);
    assert_true(scrape_value(instance, "process_resident_memory_bytes") >
                memory + ROCKETS * 100.0);
    assert_true(scrape_value(instance, "process_virtual_memory_bytes") >
                memory);
    assert_true(scrape_value(instance, "process_threads") >= 5);
    double start = scrape_value(instance, "process_start_time_seconds");
    double now = (double)time(NULL);
    assert_true(start > now - 3600 && start < now + 1);
}

static void build_has_its_version(void **state)
{
    assert_true(scrape_value(*state, "lunar_build_info{version=\"" LUNAR_VERSION
                                     "\"}") == 1);
}

static void a_scrape_is_a_request_like_any_other(void **state)
{
    static const struct exchange exchanges[] = {
        {.target = "/metrics",
         .status = 200,
         .header = "Content-Type",
         .value = "text/plain; version=0.0.4; charset=utf-8",
         .part = "# TYPE lunar_messages_total counter\n"},
        {.target = "/metrics",
         .fields = "Accept: application/openmetrics-text;version=1.0.0\r\n",
         .status = 200,
         .header = "Cache-Control",
         .value = "no-store"},
        {.target = "/metrics",
         .status = 200,
         .header = "Vary",
         .value = "Accept-Encoding"},
        {"HEAD", "/metrics", .status = 200, .header = "Content-Type",
         .value = "text/plain; version=0.0.4; charset=utf-8"},
        {.target = "/metrics?_=1", .status = 200},
        {.target = "/metrics?format=prometheus",
         .status = 400,
         .part = "unknown parameter format: this operation takes no"},
        {.target = "/metrics/", .status = 404},
    };

    EXCHANGES_RUN(*state, exchanges);
}

static void gzip_is_sent_if_it_is_accepted(void **state)
{
    struct connection connection;
    struct response response;
    size_t length = 0;
    bool whole = false;

    instance_connect(*state, &connection);
    connection_request(&connection, "GET", "/metrics",
                       "Accept-Encoding: gzip\r\n");
    connection_expect(&connection, &response);
    connection_close(&connection);
    response_expect_status(&response, 200);
    response_expect_header(&response, "Content-Encoding", "gzip");
    char *text = inflated(response.body, response.body_length, &length, &whole);
    assert_true(whole);
    assert_true(scrape_find(text, "process_threads") > 0);
    free(text);
    response_release(&response);
}

static void promtool_has_no_objection(void **state)
{
    char path[] = "/tmp/test_scrape.XXXXXX";
    char *text = scrape_text(*state), *errors = NULL;
    int file = mkstemp(path);
    struct process process;

    assert_true(file >= 0);
    assert_int_equal(write(file, text, strlen(text)), strlen(text));
    close(file);
    free(text);
    process_start(&process,
                  (const char *const[]){
                      "/bin/sh", "-c",
                      "exec promtool check metrics <\"$0\" >&2", path, NULL},
                  NULL);
    int status = process_wait(&process, PROCESS_PATIENCE);
    unlink(path);
    errors = process_errors(&process);
    process_release(&process);
    /* NOLINTNEXTLINE(concurrency-mt-unsafe): there are no threads. */
    bool missing = status == 127 && getenv("TEST_SKIP_CODE") == NULL;
    if (!missing && (status != 0 || errors[0] != '\0'))
        fail_msg("promtool check metrics: status %d: %s", status, errors);
    free(errors);
    if (missing) {
        print_message("promtool is missing (Debian: prometheus)\n");
        skip();
    }
}

/* Each comment is a family's, and each other line a series. */
static void there_are_fewer_series_than_promised(void **state)
{
    char *text = scrape_text(*state);
    size_t lines = count_parts(text, "\n");
    size_t series =
        lines - count_parts(text, "# HELP ") - count_parts(text, "# TYPE ");

    if (series >= MAX_SERIES)
        fail_msg("%zu series", series);
    free(text);
}

/* docs/metrics.md, as a string. Ownership: the caller frees it. */
static char *read_document(void)
{
    FILE *file = fopen(LUNAR_SOURCE_DIR "/docs/metrics.md", "re");
    char *text = NULL;
    size_t size = 0;

    assert_non_null(file);
    assert_true(getdelim(&text, &size, '\0', file) > 0);
    fclose(file);
    return text;
}

/* The document has a row for the family, with its type. */
static void expect_row(const char *document, const char *name, int length,
                       const char *type)
{
    char row[128];

    snprintf(row, sizeof(row), "\n| `%.*s` | %s | ", length, name, type);
    if (count_parts(document, row) != 1)
        fail_msg("docs/metrics.md needs the row: %s", row + 1);
}

static void every_family_is_documented(void **state)
{
    static const char mark[] = "# TYPE ";
    char *text = scrape_text(*state), *document = read_document();
    size_t families = 0;

    for (const char *at = text; (at = strstr(at, mark)) != NULL;) {
        char type[32];
        at += strlen(mark);
        const char *space = at + strcspn(at, " ");
        snprintf(type, sizeof(type), "%.*s", (int)strcspn(space + 1, "\n"),
                 space + 1);
        expect_row(document, at, (int)(space - at), type);
        families++;
    }
    assert_true(families > 0);
    /*
     * No row is of a family that does not exist. Those of a topic need brokers:
     * tests/replica/cases.py looks at them. Those of TLS need a certificate.
     */
    assert_int_equal(count_parts(document, "\n| `lunar_") -
                         count_parts(document, "\n| `lunar_replica_") -
                         count_parts(document, "\n| `lunar_tls_") +
                         count_parts(document, "\n| `process_"),
                     families);
    free(document);
    free(text);
}

/* A service with a store. */
struct kept {
    struct instance instance; /* the first member */
    struct data_folder folder;
};

static int set_up_kept(void **state)
{
    static struct kept kept;

    data_folder_make(&kept.folder);
    instance_start(&kept.instance,
                   INSTANCE_FLAGS(kept.folder.flag, "-snapshot=1M"));
    *state = &kept;
    return 0;
}

static int tear_down_kept(void **state)
{
    struct kept *kept = *state;

    instance_stop(&kept->instance);
    return folder_remove(kept->folder.root);
}

static void journal_is_measured(void **state)
{
    static const struct {
        const char *sample;
        double change;
    } changes[] = {
        {"lunar_journal_position", 2},
        {"lunar_journal_commits_total", 2},
        {"lunar_journal_commit_seconds_count", 2},
        {"lunar_journal_commit_messages_count", 2},
        {"lunar_journal_commit_messages_sum", 2},
        {"lunar_journal_refused_total", 0},
    };
    double before[sizeof(changes) / sizeof(changes[0])];
    struct instance *instance = *state;

    for (size_t i = 0; i < sizeof(changes) / sizeof(changes[0]); i++)
        before[i] = scrape_value(instance, changes[i].sample);
    launch(instance);
    accelerate(instance);
    launch(instance); /* a duplicate needs no journal */
    for (size_t i = 0; i < sizeof(changes) / sizeof(changes[0]); i++) {
        double change = scrape_value(instance, changes[i].sample) - before[i];
        if (change < changes[i].change || change > changes[i].change)
            fail_msg("%s has changed by %g", changes[i].sample, change);
    }
    assert_true(scrape_value(instance, "lunar_journal_bytes") > 4096);
    assert_true(scrape_value(instance, "lunar_journal_queue") == 0);
    assert_true(scrape_value(instance, "lunar_journal_writable") == 1);
    assert_true(scrape_value(instance, "lunar_journal_recovery_seconds") > 0);
}

/* What there is only once there is a snapshot is not shown before. */
static void snapshots_are_measured(void **state)
{
    static const char written[] = "lunar_snapshots_total{result=\"written\"}";
    struct instance *instance = *state;
    char *text = scrape_text(instance);

    assert_null(strstr(text, "lunar_snapshot_"));
    free(text);
    assert_true(scrape_value(instance, written) == 0);
    fleet_launch(instance, ROCKETS, PADDING); /* some 6 MB */
    scrape_wait_from(instance, written, 1);
    assert_true(scrape_value(instance, "lunar_snapshot_seconds") > 0);
    assert_true(scrape_value(instance, "lunar_snapshot_age_seconds") < 60);
    assert_true(scrape_value(instance, "lunar_snapshot_bytes") > 4096);
    assert_true(scrape_value(instance, "lunar_snapshot_position") > 0);
    assert_true(scrape_value(instance,
                             "lunar_snapshots_total{result=\"failed\"}") == 0);
}

static void there_is_no_journal_without_a_store(void **state)
{
    char *text = scrape_text(*state);

    assert_null(strstr(text, "lunar_journal_"));
    assert_null(strstr(text, "lunar_snapshot"));
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(counters_grow_by_what_happens),
        cmocka_unit_test(open_files_are_counted),
        cmocka_unit_test(process_is_measured),
        cmocka_unit_test(build_has_its_version),
        cmocka_unit_test(a_scrape_is_a_request_like_any_other),
        cmocka_unit_test(gzip_is_sent_if_it_is_accepted),
        cmocka_unit_test(promtool_has_no_objection),
        cmocka_unit_test(there_is_no_journal_without_a_store),
    };
    const struct CMUnitTest with_store[] = {
        cmocka_unit_test(journal_is_measured),
        cmocka_unit_test(snapshots_are_measured),
        cmocka_unit_test(promtool_has_no_objection),
        cmocka_unit_test(there_are_fewer_series_than_promised),
        cmocka_unit_test(every_family_is_documented),
    };
    const struct CMUnitTest own_instance[] = {
        cmocka_unit_test(rockets_are_counted),
        cmocka_unit_test(memory_of_rockets_is_measured),
        cmocka_unit_test(lists_and_jobs_are_counted_while_they_last),
    };
    return HARNESS_RUN_IN_BOTH_MODES(tests) +
           cmocka_run_group_tests(own_instance, NULL, NULL) +
           cmocka_run_group_tests(with_store, set_up_kept, tear_down_kept);
}
