/* SPDX-License-Identifier: Apache-2.0 */
/*
 * RFC 8259 said a second time, as plainly as it can be: an automaton that
 * takes a byte at a time and keeps its own stack. It shares nothing with
 * json_scan.c or cJSON, neither code nor shape, so that all three can only
 * agree by being right. It reads values too, to compare them.
 *
 * What the service refuses beyond the RFC is told apart from what the RFC
 * refuses: lone surrogates, U+0000 in strings, more than STRICT_MAX_DEPTH
 * levels, numbers of more than STRICT_MAX_NUMBER characters.
 */
#ifndef LUNAR_TESTS_STRICT_JSON_H
#define LUNAR_TESTS_STRICT_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/text.h"

/* The rule's own figures, not json_scan.h's: both must say the same. */
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
     * Offset of the first byte with which no JSON text goes on, the text's
     * length if it only ends too early, STRICT_NOWHERE if it is JSON.
     */
    size_t error;
    /* The same for what is JSON but refused; texts past it are not right. */
    size_t limit;
    /* What was read, in order, up to an error. */
    struct strict_event *events;
    size_t count;
    char *decoded; /* what strings' texts point into */
};

/*
 * Ownership: the caller calls strict_json_release(); `text` must live as
 * long, as numbers point into it.
 */
void strict_json_read(struct text text, struct strict_json *json);
void strict_json_release(struct strict_json *json);

/* Whether the service is to take it as JSON. */
bool strict_json_is_taken(const struct strict_json *json);

/* The event after the value that begins at `at`. */
size_t strict_json_skip(const struct strict_json *json, size_t at);

/*
 * How many members called `name` the object that begins at `object` has;
 * `value` becomes the event at which the value of the first one begins.
 */
size_t strict_json_find(const struct strict_json *json, size_t object,
                        const char *name, size_t *value);

#endif
