/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How the service is, for people and for what watches it. GET /health says that
 * it is alive, and what is wrong; GET /health/ready whether requests should be
 * sent to it. Both are polled, so they read a few counters and no rocket.
 */
#include <stdio.h>
#include <time.h>

#include "api_store.h"
#include "base/clock.h"
#include "format/json_write.h"
#include "health_problems.h"
#include "http/problem.h"
#include "http/query_string.h"
#include "operations.h"
#include "recovery.h"
#include "revisions.h"
#include "store/store.h"
#include "table/table.h"

void health_init(struct api *api)
{
    api->began = clock_us(CLOCK_MONOTONIC);
    atomic_init(&api->stopping, false);
}

static void append_problems(struct buffer *out,
                            const struct health_problems *problems)
{
    const char *separator = "";

    json_append_name(out, TEXT("problems"));
    buffer_append(out, TEXT("["));
    for (size_t i = 0; i < HEALTH_PROBLEMS; i++) {
        if (problems->texts[i] == NULL)
            continue;
        buffer_append(out, text_of(separator));
        json_append(out, text_of(problems->texts[i]));
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
    json_append_name(out, name);
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
    json_append_name(out, TEXT("snapshot"));
    if (!status.exists) {
        buffer_append(out, TEXT("null"));
        return;
    }
    int64_t now = (int64_t)(clock_us(CLOCK_REALTIME) / 1000000);
    /* The clock may have been set back. */
    int64_t age = now > status.time ? now - status.time : 0;
    buffer_append(out, TEXT("{\"time\":"));
    append_time(out, status.time);
    json_append_member(out, TEXT("ageSeconds"), (uint64_t)age);
    json_append_member(out, TEXT("position"), status.position);
    json_append_member(out, TEXT("rockets"), status.rockets);
    json_append_member(out, TEXT("bytes"), status.bytes);
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
    json_append_member(out, TEXT("position"), status.position);
    json_append_member(out, TEXT("bytes"), status.bytes);
    append_snapshot(out, api->store);
    buffer_append(out, TEXT("}"));
}

/* Milliseconds as seconds, such as 0.042. */
static void append_seconds(struct buffer *out, struct text name, uint64_t ms)
{
    char fraction[8];

    json_append_member(out, name, ms / 1000);
    snprintf(fraction, sizeof(fraction), ".%03u", (unsigned)(ms % 1000));
    buffer_append(out, text_of(fraction));
}

/* The records of the topic that are no messages. */
static void append_skipped(struct buffer *out,
                           const struct journal_shared_status *shared)
{
    uint64_t all = 0;

    json_append_name(out, TEXT("skipped"));
    buffer_append(out, TEXT("{"));
    for (size_t i = 0; i < JOURNAL_SKIP_REASONS; i++) {
        const char *name = journal_skip_name((enum journal_skip)i);
        json_append_member(out, text_of(name), shared->skipped[i]);
        all += shared->skipped[i];
    }
    buffer_append(out, TEXT("}"));
    json_append_name(out, TEXT("lastSkipped"));
    if (all == 0) {
        buffer_append(out, TEXT("null"));
        return;
    }
    buffer_append(out, TEXT("{"));
    json_append_member(out, TEXT("offset"), shared->last_skipped);
    append_text(out, TEXT("reason"), journal_skip_name(shared->last_reason));
    buffer_append(out, TEXT("}"));
}

/* Whose records these are: two topics may have the same name. */
static void append_history(struct buffer *out, const struct api *api)
{
    json_append_name(out, TEXT("history"));
    /* It is learnt with the first records. */
    if (recovery_is_running(api)) {
        buffer_append(out, TEXT("null"));
        return;
    }
    buffer_append(out, TEXT("\""));
    revisions_write_start(out, api->start);
    buffer_append(out, TEXT("\""));
}

/* How far this instance is with the topic that others share. */
static void append_replica(struct buffer *out, const struct api *api)
{
    struct journal_shared_status shared;

    if (!api->shared)
        return;
    store_shared_status(api->store, &shared);
    uint64_t position = api_store_position(api);
    buffer_append(out, TEXT(",\"replica\":{\"topic\":"));
    json_append(out, text_of(shared.topic));
    append_history(out, api);
    json_append_member(out, TEXT("position"), position);
    json_append_member(out, TEXT("end"),
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
    struct health_problems problems;

    (void)request;
    health_problems_find(api, 0, &problems);
    respond(response);
    buffer_append(out, TEXT("{\"status\":"));
    buffer_append(out, problems.first == NULL ? TEXT("\"ok\"")
                                              : TEXT("\"degraded\""));
    buffer_append(out, TEXT(",\"version\":\"" LUNAR_VERSION "\""));
    json_append_member(out, TEXT("uptimeSeconds"),
                       (clock_us(CLOCK_MONOTONIC) - api->began) / 1000000);
    json_append_member(out, TEXT("rockets"), table_count(api->table));
    json_append_member(out, TEXT("memoryBytes"), table_memory(api->table));
    json_append_member(out, TEXT("memoryLimitBytes"),
                       table_memory_limit(api->table));
    append_store(out, api);
    append_replica(out, api);
    append_problems(out, &problems);
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

    *uses = HEALTH_READS;
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
        *uses = ingest ? HEALTH_READS | HEALTH_INGEST : HEALTH_READS;
    }
    return true;
}

void health_get_ready(struct api *api, const struct http_request *request,
                      struct http_response *response)
{
    struct health_problems problems;
    unsigned uses;

    if (!read_uses(request->query, &uses, response))
        return;
    health_problems_find(api, uses, &problems);
    if (problems.first == NULL) {
        respond(response);
        response->fixed = TEXT("{\"status\":\"ready\"}");
        return;
    }
    problem_set(response, 503, "%s", problems.first);
    /* Pollers would fill the log with what it says already. */
    response->requested = true;
    http_response_header(response, "Retry-After",
                         problems.retry_after != NULL
                             ? problems.retry_after
                             : recovery_retry_after(api));
}
