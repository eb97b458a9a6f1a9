/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tests of /health and /health/ready in each state of the service.
 */
#include "lib/unit_check.h"

#include <time.h>

#include "api/api.h"
#include "base/clock.h"
#include "http/request.h"
#include "http/response.h"
#include "lib/messages.h"
#include "lib/toy_store.h"
#include "table/table.h"

/* Bytes of a table of one rocket with some gaps. */
enum { SMALL = 100000 };

#define READY "{\"status\":\"ready\"}"
#define STOPPING                                                               \
    "the service is stopping: it still answers, but send new requests to "     \
    "another instance"
#define FULL_AND_KEPT                                                          \
    "memory for rockets is full, so messages that need more get 503: send "    \
    "missing messages, as gaps take memory, or restart with a larger "         \
    "-max-memory"
#define FULL FULL_AND_KEPT ", which loses all rockets"
#define RECOVERING "the state is being recovered"
#define NO_SNAPSHOT "the last snapshot failed: see the log"
#define DISK_FULL "the disk is full: free some space"
#define PROBLEM(title, status, detail)                                         \
    "{\"type\":\"about:blank\",\"title\":\"" title "\",\"status\":" status     \
    ",\"detail\":\"" detail "\"}"
#define UNAVAILABLE(detail) PROBLEM("Service Unavailable", "503", detail)
#define INVALID(detail) PROBLEM("Bad Request", "400", detail)

struct scene {
    struct api api;
    struct http_app app;
    struct store store;   /* see use_store() */
    const char *snapshot; /* of it, as /health shall have it */
    const char *replica;  /* the same of the shared journal, if there is one */
    uint64_t next;        /* number of the next message after a gap */
};

static int set_up(void **context)
{
    struct scene *scene = calloc(1, sizeof(*scene));
    struct table *empty = table_new(SIZE_MAX);

    if (scene == NULL || empty == NULL)
        abort();
    struct table *table = table_new(table_memory(empty) + SMALL);
    table_free(empty);
    if (table == NULL)
        abort();
    api_init(&scene->api, table, NULL, NULL);
    scene->app = api_app(&scene->api);
    scene->next = 1;
    scene->snapshot = "null";
    *context = scene;
    return 0;
}

static int tear_down(void **context)
{
    struct scene *scene = *context;

    commit_free(scene->store.commit);
    table_free(scene->api.table);
    free(scene);
    return 0;
}

static void use_store(struct scene *scene)
{
    toy_store_init(&scene->store);
    if (!api_use_store(&scene->api, &scene->store))
        abort();
}

static enum message_outcome post(struct scene *scene, uint64_t number)
{
    struct message message = message_speed("r", number, 1);

    return table_apply(scene->api.table, &message);
}

/* Make gaps until memory is full; then fill them. */
static void fill_memory(struct scene *scene)
{
    while (post(scene, scene->next) == MESSAGE_APPLIED)
        scene->next += 2;
}

static void free_memory(struct scene *scene)
{
    for (uint64_t gap = 2; gap < scene->next - 1; gap += 2)
        assert_int_not_equal(post(scene, gap), MESSAGE_NO_MEMORY);
}

static struct http_response get(struct scene *scene, const char *target)
{
    struct http_request request = {.method = HTTP_GET};
    struct http_response response;
    char decoded[256];

    http_response_init(&response);
    http_request_set_target(&request, text_of(target), decoded);
    assert_null(scene->app.open(scene->app.context, &request, &response));
    if (response.status == 0)
        scene->app.answer(scene->app.context, &request, &response);
    return response;
}

static void check_header(const struct http_response *response, const char *name,
                         const char *value)
{
    const char *found = NULL;

    for (size_t i = 0; i < response->header_count; i++)
        if (strcmp(response->headers[i].name, name) == 0)
            found = response->headers[i].value;
    if (value == NULL)
        assert_null(found);
    else if (found == NULL)
        fail_msg("no header %s", name);
    else
        assert_string_equal(found, value);
}

static void check(struct scene *scene, const char *target, unsigned status,
                  const char *body, const char *retry_after)
{
    struct http_response response = get(scene, target);

    assert_int_equal(response.status, status);
    unit_check_text(response.fixed.data != NULL ? response.fixed
                                                : buffer_text(&response.body),
                    text_of(body));
    check_header(&response, "Retry-After", retry_after);
    check_header(&response, "Cache-Control", "no-store");
    assert_int_equal(response.requested, status == 503);
    http_response_release(&response);
}

