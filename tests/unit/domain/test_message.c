/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is said of a message apart from its parsing: the names of outcomes, and
 * which texts may be in it.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "domain/message.h"

static void every_outcome_has_its_own_name(void **state)
{
    static const struct {
        enum message_outcome outcome;
        struct text name;
    } outcomes[] = {
        {MESSAGE_APPLIED, {"applied", 7}},
        {MESSAGE_DUPLICATE, {"duplicate", 9}},
        {MESSAGE_STALE, {"stale", 5}},
        {MESSAGE_NO_MEMORY, {"no_memory", 9}},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(outcomes) / sizeof(outcomes[0]); i++)
        assert_true(text_equal(message_outcome_name(outcomes[i].outcome),
                               outcomes[i].name));
}

static void text_has_a_length_and_no_control_characters(void **state)
{
    (void)state;
    assert_false(message_is_text(TEXT(""), 3));
    assert_true(message_is_text(TEXT("abc"), 3));
    assert_false(message_is_text(TEXT("abcd"), 3));
    assert_true(message_is_text(TEXT(" ~\xC3\xA9"), 4));
    assert_false(message_is_text(TEXT("a\x1f"), 3));
    assert_false(message_is_text(TEXT("\x7f"), 3));
    assert_false(message_is_text(TEXT("a\0b"), 3));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_outcome_has_its_own_name),
        cmocka_unit_test(text_has_a_length_and_no_control_characters),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
