/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Counts lines of a log and the like.
 */
#ifndef LUNAR_TESTS_COUNT_PARTS_H
#define LUNAR_TESTS_COUNT_PARTS_H

#include <stddef.h>
#include <string.h>

/* How often `part`, which is not empty, is in `text`. */
static inline size_t count_parts(const char *text, const char *part)
{
    size_t count = 0;

    while ((text = strstr(text, part)) != NULL) {
        text += strlen(part);
        count++;
    }
    return count;
}

#endif
