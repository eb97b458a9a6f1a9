/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How the service is, for people and for what watches it. GET /health says that
 * it is alive, and what is wrong; GET /health/ready whether requests should be
 * sent to it. Both are polled, so they read a few counters and no rocket.
 */
#include <assert.h>
#include <stdio.h>
#include <time.h>

#include "api_store.h"
#include "base/clock.h"
#include "format/json_write.h"
#include "http/problem.h"
#include "http/query_string.h"
#include "operations.h"
#include "recovery.h"
#include "revisions.h"
#include "store/store.h"
#include "table/table.h"

/* What a client may want from the service. */
enum {
    READS = 1, /* the exact state of rockets */
    INGEST = 2 /* that it takes messages */
};

static const char *find_stopping(const struct api *api,
                                 char room[RECOVERY_TEXT])
{
    (void)room;
    return atomic_load(&api->stopping)
               ? "the service is stopping: it still answers, but send new "
                 "requests to another instance"
               : NULL;
}

static const char *find_recovering(const struct api *api,
                                   char room[RECOVERY_TEXT])
{
    if (!recovery_is_running(api))
        return NULL;
    recovery_describe(api, room);
    return room;
}

/* NULL of `status`, if this instance has no topic. */
static bool read_shared(const struct api *api,
                        struct journal_shared_status *status)
{
    if (api->shared)
        store_shared_status(api->store, status);
    return api->shared;
}

/* It applies nothing more, so what it answers gets older and older. */
static const char *find_halted(const struct api *api, char room[RECOVERY_TEXT])
{
    struct journal_shared_status shared;

    (void)room;
    return read_shared(api, &shared) ? shared.halted : NULL;
}

/* One that is halted or recovers lags as well, but that is not the cause. */
static const char *find_lagging(const struct api *api, char room[RECOVERY_TEXT])
{
    struct journal_shared_status shared;

    if (recovery_is_running(api) || !read_shared(api, &shared) ||
        shared.halted != NULL)
        return NULL;
    if (!shared.caught_up)
        return "this instance has not caught up with the topic yet, so what "
               "it answers may be old: read from another one meanwhile";
    if (shared.lag_ms <= JOURNAL_MAX_LAG_MS)
        return NULL;
    snprintf(room, RECOVERY_TEXT,
             "this instance is %ju s behind the topic, so what it answers may "
             "be old: read from another one; see its log and lag",
             (uintmax_t)(shared.lag_ms / 1000));
    return room;
}

static const char *find_not_writable(const struct api *api,
                                     char room[RECOVERY_TEXT])
{
    struct journal_status status;

    (void)room;
    if (api->store == NULL)
        return NULL;
    store_status(api->store, &status);
    return status.problem;
}

/* Reads and messages go on; but the folder grows, and so does the next start.
 */
static const char *find_no_snapshot(const struct api *api,
                                    char room[RECOVERY_TEXT])
{
    struct store_snapshot_status status;

    (void)room;
    if (api->store == NULL)
        return NULL;
    store_snapshot_status(api->store, &status);
    return status.problem;
}

#define FULL                                                                   \
    "memory for rockets is full, so messages that need more get 503: send "    \
    "missing messages, as gaps take memory, or restart with a larger "         \
    "-max-memory"

static const char *find_full(const struct api *api, char room[RECOVERY_TEXT])
{
    (void)room;
    if (!table_is_full(api->table))
        return NULL;
    return api->store != NULL ? FULL : FULL ", which loses all rockets";
}

/*
 * All that can be wrong. Of several, /health/ready gives the first: the one
 * that prevents most.
 */
static const struct reason {
    /*
     * A sentence: what is wrong, and what to do. It lives as long as the store,
     * or is in `room`. NULL: nothing is wrong.
     */
    const char *(*find)(const struct api *api, char room[RECOVERY_TEXT]);
    unsigned prevents;       /* READS, INGEST, or nothing yet */
    const char *retry_after; /* NULL: until the recovery is likely to end */
} reasons[] = {
    {find_stopping, READS | INGEST, "5"},
    {find_recovering, READS | INGEST, NULL},
    {find_halted, READS | INGEST, "30"},
    {find_lagging, READS | INGEST, "1"},
    {find_not_writable, INGEST, "5"},
    {find_full, INGEST, "10"},
    {find_no_snapshot, 0, NULL},
};

enum { REASON_COUNT = sizeof(reasons) / sizeof(reasons[0]) };

/* What is wrong at one moment. */
struct findings {
    const char *problems[REASON_COUNT]; /* NULL: the reason does not apply */
    size_t first; /* the first that applies; REASON_COUNT: none does */
    char rooms[REASON_COUNT][RECOVERY_TEXT];
};

