/* SPDX-License-Identifier: Apache-2.0 */
/*
 * JSON has no line ends of its own, and strings escape theirs. So data is one
 * line, which is what makes it easy to read for clients without a library.
 */
#include "event_text.h"

#include <assert.h>

#include "api/api.h"
#include "api/rocket_json.h"
#include "fleet_json.h"
#include "revisions.h"

/* Milliseconds after which a client connects again. */
#define RETRY "2000"

const char *event_text_name(enum hub_event event)
{
    switch (event) {
    case HUB_ROCKETS:
        return "rockets";
    case HUB_LAUNCHED:
        return "launched";
    case HUB_EXPLODED:
        return "exploded";
    case HUB_SUMMARY:
        return "summary";
    case HUB_EVENTS:
        break;
    }
    return NULL;
}

static void write_begin(struct buffer *out, enum hub_event event)
{
    buffer_append(out, TEXT("event: "));
    buffer_append(out, text_of(event_text_name(event)));
    buffer_append(out, event == HUB_ROCKETS ? TEXT("\ndata: [")
                                            : TEXT("\ndata: {\"rockets\":["));
}

static void write_rocket(struct buffer *out, const struct rocket_view *view,
                         bool first)
{
    if (!first)
        buffer_append(out, TEXT(","));
    rocket_json_write(out, view);
}

static void write_end(struct buffer *out, enum hub_event event, uint64_t more)
{
    if (event == HUB_ROCKETS) {
        assert(more == 0);
        buffer_append(out, TEXT("]\n\n"));
        return;
    }
    buffer_append(out, TEXT("],\"more\":"));
    buffer_append_unsigned(out, more);
    buffer_append(out, TEXT("}\n\n"));
}

/* The first members of an object: which state it is about. */
static void write_revision(const struct api *api, struct buffer *out,
                           uint64_t revision)
{
    buffer_append(out, TEXT("{\"start\":\""));
    revisions_write_start(out, api->start);
    buffer_append(out, TEXT("\",\"revision\":"));
    buffer_append_unsigned(out, revision);
}

static void write_summary(void *context, struct buffer *out)
{
    buffer_append(out, TEXT("event: summary\ndata: "));
    fleet_json_summary(context, out);
    buffer_append(out, TEXT("\n\n"));
}

static void write_position(void *context, struct buffer *out, uint64_t revision)
{
    const struct api *api = context;

    buffer_append(out, TEXT("id: "));
    revisions_write(out, &(struct revision_name){api->start, revision});
    buffer_append(out, TEXT("\n"));
}

static void write_hello(void *context, struct buffer *out, uint64_t revision,
                        unsigned interval_ms)
{
    buffer_append(out, TEXT("event: hello\nretry: " RETRY "\ndata: "));
    write_revision(context, out, revision);
    buffer_append(out, TEXT(",\"interval\":"));
    buffer_append_unsigned(out, interval_ms);
    buffer_append(out, TEXT("}\n\n"));
}

static void write_reset(void *context, struct buffer *out, uint64_t revision)
{
    buffer_append(out, TEXT("event: reset\ndata: "));
    write_revision(context, out, revision);
    buffer_append(out, TEXT("}\n\n"));
}

/* HTML section 9.2.7 recommends one about every 15 seconds, for proxies. */
static void write_comment(struct buffer *out)
{
    buffer_append(out, TEXT(":\n\n"));
}

struct hub_writer event_text_writer(struct api *api)
{
    return (struct hub_writer){
        .context = api,
        .begin = write_begin,
        .rocket = write_rocket,
        .end = write_end,
        .summary = write_summary,
        .position = write_position,
        .hello = write_hello,
        .reset = write_reset,
        .comment = write_comment,
    };
}
