/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Finds the members of a JSON object. The text must have passed json_scan(), so
 * every value is complete and there is no syntax error to report. Names and
 * values are not decoded: they are as the sender wrote them.
 */
#ifndef LUNAR_FORMAT_JSON_OBJECT_H
#define LUNAR_FORMAT_JSON_OBJECT_H

#include <stdbool.h>

#include "base/text.h"

struct json_member {
    struct text name;  /* with quotes */
    struct text value; /* without surrounding white space */
};

/* An iterator over the members, in the order of the text. */
struct json_object {
    const char *at;
    const char *end; /* of the text */
};

/* Start at the first member. False if `text` is not an object. */
bool json_object_open(struct json_object *object, struct text text);

/* Get the next member. False, with `member` untouched, after the last one. */
bool json_object_next(struct json_object *object, struct json_member *member);

#endif
