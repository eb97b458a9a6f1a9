/* SPDX-License-Identifier: Apache-2.0 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "listing/key_sort.h"
#include "listing/name_ranks.h"

enum { NAMES = 5000 };

struct fixture {
    struct quota quota;
    struct name_ranks ranks;
};

static int set_up(void **context)
{
    static struct fixture fixture;
    quota_init(&fixture.quota, SIZE_MAX, 0);
    name_ranks_init(&fixture.ranks, &fixture.quota);
    *context = &fixture;
    return 0;
}

/* Whatever a test left in it: releasing gives all of it back. */
static int tear_down(void **context)
{
    struct fixture *fixture = *context;
    name_ranks_release(&fixture->ranks);
    return quota_used(&fixture->quota) == 0 ? 0 : -1;
}

static struct text numbered(char buffer[32], unsigned number)
{
    int length = snprintf(buffer, 32, "name %u", number * 7919 % NAMES);
    return (struct text){buffer, (size_t)length};
}

static void add(struct name_ranks *ranks, struct text name, uint32_t expected)
{
    uint32_t number = UINT32_MAX;
    assert_true(name_ranks_add(ranks, name, &number));
    assert_int_equal(number, expected);
    assert_true(text_equal(name_ranks_text(ranks, number), name));
}

/* Ranks and numbers are each other's inverse, and ranks go by bytes. */
static void assert_ranked(struct name_ranks *ranks, uint32_t count)
{
    assert_true(name_ranks_sort(ranks));
    for (uint32_t rank = 0; rank < count; rank++) {
        uint32_t number = name_ranks_number(ranks, rank);
        assert_in_range(number, 0, count - 1);
        assert_int_equal(name_ranks_rank(ranks, number), rank);
        if (rank == 0)
            continue;
        uint32_t before = name_ranks_number(ranks, rank - 1);
        assert_true(text_compare(name_ranks_text(ranks, before),
                                 name_ranks_text(ranks, number)) < 0);
    }
}

/* So nobody can choose names that meet. */
static void each_set_has_a_key_of_its_own(void **context)
{
    struct fixture *fixture = *context;
    struct name_ranks other;
    name_ranks_init(&other, &fixture->quota);
    assert_memory_not_equal(fixture->ranks.key, other.key, sizeof(other.key));
    name_ranks_release(&other);
}

static void no_names_can_be_sorted(void **context)
{
    assert_ranked(&((struct fixture *)*context)->ranks, 0);
}

static void numbers_count_different_names(void **context)
{
    struct name_ranks *ranks = &((struct fixture *)*context)->ranks;
    char longest[KEY_SORT_MAX_TEXT];
    memset(longest, 'x', sizeof(longest));
    add(ranks, TEXT("b"), 0);
    add(ranks, TEXT(""), 1);
    add(ranks, (struct text){longest, sizeof(longest)}, 2);
    add(ranks, (struct text){longest, sizeof(longest) - 1}, 3);
    add(ranks, TEXT("b"), 0);
    add(ranks, (struct text){longest, sizeof(longest)}, 2);
    assert_ranked(ranks, 4);
    assert_int_equal(name_ranks_rank(ranks, 1), 0);
    assert_int_equal(name_ranks_rank(ranks, 0), 1);
    assert_int_equal(name_ranks_rank(ranks, 3), 2);
    assert_int_equal(name_ranks_rank(ranks, 2), 3);
}

static void names_are_ranked_again_when_more_have_come(void **context)
{
    struct name_ranks *ranks = &((struct fixture *)*context)->ranks;
    char buffer[32];
    for (unsigned i = 0; i < NAMES; i++) {
        add(ranks, numbered(buffer, i), i);
        if (i % 611 == 0)
            assert_ranked(ranks, i + 1);
    }
    for (unsigned i = 0; i < NAMES; i++)
        add(ranks, numbered(buffer, i), i);
    assert_ranked(ranks, NAMES);
}

/* So many that some have the same 32 bits of hash, and none may be slow. */
static void names_with_the_same_hash_are_told_apart(void **context)
{
    struct name_ranks *ranks = &((struct fixture *)*context)->ranks;
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
    struct name_ranks *ranks = &fixture->ranks;
    char buffer[32];
    uint32_t number, count = 0;
    for (size_t limit = 0; count < 2000; limit += 997) {
        fixture->quota.limit = limit;
        while (count < 2000 &&
               name_ranks_add(ranks, numbered(buffer, count), &number))
            assert_int_equal(number, count++);
        for (uint32_t i = 0; i < count; i += 97)
            assert_true(
                text_equal(name_ranks_text(ranks, i), numbered(buffer, i)));
        assert_true(quota_used(&fixture->quota) <= limit);
    }
}

static void ranks_survive_a_sort_without_memory(void **context)
{
    struct fixture *fixture = *context;
    struct name_ranks *ranks = &fixture->ranks;
    add(ranks, TEXT("b"), 0);
    add(ranks, TEXT("c"), 1);
    assert_ranked(ranks, 2);
    add(ranks, TEXT("a"), 2);
    fixture->quota.limit = quota_used(&fixture->quota);
    assert_false(name_ranks_sort(ranks));
    assert_int_equal(name_ranks_rank(ranks, 0), 0);
    assert_int_equal(name_ranks_number(ranks, 1), 1);
    fixture->quota.limit = SIZE_MAX;
    assert_ranked(ranks, 3);
    assert_int_equal(name_ranks_rank(ranks, 2), 0);
}

#define RANKS_TEST(test)                                                       \
    cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        RANKS_TEST(each_set_has_a_key_of_its_own),
        RANKS_TEST(no_names_can_be_sorted),
        RANKS_TEST(numbers_count_different_names),
        RANKS_TEST(names_are_ranked_again_when_more_have_come),
        RANKS_TEST(names_with_the_same_hash_are_told_apart),
        RANKS_TEST(end_of_memory_changes_nothing),
        RANKS_TEST(ranks_survive_a_sort_without_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
