/* SPDX-License-Identifier: Apache-2.0 */
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
    struct names names;
};

static int set_up(void **context)
{
    static struct fixture fixture;
    static const uint8_t key[16] = "sixteen bytes ok";
    quota_init(&fixture.quota, SIZE_MAX, 0);
    names_init(&fixture.names, &fixture.quota, key);
    *context = &fixture;
    return 0;
}

/* Whatever a test left in the set: releasing gives all of it back. */
static int tear_down(void **context)
{
    struct fixture *fixture = *context;
    names_release(&fixture->names);
    return quota_used(&fixture->quota) == 0 ? 0 : -1;
}

static struct text numbered(char buffer[32], unsigned number)
{
    int length = snprintf(buffer, 32, "name %u", number);
    return (struct text){buffer, (size_t)length};
}

static void same_text_is_the_same_name(void **context)
{
    struct names *names = &((struct fixture *)*context)->names;
    char copy[] = "ARTEMIS";
    struct name *name = names_take(names, TEXT("ARTEMIS"));
    assert_non_null(name);
    assert_ptr_equal(names_take(names, text_of(copy)), name);
    assert_ptr_equal(names_find(names, text_of(copy)), name);
    assert_int_equal(names->count, 1);
}

static void name_keeps_its_text(void **context)
{
    struct names *names = &((struct fixture *)*context)->names;
    char buffer[] = "ARTEMIS";
    struct name *name = names_take(names, text_of(buffer));
    memset(buffer, 'x', sizeof(buffer) - 1);
    assert_true(text_equal(name_text(name), TEXT("ARTEMIS")));
}

static void text_of_no_name_is_absent(void **context)
{
    (void)context;
    assert_null(name_text(NULL).data);
}

static void names_are_told_apart_by_every_byte(void **context)
{
    struct names *names = &((struct fixture *)*context)->names;
    struct name *shorter = names_take(names, TEXT("APOLLO"));
    struct name *longer = names_take(names, TEXT("APOLLO_SOYUZ"));
    struct name *zero = names_take(names, TEXT("APOLLO\0"));
    assert_ptr_not_equal(shorter, longer);
    assert_ptr_not_equal(shorter, zero);
    assert_true(text_equal(name_text(zero), TEXT("APOLLO\0")));
}

static void what_nobody_holds_is_not_found(void **context)
{
    struct names *names = &((struct fixture *)*context)->names;
    assert_null(names_find(names, TEXT("ARTEMIS")));
    names_take(names, TEXT("APOLLO"));
    assert_null(names_find(names, TEXT("ARTEMIS")));
}

static void last_count_given_back_frees_the_name(void **context)
{
    struct names *names = &((struct fixture *)*context)->names;
    struct name *name = names_take(names, TEXT("ARTEMIS"));
    names_take(names, TEXT("ARTEMIS"));
    names_drop(names, name);
    assert_ptr_equal(names_find(names, TEXT("ARTEMIS")), name);
    names_drop(names, name);
    assert_null(names_find(names, TEXT("ARTEMIS")));
    assert_int_equal(names->count, 0);
}

static void finding_takes_no_count(void **context)
{
    struct names *names = &((struct fixture *)*context)->names;
    struct name *name = names_take(names, TEXT("ARTEMIS"));
    assert_ptr_equal(names_find(names, TEXT("ARTEMIS")), name);
    names_drop(names, name);
    assert_null(names_find(names, TEXT("ARTEMIS")));
}

static void dropping_no_name_does_nothing(void **context)
{
    struct names *names = &((struct fixture *)*context)->names;
    names_drop(names, NULL);
    assert_int_equal(names->count, 0);
}

/*
 * Every third of many names goes, and all others must still be found: what
 * a removal from a probed table gets wrong first.
 */
