/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the table's tests can't bring about, as it takes ids whose hashes meet:
 * here the test says what the hash is.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>

#include "../messages.h"
#include "stripe.h"

struct fixture {
    struct quota quota;
    struct stripe stripe;
};

static int set_up(void **context)
{
    static struct fixture fixture;
    static const uint8_t key[16] = {1};
    quota_init(&fixture.quota, SIZE_MAX, 0);
    stripe_init(&fixture.stripe, 0, &fixture.quota, key);
    *context = &fixture;
    return 0;
}

static int tear_down(void **context)
{
    struct fixture *fixture = *context;
    stripe_release(&fixture->stripe);
    return quota_used(&fixture->quota) == 0 ? 0 : -1;
}

static void ids_with_the_same_hash_are_told_apart(void **context)
{
    struct stripe *stripe = &((struct fixture *)*context)->stripe;
    static const uint32_t tags[] = {0, 0x80000000, UINT32_MAX};
    enum { IDS = 100 };

    for (unsigned i = 0; i < IDS; i++) {
        char id[32];
        struct table_entry *entry;
        snprintf(id, sizeof(id), "%u", i);
        struct message message = message_speed(id, 1, i);
        assert_int_equal(stripe_apply(stripe, tags[i % 3], &message, &entry),
                         TABLE_APPLIED);
        assert_int_equal(stripe->count, i + 1);
    }
    for (unsigned i = 0; i < IDS; i++) {
        char id[32];
        snprintf(id, sizeof(id), "%u", i);
        const struct table_entry *entry =
            stripe_find(stripe, tags[i % 3], text_of(id));
        assert_non_null(entry);
        assert_int_equal(rocket_state(&entry->rocket)->speed, i);
        assert_true(text_equal(table_entry_id(entry), text_of(id)));
    }
    assert_null(stripe_find(stripe, 0, TEXT("100")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(ids_with_the_same_hash_are_told_apart,
                                        set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