/* Whoever wants only one problem gets the first. */
static void check_problem(const struct api *api, const char *problems)
{
    char room[API_PROBLEM];
    const char *problem = api_problem(api, room);

    if (problems[0] == '\0') {
        assert_null(problem);
        return;
    }
    assert_non_null(problem);
    assert_int_equal(strncmp(problems + 1, problem, strlen(problem)), 0);
    assert_int_equal(problems[1 + strlen(problem)], '"');
}

/* `problems`: the elements of the array. */
static void check_health_of(struct scene *scene, const char *status,
                            const char *problems)
{
    const struct table *table = scene->api.table;
    char expected[2048], store[1024] = "{\"kept\":false}";

    if (scene->api.store != NULL)
        snprintf(store, sizeof(store),
                 "{\"kept\":true,\"position\":%ju,\"bytes\":%ju,"
                 "\"snapshot\":%s}",
                 (uintmax_t)scene->store.status.position,
                 (uintmax_t)scene->store.status.bytes, scene->snapshot);

    if (scene->replica != NULL) {
        size_t length = strlen(store);
        snprintf(store + length, sizeof(store) - length, ",\"replica\":%s",
                 scene->replica);
    }
    snprintf(expected, sizeof(expected),
             "{\"status\":\"%s\",\"version\":\"" LUNAR_VERSION
             "\",\"uptimeSeconds\":123,\"rockets\":%zu,\"memoryBytes\":%zu,"
             "\"memoryLimitBytes\":%zu,\"store\":%s,\"problems\":[%s]}",
             status, table_count(table), table_memory(table),
             table_memory_limit(table), store, problems);
    check_problem(&scene->api, problems);
    /* Half a second is time enough for the test. */
    scene->api.began -= 123500000;
    check(scene, "/health", 200, expected, NULL);
    scene->api.began += 123500000;
}

static void service_that_is_well_is_ok_and_ready(void **context)
{
    struct scene *scene = *context;

    check_health_of(scene, "ok", "");
    post(scene, 1);
    check_health_of(scene, "ok", "");
    check(scene, "/health/ready", 200, READY, NULL);
    check(scene, "/health/ready?for=reads", 200, READY, NULL);
    check(scene, "/health/ready?for=ingest", 200, READY, NULL);
}

static void full_memory_concerns_ingest_until_some_is_freed(void **context)
{
    struct scene *scene = *context;

    for (int i = 0; i < 2; i++) {
        fill_memory(scene);
        check_health_of(scene, "degraded", "\"" FULL "\"");
        check(scene, "/health/ready", 200, READY, NULL);
        check(scene, "/health/ready?for=reads", 200, READY, NULL);
        check(scene, "/health/ready?for=ingest", 503, UNAVAILABLE(FULL), "10");
        free_memory(scene);
        check_health_of(scene, "ok", "");
        check(scene, "/health/ready?for=ingest", 200, READY, NULL);
    }
}

static void stop_concerns_all_and_comes_first(void **context)
{
    struct scene *scene = *context;

    api_set_stopping(&scene->api);
    check_health_of(scene, "degraded", "\"" STOPPING "\"");
    fill_memory(scene);
    check_health_of(scene, "degraded", "\"" STOPPING "\",\"" FULL "\"");
    check(scene, "/health/ready", 503, UNAVAILABLE(STOPPING), "5");
    check(scene, "/health/ready?for=reads", 503, UNAVAILABLE(STOPPING), "5");
    check(scene, "/health/ready?for=ingest", 503, UNAVAILABLE(STOPPING), "5");
}

/* A recovery that began `seconds` ago, and has done so much. */
static void recover(struct scene *scene, unsigned seconds, uint64_t done,
                    uint64_t total)
{
    api_begin_recovery(&scene->api);
    atomic_fetch_sub(&scene->api.recovery.began, seconds * 1000000ULL);
    api_set_progress(&scene->api, done, total);
}

