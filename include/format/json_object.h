/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Finds the members of an object, in a text that json_scan() has accepted,
 * and only there: so every value is known to end, and nothing can go wrong.
 * Names and values are found, not read: they are as the sender wrote them.
 */
#ifndef LUNAR_FORMAT_JSON_OBJECT_H
#define LUNAR_FORMAT_JSON_OBJECT_H

#include <stdbool.h>

#include "base/text.h"

struct json_member {
    struct text name;  /* with its quotes */
    struct text value; /* without the white space around it */
};

/* A walk over the members, in the order in which they stand. */
struct json_object {
    const char *at;
    const char *end; /* of the text */
};

/* Begin at the first member. False if `text` holds no object. */
bool json_object_open(struct json_object *object, struct text text);

/* False, with `member` untouched, after the last one. */
bool json_object_next(struct json_object *object, struct json_member *member);

#endif
