/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Checks whether a text is exactly one JSON text (RFC 8259). cJSON reads values
 * well but accepts invalid JSON (leading zeros, raw control characters,
 * incomplete escapes, invalid UTF-8, text after a NUL ...). So every text goes
 * through this scan first, and cJSON sees only text that has passed.
 *
 * The scan is stricter than the RFC in four points, which the RFC leaves to the
 * implementation (sections 8.2 and 9): no lone surrogate, no U+0000 in a
 * string, at most JSON_MAX_DEPTH levels of nesting, and numbers of at most
 * JSON_MAX_NUMBER characters. Such a text is not accepted, but it may be JSON.
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

/* Why a text is refused. */
enum json_fault {
    JSON_NOT_JSON,     /* no JSON text goes on like this */
    JSON_TEXT_AFTER,   /* there is other text after one JSON text */
    JSON_NOT_ACCEPTED, /* one of the four points; the rest was not scanned */
};

/* json_error.h puts it into words. */
struct json_error {
    enum json_fault fault;
    size_t offset;      /* of the first byte that is refused, from 0 */
    const char *reason; /* static */
};

/* True if `text` is accepted; else false, and `error` says where and why. */
bool json_scan(struct text text, struct json_error *error);

/* Whether `text` is valid UTF-8, as all texts are that the scan accepted. */
bool json_scan_utf8(struct text text);

#endif
