/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Copies of texts with exactly their size, so that a sanitizer detects
 * overruns.
 */
#ifndef LUNAR_TESTS_EXACT_COPY_H
#define LUNAR_TESTS_EXACT_COPY_H

#include <stdlib.h>
#include <string.h>

#include "base/text.h"

/*
 * The copy of an absent text is absent.
 * Ownership: the caller calls exact_copy_free().
 */
static inline struct text exact_copy(struct text text)
{
    if (text.data == NULL)
        return text;

    char *copy = malloc(text.length > 0 ? text.length : 1);
    if (copy == NULL)
        abort();
    if (text.length > 0)
        memcpy(copy, text.data, text.length);
    return (struct text){copy, text.length};
}

static inline void exact_copy_free(struct text copy)
{
    free((char *)copy.data); /* from malloc(3); only the type is const */
}

#endif
