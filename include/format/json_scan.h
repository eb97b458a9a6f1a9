/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Is this exactly one JSON text, by RFC 8259? cJSON reads values well but
 * takes much that is not JSON (leading zeros, raw control characters, cut
 * escapes, invalid UTF-8, text after a NUL ...), so every text goes through
 * this scan first and cJSON only ever sees what passed.
 *
 * Stricter than the RFC in four points, each of which it leaves to the
 * implementation (sections 8.2, 9): no lone surrogate, no U+0000 in a
 * string, at most JSON_MAX_DEPTH levels of nesting, and numbers of at most
 * JSON_MAX_NUMBER characters (cJSON cuts longer ones).
 */
#ifndef LUNAR_FORMAT_JSON_SCAN_H
#define LUNAR_FORMAT_JSON_SCAN_H

#include <stdbool.h>
#include <stddef.h>

#include "base/text.h"

enum {
    JSON_MAX_DEPTH = 64,  /* an array or object is one level */
    JSON_MAX_NUMBER = 63, /* characters */
};

struct json_error {
    size_t offset;      /* of the first byte that can't be, from 0 */
    const char *reason; /* static; completes "at byte N: " */
};

/* True if `text` is JSON; else false and `error` says where and why not. */
bool json_scan(struct text text, struct json_error *error);

#endif
