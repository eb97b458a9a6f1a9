/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tests of the set of strings that a page is sorted by: numbers, ranks, and
 * failing allocations.
 */
#include "lib/unit_check.h"

#include "listing/key_sort.h"
#include "listing/string_ranks.h"

enum { STRINGS = 5000 };

static struct quota quota;

static int set_up(void **context)
{
    static struct string_ranks ranks;

    quota_init(&quota, SIZE_MAX, 0);
    string_ranks_init(&ranks, &quota);
    *context = &ranks;
    return 0;
}

/* string_ranks_release() must free all memory. */
static int tear_down(void **context)
{
    string_ranks_release(*context);
    return quota_used(&quota) == 0 ? 0 : -1;
}

static struct text numbered(char buffer[32], unsigned number)
{
    int length = snprintf(buffer, 32, "name %u", number);

    return (struct text){buffer, (size_t)length};
}

static void add_string(struct string_ranks *ranks, struct text string,
                       uint32_t expected)
{
    uint32_t number = UINT32_MAX;

    assert_true(string_ranks_add(ranks, string, &number));
    assert_int_equal(number, expected);
    unit_check_text(string_ranks_text(ranks, number), string);
}

/*
 * The ranks must be in the order of bytes, and the map of ranks to numbers the
 * inverse of the map of numbers to ranks.
 */
static void check_ranks(struct string_ranks *ranks, uint32_t count)
{
    assert_true(string_ranks_sort(ranks));
    for (uint32_t rank = 0; rank < count; rank++) {
        uint32_t number = string_ranks_number(ranks, rank);
        assert_in_range(number, 0, count - 1);
        assert_int_equal(string_ranks_rank(ranks, number), rank);
        if (rank == 0)
            continue;
        uint32_t before = string_ranks_number(ranks, rank - 1);
        assert_true(text_compare(string_ranks_text(ranks, before),
                                 string_ranks_text(ranks, number)) < 0);
    }
}

/* With random keys a client cannot choose strings whose hashes collide. */
static void each_set_has_its_own_hash_key(void **context)
{
    const struct string_ranks *ranks = *context;
    struct string_ranks other;

    string_ranks_init(&other, &quota);
    assert_memory_not_equal(ranks->key, other.key, sizeof(other.key));
    string_ranks_release(&other);
}

static void distinct_strings_are_numbered_in_order(void **context)
{
    struct string_ranks *ranks = *context;
    char longest[KEY_SORT_MAX_TEXT];

    check_ranks(ranks, 0);
    memset(longest, 'x', sizeof(longest));
    add_string(ranks, TEXT("b"), 0);
    add_string(ranks, TEXT(""), 1);
    add_string(ranks, (struct text){longest, sizeof(longest)}, 2);
    add_string(ranks, (struct text){longest, sizeof(longest) - 1}, 3);
    add_string(ranks, TEXT("b"), 0);
    add_string(ranks, (struct text){longest, sizeof(longest)}, 2);
    check_ranks(ranks, 4);
}

static void ranks_are_updated_after_strings_are_added(void **context)
{
    struct string_ranks *ranks = *context;
    char buffer[32];

    for (unsigned i = 0; i < 2 * STRINGS; i++) {
        add_string(ranks, numbered(buffer, i % STRINGS * 7919 % STRINGS),
                   i % STRINGS);
        if (i < STRINGS && i % 611 == 0)
            check_ranks(ranks, i + 1);
    }
    check_ranks(ranks, STRINGS);
}

/* So many strings that some have the same 32 bits of hash. */
static void strings_with_the_same_hash_are_distinct(void **context)
{
    char buffer[32];

    for (unsigned i = 0; i < 300000; i++)
        add_string(*context, numbered(buffer, i), i);
}

/* A failed allocation loses no string, and a later attempt may succeed. */
static void out_of_memory_changes_nothing(void **context)
{
    struct string_ranks *ranks = *context;
    char buffer[32];
    uint32_t number, count = 0;

    for (size_t limit = 0; count < 2000; limit += 997) {
        quota.limit = limit;
        while (count < 2000 &&
               string_ranks_add(ranks, numbered(buffer, count), &number))
            assert_int_equal(number, count++);
        for (uint32_t i = 0; i < count; i += 97)
            unit_check_text(string_ranks_text(ranks, i), numbered(buffer, i));
        assert_in_range(quota_used(&quota), 0, limit);
    }
}

static void failed_sort_leaves_the_ranks_untouched(void **context)
{
    struct string_ranks *ranks = *context;

    add_string(ranks, TEXT("b"), 0);
    add_string(ranks, TEXT("c"), 1);
    check_ranks(ranks, 2);
    add_string(ranks, TEXT("a"), 2);
    quota.limit = quota_used(&quota);
    assert_false(string_ranks_sort(ranks));
    assert_int_equal(string_ranks_rank(ranks, 0), 0);
    assert_int_equal(string_ranks_number(ranks, 1), 1);
    quota.limit = SIZE_MAX;
    check_ranks(ranks, 3);
    assert_int_equal(string_ranks_rank(ranks, 2), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        FIXTURE_TEST(each_set_has_its_own_hash_key),
        FIXTURE_TEST(distinct_strings_are_numbered_in_order),
        FIXTURE_TEST(ranks_are_updated_after_strings_are_added),
        FIXTURE_TEST(strings_with_the_same_hash_are_distinct),
        FIXTURE_TEST(out_of_memory_changes_nothing),
        FIXTURE_TEST(failed_sort_leaves_the_ranks_untouched),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