/* What is wrong and prevents one of `uses`, or all if that is 0. */
static void find_problems(const struct api *api, unsigned uses,
                          struct findings *findings)
{
    findings->first = REASON_COUNT;
    for (size_t i = 0; i < REASON_COUNT; i++) {
        bool asked = uses == 0 || (reasons[i].prevents & uses) != 0;
        findings->problems[i] =
            asked ? reasons[i].find(api, findings->rooms[i]) : NULL;
        if (findings->problems[i] != NULL && findings->first == REASON_COUNT)
            findings->first = i;
    }
}

static_assert((int)API_PROBLEM >= (int)RECOVERY_TEXT, "for each reason");

const char *api_problem(const struct api *api, char room[API_PROBLEM])
{
    const char *problem = NULL;

    for (size_t i = 0; problem == NULL && i < REASON_COUNT; i++)
        problem = reasons[i].find(api, room);
    return problem;
}

void health_init(struct api *api)
{
    api->began = clock_us(CLOCK_MONOTONIC);
    atomic_init(&api->stopping, false);
}

static void append_member(struct buffer *out, struct text name, uint64_t value)
{
    buffer_append(out, TEXT(",\""));
    buffer_append(out, name);
    buffer_append(out, TEXT("\":"));
    buffer_append_unsigned(out, value);
}

static void append_problems(struct buffer *out, const struct findings *findings)
{
    const char *separator = "";

    buffer_append(out, TEXT(",\"problems\":["));
    for (size_t i = 0; i < REASON_COUNT; i++) {
        if (findings->problems[i] == NULL)
            continue;
        buffer_append(out, text_of(separator));
        json_append(out, text_of(findings->problems[i]));
        separator = ",";
    }
    buffer_append(out, TEXT("]"));
}

/* A time in seconds of the Unix epoch, as a date-time. */
static void append_time(struct buffer *out, int64_t seconds)
{
    struct tm utc = {.tm_year = 70, .tm_mday = 1};
    time_t time = seconds;
    char text[64];

    gmtime_r(&time, &utc);
    size_t length = strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", &utc);
    json_append(out, (struct text){text, length});
}

static void append_text(struct buffer *out, struct text name, const char *text)
{
    buffer_append(out, TEXT(",\""));
    buffer_append(out, name);
    buffer_append(out, TEXT("\":"));
    if (text != NULL)
        json_append(out, text_of(text));
    else
        buffer_append(out, TEXT("null"));
}

/* The last snapshot, which the next start loads. */
static void append_snapshot(struct buffer *out, struct store *store)
{
    struct store_snapshot_status status;

    store_snapshot_status(store, &status);
    buffer_append(out, TEXT(",\"snapshot\":"));
    if (!status.exists) {
        buffer_append(out, TEXT("null"));
        return;
    }
    int64_t now = (int64_t)(clock_us(CLOCK_REALTIME) / 1000000);
    /* The clock may have been set back. */
    int64_t age = now > status.time ? now - status.time : 0;
    buffer_append(out, TEXT("{\"time\":"));
    append_time(out, status.time);
    append_member(out, TEXT("ageSeconds"), (uint64_t)age);
    append_member(out, TEXT("position"), status.position);
    append_member(out, TEXT("rockets"), status.rockets);
    append_member(out, TEXT("bytes"), status.bytes);
    append_text(out, TEXT("problem"), status.problem);
    buffer_append(out, TEXT("}"));
}

/* Whether the state survives a restart, and how much of it is on the disk. */
static void append_store(struct buffer *out, const struct api *api)
{
    struct journal_status status;

    if (api->store == NULL) {
        buffer_append(out, TEXT(",\"store\":{\"kept\":false}"));
        return;
    }
    store_status(api->store, &status);
    buffer_append(out, TEXT(",\"store\":{\"kept\":true"));
    append_member(out, TEXT("position"), status.position);
    append_member(out, TEXT("bytes"), status.bytes);
    append_snapshot(out, api->store);
    buffer_append(out, TEXT("}"));
}

/* Milliseconds as seconds, such as 0.042. */
static void append_seconds(struct buffer *out, struct text name, uint64_t ms)
{
    char fraction[8];

    append_member(out, name, ms / 1000);
    snprintf(fraction, sizeof(fraction), ".%03u", (unsigned)(ms % 1000));
    buffer_append(out, text_of(fraction));
}

