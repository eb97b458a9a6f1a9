/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The interface of fuzz targets. A target is one function that gets any bytes
 * and fails, by FUZZ_CHECK(), if a property does not hold. It is linked either
 * with libFuzzer, which generates the bytes, or with replay.c, which reads them
 * from files and works with any compiler.
 */
#ifndef LUNAR_TESTS_FUZZ_H
#define LUNAR_TESTS_FUZZ_H

#include <regex.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "lib/exact_copy.h"

/*
 * Defined by each target; libFuzzer defines the name and the type. Returns 0.
 * `data` has exactly `size` bytes, so that a sanitizer detects overruns.
 */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static inline _Noreturn void fuzz_fail(const char *claim, const char *file,
                                       int line)
{
    fprintf(stderr, "%s:%d: does not hold: %s\n", file, line, claim);
    abort();
}

/* Abort if `claim` is false, also with NDEBUG. */
#define FUZZ_CHECK(claim)                                                      \
    ((claim) ? (void)0 : fuzz_fail(#claim, __FILE__, __LINE__))

/* The input as text. Never absent. */
static inline struct text fuzz_text(const uint8_t *data, size_t size)
{
    return (struct text){data == NULL ? "" : (const char *)data, size};
}

/* A regular expression, compiled by its first use. */
struct fuzz_pattern {
    const char *expression;
    int flags; /* REG_ICASE, or 0 */
    bool compiled;
    regex_t regex;
};

enum { FUZZ_PARTS = 5 };

/*
 * Whether the text, which contains no NUL, matches. Absent text never does.
 * `parts`, unless NULL, become the match and what is in parentheses, absent if
 * that did not take part.
 */
static inline bool fuzz_match(struct fuzz_pattern *pattern, struct text text,
                              struct text parts[FUZZ_PARTS])
{
    regmatch_t found[FUZZ_PARTS];

    if (text.data == NULL)
        return false;
    if (!pattern->compiled)
        FUZZ_CHECK(regcomp(&pattern->regex, pattern->expression,
                           REG_EXTENDED | pattern->flags) == 0);
    pattern->compiled = true;
    char *copy = strndup(text.data, text.length);
    if (copy == NULL)
        abort();
    bool matches = regexec(&pattern->regex, copy, FUZZ_PARTS, found, 0) == 0;
    free(copy);
    for (size_t i = 0; matches && parts != NULL && i < FUZZ_PARTS; i++) {
        size_t length = (size_t)(found[i].rm_eo - found[i].rm_so);
        parts[i] = (struct text){NULL, 0};
        if (found[i].rm_so >= 0)
            parts[i] = (struct text){text.data + found[i].rm_so, length};
    }
    return matches;
}

#endif
