/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tests of interned strings: reference counts, removal, and memory.
 */
#include "lib/unit_check.h"

#include "table/interned.h"

static struct quota quota;

static int set_up(void **context)
{
    static struct interned_set strings;
    static const uint8_t key[16] = "sixteen bytes ok";

    quota_init(&quota, SIZE_MAX, 0);
    interned_set_init(&strings, &quota, key);
    *context = &strings;
    return 0;
}

/* interned_set_release() must free all memory. */
static int tear_down(void **context)
{
    interned_set_release(*context);
    return quota_used(&quota) == 0 ? 0 : -1;
}

static struct text numbered(char buffer[32], unsigned number)
{
    int length = snprintf(buffer, 32, "name %u", number);

    return (struct text){buffer, (size_t)length};
}

static void strings_are_the_same_if_every_byte_is(void **context)
{
    struct interned_set *strings = *context;
    char buffer[] = "APOLLO";

    assert_null(interned_find(strings, TEXT("APOLLO")));
    struct interned *string = interned_take(strings, text_of(buffer));
    assert_non_null(string);
    memset(buffer, 'x', sizeof(buffer) - 1);
    unit_check_text(interned_text(string), TEXT("APOLLO"));
    assert_ptr_equal(interned_take(strings, TEXT("APOLLO")), string);
    assert_ptr_equal(interned_find(strings, TEXT("APOLLO")), string);
    assert_null(interned_find(strings, TEXT("APOLLO\0")));
    struct interned *longer = interned_take(strings, TEXT("APOLLO\0"));
    assert_ptr_not_equal(string, longer);
    unit_check_text(interned_text(longer), TEXT("APOLLO\0"));
    assert_int_equal(strings->count, 2);
    assert_null(interned_text(NULL).data);
}

/* Only references count: finding a string takes none. */
static void last_drop_frees_the_string(void **context)
{
    struct interned_set *strings = *context;
    struct interned *string = interned_take(strings, TEXT("ARTEMIS"));

    interned_take(strings, TEXT("ARTEMIS"));
    interned_drop(strings, string);
    assert_ptr_equal(interned_find(strings, TEXT("ARTEMIS")), string);
    interned_drop(strings, NULL);
    assert_int_equal(strings->count, 1);
    interned_drop(strings, string);
    assert_null(interned_find(strings, TEXT("ARTEMIS")));
    assert_int_equal(strings->count, 0);
}

/* As a type and as a mission apart, and beside references. */
static void rockets_are_counted_by_role(void **context)
{
    struct interned_set *strings = *context;
    struct interned *a = interned_take(strings, TEXT("a"));
    struct interned *b = interned_take(strings, TEXT("b"));

    interned_move_rocket(NULL, a, INTERNED_TYPE);
    interned_move_rocket(NULL, a, INTERNED_TYPE);
    interned_move_rocket(NULL, a, INTERNED_MISSION);
    assert_int_equal(interned_rockets(a, INTERNED_TYPE), 2);
    assert_int_equal(interned_rockets(a, INTERNED_MISSION), 1);
    interned_move_rocket(a, b, INTERNED_TYPE);
    interned_move_rocket(a, NULL, INTERNED_MISSION);
    assert_int_equal(interned_rockets(a, INTERNED_TYPE), 1);
    assert_int_equal(interned_rockets(a, INTERNED_MISSION), 0);
    assert_int_equal(interned_rockets(b, INTERNED_TYPE), 1);
    interned_move_rocket(a, b, INTERNED_TYPE);
    interned_drop(strings, a);
    assert_null(interned_find(strings, TEXT("a")));
    assert_ptr_equal(interned_find(strings, TEXT("b")), b);
}

/*
 * Every third string is removed, and all others must still be found. A wrong
 * removal from a hash table with open addressing breaks this.
 */
static void others_are_found_after_a_removal(void **context)
{
    struct interned_set *strings = *context;
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
    struct interned_set *strings = *context;
    enum { STRINGS = 2000 };
    char buffer[32];

    interned_take(strings, TEXT("stays"));
    size_t before = quota_used(&quota);
    for (unsigned i = 0; i < STRINGS; i++)
        interned_take(strings, numbered(buffer, i));
    assert_in_range(quota_used(&quota), 20 * before, SIZE_MAX);
    for (unsigned i = 0; i < STRINGS; i++)
        interned_drop(strings, interned_find(strings, numbered(buffer, i)));
    assert_in_range(quota_used(&quota), before, 2 * before);
    assert_non_null(interned_find(strings, TEXT("stays")));
}

/* With any limit, strings that were taken are found and the rest refused. */
static void only_new_strings_are_refused_without_memory(void **context)
{
    struct interned_set *strings = *context;
    char buffer[32];

    for (size_t limit = 0; limit < 6000; limit += 100) {
        struct interned *taken[100];
        quota.limit = limit;
        for (unsigned i = 0; i < COUNT(taken); i++)
            taken[i] = interned_take(strings, numbered(buffer, i));
        quota.limit = quota_used(&quota);
        assert_in_range(quota.limit, 0, limit);
        for (unsigned i = 0; i < COUNT(taken); i++) {
            struct text name = numbered(buffer, i);
            assert_ptr_equal(interned_find(strings, name), taken[i]);
            assert_ptr_equal(interned_take(strings, name), taken[i]);
        }
        interned_set_release(strings);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        FIXTURE_TEST(strings_are_the_same_if_every_byte_is),
        FIXTURE_TEST(last_drop_frees_the_string),
        FIXTURE_TEST(rockets_are_counted_by_role),
        FIXTURE_TEST(others_are_found_after_a_removal),
        FIXTURE_TEST(memory_is_proportional_to_live_strings),
        FIXTURE_TEST(only_new_strings_are_refused_without_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
