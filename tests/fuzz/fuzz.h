/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What every fuzz target has in common. A target is one function that takes
 * any bytes and fails, by FUZZ_CHECK(), where something that must hold does
 * not. It is linked either with libFuzzer, which makes up bytes, or with
 * replay.c, which takes them from files and needs no particular compiler.
 */
#ifndef LUNAR_TESTS_FUZZ_H
#define LUNAR_TESTS_FUZZ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"

/*
 * Defined by each target; the name and the type are libFuzzer's. Returns 0.
 * `data` has exactly `size` bytes, so that the sanitizers see it overread.
 */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static inline void fuzz_check(bool holds, const char *claim, const char *file,
                              int line)
{
    if (holds)
        return;
    fprintf(stderr, "%s:%d: does not hold: %s\n", file, line, claim);
    abort();
}

/* Ends the process, also where assert(3) is off. */
#define FUZZ_CHECK(claim) fuzz_check((claim), #claim, __FILE__, __LINE__)

/* The input as text; never absent. */
static inline struct text fuzz_text(const uint8_t *data, size_t size)
{
    return (struct text){data == NULL ? "" : (const char *)data, size};
}

/*
 * A copy in a block of its own, without anything behind it to be read by
 * mistake. Absent stays absent. Ownership: the caller frees `data`.
 */
static inline struct text fuzz_copy(struct text text)
{
    if (text.data == NULL)
        return text;

    char *copy = malloc(text.length > 0 ? text.length : 1);
    if (copy == NULL)
        abort();
    if (text.length > 0)
        memcpy(copy, text.data, text.length);
    text.data = copy;
    return text;
}

/* Ends a copy. */
static inline void fuzz_free(struct text copy)
{
    free((char *)copy.data); /* from malloc(3); only the type is const */
}

#endif
