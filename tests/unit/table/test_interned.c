/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tests of interned strings: reference counts, removal, and memory.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "table/interned.h"

struct fixture {
    struct quota quota;
    struct interned_set strings;
};

static int set_up(void **context)
{
    static struct fixture fixture;
    static const uint8_t key[16] = "sixteen bytes ok";
    quota_init(&fixture.quota, SIZE_MAX, 0);
    interned_set_init(&fixture.strings, &fixture.quota, key);
    *context = &fixture;
    return 0;
}

/* interned_set_release() must free all memory. */
static int tear_down(void **context)
{
    struct fixture *fixture = *context;
    interned_set_release(&fixture->strings);
    return quota_used(&fixture->quota) == 0 ? 0 : -1;
}

static struct text numbered(char buffer[32], unsigned number)
{
    int length = snprintf(buffer, 32, "name %u", number);
    return (struct text){buffer, (size_t)length};
}

static void same_text_is_the_same_string(void **context)
{
    struct interned_set *strings = &((struct fixture *)*context)->strings;
    char copy[] = "ARTEMIS";
    struct interned *string = interned_take(strings, TEXT("ARTEMIS"));
    assert_non_null(string);
    assert_ptr_equal(interned_take(strings, text_of(copy)), string);
    assert_ptr_equal(interned_find(strings, text_of(copy)), string);
    assert_int_equal(strings->count, 1);
}

static void string_keeps_its_text(void **context)
{
    struct interned_set *strings = &((struct fixture *)*context)->strings;
    char buffer[] = "ARTEMIS";
    struct interned *string = interned_take(strings, text_of(buffer));
    memset(buffer, 'x', sizeof(buffer) - 1);
    assert_true(text_equal(interned_text(string), TEXT("ARTEMIS")));
}

static void text_of_null_is_absent(void **context)
{
    (void)context;
    assert_null(interned_text(NULL).data);
}

static void strings_are_compared_by_every_byte(void **context)
{
    struct interned_set *strings = &((struct fixture *)*context)->strings;
    struct interned *shorter = interned_take(strings, TEXT("APOLLO"));
    struct interned *longer = interned_take(strings, TEXT("APOLLO_SOYUZ"));
    struct interned *zero = interned_take(strings, TEXT("APOLLO\0"));
    assert_ptr_not_equal(shorter, longer);
    assert_ptr_not_equal(shorter, zero);
    assert_true(text_equal(interned_text(zero), TEXT("APOLLO\0")));
}

static void unknown_string_is_not_found(void **context)
{
    struct interned_set *strings = &((struct fixture *)*context)->strings;
    assert_null(interned_find(strings, TEXT("ARTEMIS")));
    interned_take(strings, TEXT("APOLLO"));
    assert_null(interned_find(strings, TEXT("ARTEMIS")));
}

static void last_drop_frees_the_string(void **context)
{
    struct interned_set *strings = &((struct fixture *)*context)->strings;
    struct interned *string = interned_take(strings, TEXT("ARTEMIS"));
    interned_take(strings, TEXT("ARTEMIS"));
    interned_drop(strings, string);
    assert_ptr_equal(interned_find(strings, TEXT("ARTEMIS")), string);
    interned_drop(strings, string);
    assert_null(interned_find(strings, TEXT("ARTEMIS")));
    assert_int_equal(strings->count, 0);
}

static void finding_does_not_count(void **context)
{
    struct interned_set *strings = &((struct fixture *)*context)->strings;
    struct interned *string = interned_take(strings, TEXT("ARTEMIS"));
    assert_ptr_equal(interned_find(strings, TEXT("ARTEMIS")), string);
    interned_drop(strings, string);
    assert_null(interned_find(strings, TEXT("ARTEMIS")));
}

static void dropping_null_does_nothing(void **context)
{
    struct interned_set *strings = &((struct fixture *)*context)->strings;
    interned_drop(strings, NULL);
    assert_int_equal(strings->count, 0);
}

/*
 * Every third string is removed, and all others must still be found. A wrong
 * removal from a hash table with open addressing breaks this.
 */