static void others_are_found_after_a_removal(void **context)
{
    struct names *names = &((struct fixture *)*context)->names;
    enum { NAMES = 3000 };
    static struct name *taken[NAMES];
    char buffer[32];
    for (unsigned i = 0; i < NAMES; i++) {
        taken[i] = names_take(names, numbered(buffer, i));
        assert_non_null(taken[i]);
    }
    for (unsigned i = 0; i < NAMES; i += 3) {
        names_drop(names, taken[i]);
        taken[i] = NULL;
    }
    for (unsigned i = 0; i < NAMES; i++)
        assert_ptr_equal(names_find(names, numbered(buffer, i)), taken[i]);
}

static void memory_follows_what_is_live(void **context)
{
    struct fixture *fixture = *context;
    enum { NAMES = 2000 };
    char buffer[32];
    names_take(&fixture->names, TEXT("stays"));
    size_t before = quota_used(&fixture->quota);
    for (unsigned i = 0; i < NAMES; i++)
        names_take(&fixture->names, numbered(buffer, i));
    size_t most = quota_used(&fixture->quota);
    for (unsigned i = 0; i < NAMES; i++)
        names_drop(&fixture->names,
                   names_find(&fixture->names, numbered(buffer, i)));
    assert_in_range(most, 20 * before, SIZE_MAX);
    assert_in_range(quota_used(&fixture->quota), before, 2 * before);
    assert_non_null(names_find(&fixture->names, TEXT("stays")));
}

static void ever_new_names_do_not_pile_up(void **context)
{
    struct fixture *fixture = *context;
    char buffer[32];
    size_t most = 0;
    for (unsigned i = 0; i < 100000; i++) {
        struct name *name = names_take(&fixture->names, numbered(buffer, i));
        if (quota_used(&fixture->quota) > most)
            most = quota_used(&fixture->quota);
        names_drop(&fixture->names, name);
    }
    assert_in_range(most, 1, 256);
}

static void
without_memory_new_names_are_refused_and_old_ones_not(void **context)
{
    struct fixture *fixture = *context;
    struct name *name = names_take(&fixture->names, TEXT("ARTEMIS"));
    fixture->quota.limit = quota_used(&fixture->quota);
    assert_null(names_take(&fixture->names, TEXT("APOLLO")));
    assert_null(names_find(&fixture->names, TEXT("APOLLO")));
    assert_ptr_equal(names_take(&fixture->names, TEXT("ARTEMIS")), name);
    assert_int_equal(fixture->names.count, 1);
}

/* Whatever the limit, what was taken is found and the rest is refused. */
static void any_limit_is_survived(void **context)
{
    struct fixture *fixture = *context;
    char buffer[32];
    for (size_t limit = 0; limit < 6000; limit += 100) {
        fixture->quota.limit = limit;
        for (unsigned i = 0; i < 100; i++)
            names_take(&fixture->names, numbered(buffer, i));
        unsigned found = 0;
        for (unsigned i = 0; i < 100; i++)
            found += names_find(&fixture->names, numbered(buffer, i)) != NULL;
        assert_int_equal(found, fixture->names.count);
        assert_in_range(quota_used(&fixture->quota), 0, limit);
        names_release(&fixture->names);
    }
}

#define NAMES_TEST(test)                                                       \
    cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        NAMES_TEST(same_text_is_the_same_name),
        NAMES_TEST(name_keeps_its_text),
        NAMES_TEST(text_of_no_name_is_absent),
        NAMES_TEST(names_are_told_apart_by_every_byte),
        NAMES_TEST(what_nobody_holds_is_not_found),
        NAMES_TEST(last_count_given_back_frees_the_name),
        NAMES_TEST(finding_takes_no_count),
        NAMES_TEST(dropping_no_name_does_nothing),
        NAMES_TEST(others_are_found_after_a_removal),
        NAMES_TEST(memory_follows_what_is_live),
        NAMES_TEST(ever_new_names_do_not_pile_up),
        NAMES_TEST(without_memory_new_names_are_refused_and_old_ones_not),
        NAMES_TEST(any_limit_is_survived),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
