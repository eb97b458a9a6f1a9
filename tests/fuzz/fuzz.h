/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The interface of fuzz targets. A target is one function that gets any bytes
 * and fails, by FUZZ_CHECK(), if a property does not hold. It is linked either
 * with libFuzzer, which generates the bytes, or with replay.c, which reads them
 * from files and works with any compiler.
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
 * Defined by each target; libFuzzer defines the name and the type. Returns 0.
 * `data` has exactly `size` bytes, so that a sanitizer detects overruns.
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

/* Abort if `claim` is false, also with NDEBUG. */
#define FUZZ_CHECK(claim) fuzz_check((claim), #claim, __FILE__, __LINE__)

/* The input as text. Never absent. */
static inline struct text fuzz_text(const uint8_t *data, size_t size)
{
    return (struct text){data == NULL ? "" : (const char *)data, size};
}

/*
 * A copy of exactly its size, so that a sanitizer detects overruns. The copy of
 * an absent text is absent. Ownership: the caller calls fuzz_free().
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

/* Free a copy. */
static inline void fuzz_free(struct text copy)
{
    free((char *)copy.data); /* from malloc(3); only the type is const */
}

#endif