static void others_are_found_after_a_removal(void **context)
{
    struct interned_set *strings = &((struct fixture *)*context)->strings;
    enum { STRINGS = 3000 };
    static struct interned *taken[STRINGS];
    char buffer[32];
    for (unsigned i = 0; i < STRINGS; i++) {
        taken[i] = interned_take(strings, numbered(buffer, i));
        assert_non_null(taken[i]);
    }
    for (unsigned i = 0; i < STRINGS; i += 3) {
        interned_drop(strings, taken[i]);
        taken[i] = NULL;
    }
    for (unsigned i = 0; i < STRINGS; i++)
        assert_ptr_equal(interned_find(strings, numbered(buffer, i)), taken[i]);
}

static void memory_is_proportional_to_live_strings(void **context)
{
    struct fixture *fixture = *context;
    enum { STRINGS = 2000 };
    char buffer[32];
    interned_take(&fixture->strings, TEXT("stays"));
    size_t before = quota_used(&fixture->quota);
    for (unsigned i = 0; i < STRINGS; i++)
        interned_take(&fixture->strings, numbered(buffer, i));
    size_t most = quota_used(&fixture->quota);
    for (unsigned i = 0; i < STRINGS; i++)
        interned_drop(&fixture->strings,
                      interned_find(&fixture->strings, numbered(buffer, i)));
    assert_in_range(most, 20 * before, SIZE_MAX);
    assert_in_range(quota_used(&fixture->quota), before, 2 * before);
    assert_non_null(interned_find(&fixture->strings, TEXT("stays")));
}

static void memory_of_dropped_strings_is_freed(void **context)
{
    struct fixture *fixture = *context;
    char buffer[32];
    size_t most = 0;
    for (unsigned i = 0; i < 100000; i++) {
        struct interned *string =
            interned_take(&fixture->strings, numbered(buffer, i));
        if (quota_used(&fixture->quota) > most)
            most = quota_used(&fixture->quota);
        interned_drop(&fixture->strings, string);
    }
    assert_in_range(most, 1, 256);
}

static void only_new_strings_are_refused_without_memory(void **context)
{
    struct fixture *fixture = *context;
    struct interned *string = interned_take(&fixture->strings, TEXT("ARTEMIS"));
    fixture->quota.limit = quota_used(&fixture->quota);
    assert_null(interned_take(&fixture->strings, TEXT("APOLLO")));
    assert_null(interned_find(&fixture->strings, TEXT("APOLLO")));
    assert_ptr_equal(interned_take(&fixture->strings, TEXT("ARTEMIS")), string);
    assert_int_equal(fixture->strings.count, 1);
}

/* With any limit, strings that were taken are found and the rest refused. */
static void any_limit_is_handled(void **context)
{
    struct fixture *fixture = *context;
    char buffer[32];
    for (size_t limit = 0; limit < 6000; limit += 100) {
        fixture->quota.limit = limit;
        for (unsigned i = 0; i < 100; i++)
            interned_take(&fixture->strings, numbered(buffer, i));
        unsigned found = 0;
        for (unsigned i = 0; i < 100; i++)
            found +=
                interned_find(&fixture->strings, numbered(buffer, i)) != NULL;
        assert_int_equal(found, fixture->strings.count);
        assert_in_range(quota_used(&fixture->quota), 0, limit);
        interned_set_release(&fixture->strings);
    }
}

#define INTERNED_TEST(test)                                                    \
    cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        INTERNED_TEST(same_text_is_the_same_string),
        INTERNED_TEST(string_keeps_its_text),
        INTERNED_TEST(text_of_null_is_absent),
        INTERNED_TEST(strings_are_compared_by_every_byte),
        INTERNED_TEST(unknown_string_is_not_found),
        INTERNED_TEST(last_drop_frees_the_string),
        INTERNED_TEST(finding_does_not_count),
        INTERNED_TEST(dropping_null_does_nothing),
        INTERNED_TEST(others_are_found_after_a_removal),
        INTERNED_TEST(memory_is_proportional_to_live_strings),
        INTERNED_TEST(memory_of_dropped_strings_is_freed),
        INTERNED_TEST(only_new_strings_are_refused_without_memory),
        INTERNED_TEST(any_limit_is_handled),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
