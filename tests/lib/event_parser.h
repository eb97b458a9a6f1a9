/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One event of a text/event-stream (HTML section 9.2). Strict: an error is
 * whatever a parser by the standard would ignore, complete or read as something
 * else than what was meant, and whatever the service does not send.
 */
#ifndef LUNAR_TEST_EVENT_PARSER_H
#define LUNAR_TEST_EVENT_PARSER_H

#include <stddef.h>
#include <stdint.h>

struct event {
    char *block;      /* all of it, split into the texts below; owned */
    const char *type; /* of its line `event`, which it must have */
    const char *id;   /* NULL: it has none, and the last one stays */
    const char *data; /* of its only line `data` */
    uint64_t retry;   /* milliseconds; 0: it has none */
};

enum event_parsed {
    EVENT_PARSED,
    EVENT_COMMENT,    /* there were only comments up to the empty line */
    EVENT_INCOMPLETE, /* its empty line is not there yet */
    EVENT_INVALID,
};

/*
 * Parse what is in front of `bytes`, up to the first empty line. Sets `used` to
 * its length; for EVENT_PARSED also `event`, and for EVENT_INVALID `problem`, a
 * sentence. Ownership: the caller releases the event.
 */
enum event_parsed event_parse(const char *bytes, size_t length, size_t *used,
                              struct event *event, const char **problem);

void event_release(struct event *event);

#endif