static void recovery_concerns_all_and_tells_its_progress(void **context)
{
    static const struct {
        unsigned seconds;
        uint64_t done, total;
        const char *problem, *retry_after;
    } rows[] = {
        {0, 0, 0, RECOVERING, "1"},
        {9, 0, 1000, RECOVERING, "1"},
        /* Its first milliseconds say nothing of the time that is left. */
        {0, 1, 1000000000000, RECOVERING ": 0 % done", "1"},
        {10, 200, 1000, RECOVERING ": 20 % done, about 41 s left", "30"},
        {10, 800, 1000, RECOVERING ": 80 % done, about 3 s left", "5"},
        {10, 999, 1000, RECOVERING ": 99 % done, about 1 s left", "1"},
        {10, 1000, 1000, RECOVERING ": 100 % done, about 1 s left", "1"},
        {100, UINT64_MAX / 2, UINT64_MAX,
         RECOVERING ": 50 % done, about 101 s left", "30"},
        /* It grew since its size was read. */
        {10, 1001, 1000, RECOVERING, "1"},
    };
    struct scene *scene = *context;

    use_store(scene);
    for (size_t i = 0; i < COUNT(rows); i++) {
        char problem[256], detail[512];

        recover(scene, rows[i].seconds, rows[i].done, rows[i].total);
        snprintf(problem, sizeof(problem), "\"%s\"", rows[i].problem);
        check_health_of(scene, "degraded", problem);
        snprintf(detail, sizeof(detail), UNAVAILABLE("%s"), rows[i].problem);
        check(scene, "/health/ready", 503, detail, rows[i].retry_after);
        check(scene, "/health/ready?for=ingest", 503, detail,
              rows[i].retry_after);
    }
    api_end_recovery(&scene->api);
    check_health_of(scene, "ok", "");
    check(scene, "/health/ready?for=ingest", 200, READY, NULL);
}

static void disk_that_cannot_be_written_concerns_ingest(void **context)
{
    struct scene *scene = *context;

    use_store(scene);
    scene->store.status =
        (struct journal_status){.position = 12, .bytes = 4096};
    check_health_of(scene, "ok", "");
    scene->store.status.problem = DISK_FULL;
    check_health_of(scene, "degraded", "\"" DISK_FULL "\"");
    check(scene, "/health/ready", 200, READY, NULL);
    check(scene, "/health/ready?for=ingest", 503, UNAVAILABLE(DISK_FULL), "5");
    scene->store.status.problem = NULL;
    check(scene, "/health/ready?for=ingest", 200, READY, NULL);
}

static void last_snapshot_is_described(void **context)
{
    struct scene *scene = *context;
    char expected[512], time[32];

    use_store(scene);
    scene->store.snapshot = (struct store_snapshot_status){
        .enabled = true,
        .exists = true,
        .time = (int64_t)(clock_us(CLOCK_REALTIME) / 1000000) - 60,
        .position = 11,
        .rockets = 12,
        .bytes = 13,
        .took_us = 14,
    };
    time_t seconds = scene->store.snapshot.time;
    struct tm utc;
    strftime(time, sizeof(time), "%FT%TZ", gmtime_r(&seconds, &utc));
    snprintf(expected, sizeof(expected),
             "{\"time\":\"%s\",\"ageSeconds\":60,\"position\":11,"
             "\"rockets\":12,\"bytes\":13,\"problem\":null}",
             time);
    scene->snapshot = expected;
    check_health_of(scene, "ok", "");
    /* The clock was set back since. */
    scene->store.snapshot.time = 253402300799;
    scene->snapshot = "{\"time\":\"9999-12-31T23:59:59Z\",\"ageSeconds\":0,"
                      "\"position\":11,\"rockets\":12,\"bytes\":13,"
                      "\"problem\":null}";
    check_health_of(scene, "ok", "");
    scene->store.snapshot.problem = NO_SNAPSHOT;
    scene->snapshot = "{\"time\":\"9999-12-31T23:59:59Z\",\"ageSeconds\":0,"
                      "\"position\":11,\"rockets\":12,\"bytes\":13,"
                      "\"problem\":\"" NO_SNAPSHOT "\"}";
    check_health_of(scene, "degraded", "\"" NO_SNAPSHOT "\"");
}