/* The records of the topic that are no messages. */
static void append_skipped(struct buffer *out,
                           const struct journal_shared_status *shared)
{
    uint64_t all = 0;

    buffer_append(out, TEXT(",\"skipped\":{"));
    for (size_t i = 0; i < JOURNAL_SKIP_REASONS; i++) {
        buffer_append(out, i > 0 ? TEXT(",") : TEXT(""));
        json_append(out, text_of(journal_skip_name((enum journal_skip)i)));
        buffer_append(out, TEXT(":"));
        buffer_append_unsigned(out, shared->skipped[i]);
        all += shared->skipped[i];
    }
    buffer_append(out, TEXT("},\"lastSkipped\":"));
    if (all == 0) {
        buffer_append(out, TEXT("null"));
        return;
    }
    buffer_append(out, TEXT("{\"offset\":"));
    buffer_append_unsigned(out, shared->last_skipped);
    append_text(out, TEXT("reason"), journal_skip_name(shared->last_reason));
    buffer_append(out, TEXT("}"));
}

/* How far this instance is with the topic that others share. */
/* Whose records these are: two topics may have the same name. */
static void append_history(struct buffer *out, const struct api *api)
{
    buffer_append(out, TEXT(",\"history\":"));
    /* It is learnt with the first records. */
    if (recovery_is_running(api)) {
        buffer_append(out, TEXT("null"));
        return;
    }
    buffer_append(out, TEXT("\""));
    revisions_write_start(out, api->start);
    buffer_append(out, TEXT("\""));
}

static void append_replica(struct buffer *out, const struct api *api)
{
    struct journal_shared_status shared;

    if (!read_shared(api, &shared))
        return;
    uint64_t position = api_store_position(api);
    buffer_append(out, TEXT(",\"replica\":{\"topic\":"));
    json_append(out, text_of(shared.topic));
    append_history(out, api);
    append_member(out, TEXT("position"), position);
    append_member(out, TEXT("end"),
                  shared.end > position ? shared.end : position);
    append_seconds(out, TEXT("lagSeconds"), shared.lag_ms);
    buffer_append(out, shared.caught_up ? TEXT(",\"caughtUp\":true")
                                        : TEXT(",\"caughtUp\":false"));
    append_text(out, TEXT("halted"), shared.halted);
    append_skipped(out, &shared);
    buffer_append(out, TEXT("}"));
}

static void respond(struct http_response *response)
{
    response->status = 200;
    http_response_header(response, "Content-Type", "application/json");
    http_response_header(response, "Cache-Control", "no-store");
}

void health_get(struct api *api, const struct http_request *request,
                struct http_response *response)
{
    struct buffer *out = &response->body;
    struct findings findings;

    (void)request;
    find_problems(api, 0, &findings);
    respond(response);
    buffer_append(out, TEXT("{\"status\":"));
    buffer_append(out, findings.first == REASON_COUNT ? TEXT("\"ok\"")
                                                      : TEXT("\"degraded\""));
    buffer_append(out, TEXT(",\"version\":\"" LUNAR_VERSION "\""));
    append_member(out, TEXT("uptimeSeconds"),
                  (clock_us(CLOCK_MONOTONIC) - api->began) / 1000000);
    append_member(out, TEXT("rockets"), table_count(api->table));
    append_member(out, TEXT("memoryBytes"), table_memory(api->table));
    append_member(out, TEXT("memoryLimitBytes"),
                  table_memory_limit(api->table));
    append_store(out, api);
    append_replica(out, api);
    append_problems(out, &findings);
    buffer_append(out, TEXT("}"));
}

const char *health_parameter(size_t index)
{
    return index == 0 ? "for" : NULL;
}

/*
 * Read the parameter `for`. False, with a 400 in `response`, if it is invalid.
 * What takes messages serves reads as well.
 */
static bool read_uses(struct text query, unsigned *uses,
                      struct http_response *response)
{
    struct query pairs;
    struct query_pair pair;
    bool given = false;

    *uses = READS;
    query_init(&pairs, query);
    while (query_next(&pairs, &pair) == QUERY_PAIR) {
        if (!text_equal(pair.name, text_of(health_parameter(0))))
            continue;
        bool ingest = text_equal(pair.value, TEXT("ingest"));
        if (given || (!ingest && !text_equal(pair.value, TEXT("reads")))) {
            problem_set(response, 400, "%s",
                        given ? "for is given twice"
                              : "for must be reads or ingest");
            return false;
        }
        given = true;
        *uses = ingest ? READS | INGEST : READS;
    }
    return true;
}

void health_get_ready(struct api *api, const struct http_request *request,
                      struct http_response *response)
{
    struct findings findings;
    unsigned uses;

    if (!read_uses(request->query, &uses, response))
        return;
    find_problems(api, uses, &findings);
    if (findings.first == REASON_COUNT) {
        respond(response);
        response->fixed = TEXT("{\"status\":\"ready\"}");
        return;
    }
    const char *retry_after = reasons[findings.first].retry_after;
    problem_set(response, 503, "%s", findings.problems[findings.first]);
    /* Pollers would fill the log with what it says already. */
    response->requested = true;
    http_response_header(response, "Retry-After",
                         retry_after != NULL ? retry_after
                                             : recovery_retry_after(api));
}
