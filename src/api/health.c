/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How the service is, for people and for what watches it. GET /health says that
 * it is alive, and what is wrong; GET /health/ready whether requests should be
 * sent to it. Both are polled, so they read a few counters and no rocket.
 */
#include <assert.h>

#include "base/clock.h"
#include "format/json_write.h"
#include "http/problem.h"
#include "http/query_string.h"
#include "operations.h"
#include "table/table.h"

/* What a client may want from the service. */
enum {
    READS = 1, /* the exact state of rockets */
    INGEST = 2 /* that it takes messages */
};

static bool is_stopping(const struct api *api)
{
    return atomic_load(&api->stopping);
}

static bool is_full(const struct api *api)
{
    return table_is_full(api->table);
}

/*
 * All that can be wrong. Of several, /health/ready gives the first: the one
 * that prevents most.
 */
static const struct reason {
    bool (*applies)(const struct api *api);
    unsigned prevents;   /* READS, INGEST */
    const char *problem; /* a sentence: what is wrong, and what to do */
    const char *retry_after;
} reasons[] = {
    {is_stopping, READS | INGEST,
     "the service is stopping: it still answers, but send new requests to "
     "another instance",
     "5"},
    {is_full, INGEST,
     "memory for rockets is full, so messages that need more get 503: send "
     "missing messages, as gaps take memory, or restart with a larger "
     "-max-memory, which loses all rockets",
     "10"},
};

enum { REASON_COUNT = sizeof(reasons) / sizeof(reasons[0]) };

static_assert(REASON_COUNT <= 32, "a bit each of an unsigned");

/* Bit i is set if reason i applies now and prevents one of `uses`. */
static unsigned find_reasons(const struct api *api, unsigned uses)
{
    unsigned found = 0;

    for (unsigned i = 0; i < REASON_COUNT; i++)
        if ((reasons[i].prevents & uses) != 0 && reasons[i].applies(api))
            found |= 1U << i;
    return found;
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

static void append_problems(struct buffer *out, unsigned found)
{
    const char *separator = "";

    buffer_append(out, TEXT(",\"problems\":["));
    for (unsigned i = 0; i < REASON_COUNT; i++) {
        if ((found & 1U << i) == 0)
            continue;
        buffer_append(out, text_of(separator));
        json_append(out, text_of(reasons[i].problem));
        separator = ",";
    }
    buffer_append(out, TEXT("]"));
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
    unsigned found = find_reasons(api, READS | INGEST);

    (void)request;
    respond(response);
    buffer_append(out, TEXT("{\"status\":"));
    buffer_append(out, found == 0 ? TEXT("\"ok\"") : TEXT("\"degraded\""));
    buffer_append(out, TEXT(",\"version\":\"" LUNAR_VERSION "\""));
    append_member(out, TEXT("uptimeSeconds"),
                  (clock_us(CLOCK_MONOTONIC) - api->began) / 1000000);
    append_member(out, TEXT("rockets"), table_count(api->table));
    append_member(out, TEXT("memoryBytes"), table_memory(api->table));
    append_member(out, TEXT("memoryLimitBytes"),
                  table_memory_limit(api->table));
    append_problems(out, found);
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
    unsigned uses;
    size_t first = 0;

    if (!read_uses(request->query, &uses, response))
        return;
    unsigned found = find_reasons(api, uses);
    if (found == 0) {
        respond(response);
        response->fixed = TEXT("{\"status\":\"ready\"}");
        return;
    }
    while ((found & 1U << first) == 0)
        first++;
    problem_set(response, 503, "%s", reasons[first].problem);
    /* Pollers would fill the log with what it says already. */
    response->requested = true;
    http_response_header(response, "Retry-After", reasons[first].retry_after);
    http_response_header(response, "Cache-Control", "no-store");
}
