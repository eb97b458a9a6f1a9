/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A second, simple implementation of RFC 8259: an automaton that reads one byte
 * at a time and keeps its own stack. It shares neither code nor structure with
 * json_scan.c and cJSON, so that a common error is unlikely. It also decodes
 * values, for comparison.
 *
 * It distinguishes invalid JSON from JSON beyond the limits of the service:
 * lone surrogates, U+0000 in strings, more than STRICT_MAX_DEPTH levels,
 * numbers of more than STRICT_MAX_NUMBER characters.
 */
#ifndef LUNAR_TESTS_STRICT_JSON_H
#define LUNAR_TESTS_STRICT_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/text.h"

/* Not taken from json_scan.h, so that wrong values there are found. */
enum { STRICT_MAX_DEPTH = 64, STRICT_MAX_NUMBER = 63 };

#define STRICT_NOWHERE SIZE_MAX

enum strict_kind {
    STRICT_NULL,
    STRICT_FALSE,
    STRICT_TRUE,
    STRICT_NUMBER, /* `text` is its spelling */
    STRICT_STRING, /* `text` is its content, in UTF-8 */
    STRICT_ARRAY,  /* begins here */
    STRICT_OBJECT, /* begins here */
    STRICT_NAME,   /* of the member whose value follows */
    STRICT_END,    /* of the innermost array or object */
};

struct strict_event {
    enum strict_kind kind;
    struct text text;
};

struct strict_json {
    /*
     * The offset of the first invalid byte; the length if the text is
     * incomplete; STRICT_NOWHERE if it is JSON.
     */
    size_t error;
    /*
     * The offset of the first byte past a limit of the service, or
     * STRICT_NOWHERE. Texts of events after it may be wrong.
     */
    size_t limit;
    /* The parts of the text, in order, up to an error. */
    struct strict_event *events;
    size_t count;
    char *decoded; /* the texts of strings point into it */
};

/*
 * Read `text`.
 * Ownership: the caller calls strict_json_release(). `text` must outlive
 * `json`, as the texts of numbers point into it.
 */
void strict_json_read(struct text text, struct strict_json *json);
void strict_json_release(struct strict_json *json);

/* Whether the service must accept the text as JSON. */
bool strict_json_is_accepted(const struct strict_json *json);

/* The event after the value that begins at `at`. */
size_t strict_json_skip(const struct strict_json *json, size_t at);

/*
 * Count the members called `name` in the object that begins at the event
 * `object`. `value` becomes the event at which the value of the first of them
 * begins.
 */
size_t strict_json_find(const struct strict_json *json, size_t object,
                        const char *name, size_t *value);

#endif
