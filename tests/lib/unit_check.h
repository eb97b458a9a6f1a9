/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The single include of a unit test: cmocka with the headers that it needs
 * before it, and what many tests share: checks and copies of texts, and random
 * numbers.
 */
#ifndef LUNAR_TESTS_UNIT_CHECK_H
#define LUNAR_TESTS_UNIT_CHECK_H

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "lib/exact_copy.h"

/* A test with the set_up() and tear_down() of its file. */
#define FIXTURE_TEST(test)                                                     \
    cmocka_unit_test_setup_teardown(test, set_up, tear_down)

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* Fail unless both are absent, or neither is and they are equal. */
static inline void unit_check_text(struct text text, struct text expected)
{
    bool absent = text.data == NULL, none = expected.data == NULL;

    if (absent != none || !text_equal(text, expected))
        fail_msg("expected %s\"%.*s\", got %s\"%.*s\"", none ? "absent " : "",
                 (int)expected.length, none ? "" : expected.data,
                 absent ? "absent " : "", (int)text.length,
                 absent ? "" : text.data);
}

/* xorshift64 (Marsaglia, 2003). The same seed gives the same numbers. */
static inline uint64_t unit_random(uint64_t *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return *state;
}

#endif