/* Also the first one, of which nothing else is known. */
static void failed_snapshot_is_told_and_prevents_nothing(void **context)
{
    struct scene *scene = *context;

    use_store(scene);
    scene->store.snapshot.enabled = true;
    scene->store.snapshot.problem = NO_SNAPSHOT;
    check_health_of(scene, "degraded", "\"" NO_SNAPSHOT "\"");
    check(scene, "/health/ready", 200, READY, NULL);
    check(scene, "/health/ready?for=ingest", 200, READY, NULL);
    scene->store.status.problem = DISK_FULL;
    check_health_of(scene, "degraded", "\"" DISK_FULL "\",\"" NO_SNAPSHOT "\"");
    check(scene, "/health/ready?for=ingest", 503, UNAVAILABLE(DISK_FULL), "5");
}

#define REPLICA_OF(history, position, end, lag, caught_up, halted, skipped,    \
                   last)                                                       \
    "{\"topic\":\"toy\",\"history\":" history ",\"position\":" position        \
    ",\"end\":" end ",\"lagSeconds\":" lag ",\"caughtUp\":" caught_up          \
    ",\"halted\":" halted ",\"skipped\":" skipped ",\"lastSkipped\":" last "}"
#define REPLICA(position, end, lag, caught_up, halted, skipped, last)          \
    REPLICA_OF("\"0000000000001234\"", position, end, lag, caught_up, halted,  \
               skipped, last)
#define NONE "{\"invalid\":0,\"key\":0,\"tombstone\":0}"
#define HALTED "the topic has a newer rule at offset 7: use a newer version"
#define LAGS                                                                   \
    "this instance is 61 s behind the topic, so what it answers may be old: "  \
    "read from another one; see its log and lag"
#define NOT_CAUGHT_UP                                                          \
    "this instance has not caught up with the topic yet, so what it answers "  \
    "may be old: read from another one meanwhile"

static void share_journal(struct scene *scene)
{
    use_store(scene);
    commit_free(scene->store.commit);
    toy_store_share(&scene->store);
    if (!api_use_store(&scene->api, &scene->store))
        abort();
}

static void shared_journal_is_described(void **context)
{
    struct scene *scene = *context;

    share_journal(scene);
    scene->store.status.position = 12;
    scene->store.shared.lag_ms = 42;
    /* The end is what was known a moment ago. */
    scene->store.shared.end = 11;
    scene->replica = REPLICA("12", "12", "0.042", "true", "null", NONE, "null");
    check_health_of(scene, "ok", "");
    scene->store.shared.end = 15;
    scene->store.shared.lag_ms = JOURNAL_MAX_LAG_MS;
    scene->store.shared.skipped[JOURNAL_SKIP_KEY] = 2;
    scene->store.shared.skipped[JOURNAL_SKIP_TOMBSTONE] = 1;
    scene->store.shared.last_skipped = 9;
    scene->store.shared.last_reason = JOURNAL_SKIP_KEY;
    scene->replica = REPLICA("12", "15", "5.000", "true", "null",
                             "{\"invalid\":0,\"key\":2,\"tombstone\":1}",
                             "{\"offset\":9,\"reason\":\"key\"}");
    check_health_of(scene, "ok", "");
    check(scene, "/health/ready?for=ingest", 200, READY, NULL);
}

/* Its answers may be old, so neither reads nor messages should come. */
static void instance_that_lags_is_not_ready(void **context)
{
    struct scene *scene = *context;

    share_journal(scene);
    scene->store.shared.lag_ms = 61500;
    scene->replica = REPLICA("0", "0", "61.500", "true", "null", NONE, "null");
    check_health_of(scene, "degraded", "\"" LAGS "\"");
    check(scene, "/health/ready", 503, UNAVAILABLE(LAGS), "1");
    check(scene, "/health/ready?for=ingest", 503, UNAVAILABLE(LAGS), "1");
    scene->store.shared.lag_ms = 0;
    scene->store.shared.caught_up = false;
    check(scene, "/health/ready", 503, UNAVAILABLE(NOT_CAUGHT_UP), "1");
    scene->store.shared.caught_up = true;
    check(scene, "/health/ready", 200, READY, NULL);
}

