/* SPDX-License-Identifier: Apache-2.0 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "listing/key_sort.h"
#include "listing/string_ranks.h"

enum { STRINGS = 5000 };

struct fixture {
    struct quota quota;
    struct string_ranks ranks;
};

static int set_up(void **context)
{
    static struct fixture fixture;
    quota_init(&fixture.quota, SIZE_MAX, 0);
    string_ranks_init(&fixture.ranks, &fixture.quota);
    *context = &fixture;
    return 0;
}

/* Whatever a test left in it: releasing gives all of it back. */
static int tear_down(void **context)
{
    struct fixture *fixture = *context;
    string_ranks_release(&fixture->ranks);
    return quota_used(&fixture->quota) == 0 ? 0 : -1;
}

static struct text numbered(char buffer[32], unsigned number)
{
    int length = snprintf(buffer, 32, "name %u", number * 7919 % STRINGS);
    return (struct text){buffer, (size_t)length};
}

static void add(struct string_ranks *ranks, struct text string,
                uint32_t expected)
{
    uint32_t number = UINT32_MAX;
    assert_true(string_ranks_add(ranks, string, &number));
    assert_int_equal(number, expected);
    assert_true(text_equal(string_ranks_text(ranks, number), string));
}

/* Ranks and numbers are each other's inverse, and ranks go by bytes. */
static void assert_ranked(struct string_ranks *ranks, uint32_t count)
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

/* So nobody can choose strings that meet. */
static void each_set_has_a_key_of_its_own(void **context)
{
    struct fixture *fixture = *context;
    struct string_ranks other;
    string_ranks_init(&other, &fixture->quota);
    assert_memory_not_equal(fixture->ranks.key, other.key, sizeof(other.key));
    string_ranks_release(&other);
}

static void no_strings_can_be_sorted(void **context)
{
    assert_ranked(&((struct fixture *)*context)->ranks, 0);
}

static void numbers_count_different_strings(void **context)
{
    struct string_ranks *ranks = &((struct fixture *)*context)->ranks;
    char longest[KEY_SORT_MAX_TEXT];
    memset(longest, 'x', sizeof(longest));
    add(ranks, TEXT("b"), 0);
    add(ranks, TEXT(""), 1);
    add(ranks, (struct text){longest, sizeof(longest)}, 2);
    add(ranks, (struct text){longest, sizeof(longest) - 1}, 3);
    add(ranks, TEXT("b"), 0);
    add(ranks, (struct text){longest, sizeof(longest)}, 2);
    assert_ranked(ranks, 4);
    assert_int_equal(string_ranks_rank(ranks, 1), 0);
    assert_int_equal(string_ranks_rank(ranks, 0), 1);
    assert_int_equal(string_ranks_rank(ranks, 3), 2);
    assert_int_equal(string_ranks_rank(ranks, 2), 3);
}

static void strings_are_ranked_again_when_more_have_come(void **context)
{
    struct string_ranks *ranks = &((struct fixture *)*context)->ranks;
    char buffer[32];
    for (unsigned i = 0; i < STRINGS; i++) {
        add(ranks, numbered(buffer, i), i);
        if (i % 611 == 0)
            assert_ranked(ranks, i + 1);
    }
    for (unsigned i = 0; i < STRINGS; i++)
        add(ranks, numbered(buffer, i), i);
    assert_ranked(ranks, STRINGS);
}

/* So many that some have the same 32 bits of hash, and none may be slow. */
static void strings_with_the_same_hash_are_told_apart(void **context)
{
    struct string_ranks *ranks = &((struct fixture *)*context)->ranks;
    for (unsigned i = 0; i < 300000; i++) {
        char buffer[32];
        int length = snprintf(buffer, sizeof(buffer), "%u", i);
        add(ranks, (struct text){buffer, (size_t)length}, i);
    }
}

/* Everything that was there before stays, and the next attempt may work. */
static void end_of_memory_changes_nothing(void **context)
{
    struct fixture *fixture = *context;
    struct string_ranks *ranks = &fixture->ranks;
    char buffer[32];
    uint32_t number, count = 0;
    for (size_t limit = 0; count < 2000; limit += 997) {
        fixture->quota.limit = limit;
        while (count < 2000 &&
               string_ranks_add(ranks, numbered(buffer, count), &number))
            assert_int_equal(number, count++);
        for (uint32_t i = 0; i < count; i += 97)
            assert_true(
                text_equal(string_ranks_text(ranks, i), numbered(buffer, i)));
        assert_true(quota_used(&fixture->quota) <= limit);
    }
}

static void ranks_survive_a_sort_without_memory(void **context)
{
    struct fixture *fixture = *context;
    struct string_ranks *ranks = &fixture->ranks;
    add(ranks, TEXT("b"), 0);
    add(ranks, TEXT("c"), 1);
    assert_ranked(ranks, 2);
    add(ranks, TEXT("a"), 2);
    fixture->quota.limit = quota_used(&fixture->quota);
    assert_false(string_ranks_sort(ranks));
    assert_int_equal(string_ranks_rank(ranks, 0), 0);
    assert_int_equal(string_ranks_number(ranks, 1), 1);
    fixture->quota.limit = SIZE_MAX;
    assert_ranked(ranks, 3);
    assert_int_equal(string_ranks_rank(ranks, 2), 0);
}

#define RANKS_TEST(test)                                                       \
    cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        RANKS_TEST(each_set_has_a_key_of_its_own),
        RANKS_TEST(no_strings_can_be_sorted),
        RANKS_TEST(numbers_count_different_strings),
        RANKS_TEST(strings_are_ranked_again_when_more_have_come),
        RANKS_TEST(strings_with_the_same_hash_are_told_apart),
        RANKS_TEST(end_of_memory_changes_nothing),
        RANKS_TEST(ranks_survive_a_sort_without_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
