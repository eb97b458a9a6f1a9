/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A writer of events for tests of the hub: a line each, short enough to be
 * compared as a whole.
 *
 *     at 5                 the position before the next event
 *     hello 5 200          at revision 5, with an interval of 200 ms
 *     rockets a@6 b@7      rockets with their revisions
 *     launched a@6 +3      and three more
 *     reset 9
 *     summary ...
 *     comment
 */
#ifndef LUNAR_TESTS_EVENT_LINES_H
#define LUNAR_TESTS_EVENT_LINES_H

#include <inttypes.h>

#include "base/buffer.h"
#include "live/hub.h"

static const char *const event_lines_names[HUB_EVENTS] = {
    "rockets", "launched", "exploded", "summary"};

static inline void event_lines_begin(struct buffer *out, enum hub_event event)
{
    buffer_append(out, text_of(event_lines_names[event]));
}

static inline void event_lines_rocket(struct buffer *out,
                                      const struct rocket_view *view,
                                      bool first)
{
    (void)first;
    buffer_append(out, TEXT(" "));
    buffer_append(out, view->id);
    buffer_append(out, TEXT("@"));
    buffer_append_unsigned(out, view->revision);
}

static inline void event_lines_end(struct buffer *out, enum hub_event event,
                                   uint64_t more)
{
    (void)event;
    if (more > 0)
        buffer_append_format(out, " +%" PRIu64, more);
    buffer_append(out, TEXT("\n"));
}

/* The context is the text of the summary. */
static inline void event_lines_summary(void *context, struct buffer *out)
{
    const char *const *summary = context;

    buffer_append_format(out, "summary %s\n", *summary);
}

static inline void event_lines_position(void *context, struct buffer *out,
                                        uint64_t revision)
{
    (void)context;
    buffer_append_format(out, "at %" PRIu64 "\n", revision);
}

static inline void event_lines_hello(void *context, struct buffer *out,
                                     uint64_t revision, unsigned interval_ms)
{
    (void)context;
    buffer_append_format(out, "hello %" PRIu64 " %u\n", revision, interval_ms);
}

static inline void event_lines_reset(void *context, struct buffer *out,
                                     uint64_t revision)
{
    (void)context;
    buffer_append_format(out, "reset %" PRIu64 "\n", revision);
}

static inline void event_lines_comment(struct buffer *out)
{
    buffer_append(out, TEXT("comment\n"));
}

/* Ownership: `summary` is borrowed. */
static inline struct hub_writer event_lines_writer(const char **summary)
{
    return (struct hub_writer){
        .context = summary,
        .begin = event_lines_begin,
        .rocket = event_lines_rocket,
        .end = event_lines_end,
        .summary = event_lines_summary,
        .position = event_lines_position,
        .hello = event_lines_hello,
        .reset = event_lines_reset,
        .comment = event_lines_comment,
    };
}

#endif