/* It lags as well, and cannot write; but only the cause is told to pollers. */
static void instance_that_is_halted_is_not_ready(void **context)
{
    struct scene *scene = *context;

    share_journal(scene);
    scene->store.shared.halted = HALTED;
    scene->store.shared.lag_ms = 61500;
    scene->replica =
        REPLICA("0", "0", "61.500", "true", "\"" HALTED "\"", NONE, "null");
    check_health_of(scene, "degraded", "\"" HALTED "\"");
    check(scene, "/health/ready", 503, UNAVAILABLE(HALTED), "30");
    check(scene, "/health/ready?for=ingest", 503, UNAVAILABLE(HALTED), "30");
}

static void brokers_that_are_away_concern_ingest(void **context)
{
    struct scene *scene = *context;

    share_journal(scene);
    scene->store.status.problem = "no broker: wait";
    check(scene, "/health/ready", 200, READY, NULL);
    check(scene, "/health/ready?for=ingest", 503,
          UNAVAILABLE("no broker: wait"), "5");
}

/* While it recovers, a problem of its own would be no news. */
static void instance_that_recovers_says_only_that(void **context)
{
    struct scene *scene = *context;

    share_journal(scene);
    scene->store.shared.caught_up = false;
    api_begin_recovery(&scene->api);
    scene->replica =
        REPLICA_OF("null", "0", "0", "0.000", "false", "null", NONE, "null");
    check_health_of(scene, "degraded", "\"" RECOVERING "\"");
}

/* It is not known before which history the topic has. */
static void start_is_known_when_the_recovery_ends(void **context)
{
    struct scene *scene = *context;

    share_journal(scene);
    api_begin_recovery(&scene->api);
    scene->store.journal.id = 0x5678;
    api_end_recovery(&scene->api);
    assert_int_equal(scene->api.start, 0x5678);
}

/* A restart with more memory loses nothing then. */
static void full_memory_with_a_store_loses_nothing(void **context)
{
    struct scene *scene = *context;

    fill_memory(scene);
    use_store(scene);
    check_health_of(scene, "degraded", "\"" FULL_AND_KEPT "\"");
    check(scene, "/health/ready?for=ingest", 503, UNAVAILABLE(FULL_AND_KEPT),
          "10");
}

static void parameter_is_one_of_two_values(void **context)
{
    static const struct {
        const char *target, *detail;
    } rows[] = {
        {"/health/ready?for=", "for must be reads or ingest"},
        {"/health/ready?for", "for must be reads or ingest"},
        {"/health/ready?for=Ingest", "for must be reads or ingest"},
        {"/health/ready?for=ingest%00", "for must be reads or ingest"},
        {"/health/ready?for=ingest&for=ingest", "for is given twice"},
        {"/health/ready?f=ingest",
         "unknown parameter f: the only parameter is for"},
        {"/health?for=ingest",
         "unknown parameter for: this operation takes no parameters"},
    };
    struct scene *scene = *context;

    api_set_stopping(&scene->api);
    for (size_t i = 0; i < COUNT(rows); i++) {
        char expected[256];

        snprintf(expected, sizeof(expected), INVALID("%s"), rows[i].detail);
        check(scene, rows[i].target, 400, expected, NULL);
    }
    check(scene, "/health/ready?_=1&f%6fr=in%67est&", 503,
          UNAVAILABLE(STOPPING), "5");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        FIXTURE_TEST(service_that_is_well_is_ok_and_ready),
        FIXTURE_TEST(full_memory_concerns_ingest_until_some_is_freed),
        FIXTURE_TEST(stop_concerns_all_and_comes_first),
        FIXTURE_TEST(recovery_concerns_all_and_tells_its_progress),
        FIXTURE_TEST(disk_that_cannot_be_written_concerns_ingest),
        FIXTURE_TEST(last_snapshot_is_described),
        FIXTURE_TEST(failed_snapshot_is_told_and_prevents_nothing),
        FIXTURE_TEST(full_memory_with_a_store_loses_nothing),
        FIXTURE_TEST(shared_journal_is_described),
        FIXTURE_TEST(instance_that_lags_is_not_ready),
        FIXTURE_TEST(instance_that_is_halted_is_not_ready),
        FIXTURE_TEST(brokers_that_are_away_concern_ingest),
        FIXTURE_TEST(instance_that_recovers_says_only_that),
        FIXTURE_TEST(start_is_known_when_the_recovery_ends),
        FIXTURE_TEST(parameter_is_one_of_two_values),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
