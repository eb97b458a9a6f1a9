/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/unit_check.h"

#include "base/hash_index.h"

enum { THINGS = 3000 };

/* Things are in an array without holes, as interned strings are. */
struct fixture {
    struct quota quota;
    struct hash_index index;
    uint32_t keys[THINGS]; /* of the thing at place i + 1 */
    uint32_t count;
};

static int set_up(void **context)
{
    static struct fixture fixture;

    fixture = (struct fixture){.count = 0};
    quota_init(&fixture.quota, SIZE_MAX, 0);
    *context = &fixture;
    return 0;
}

/* hash_index_release() must free all memory. */
static int tear_down(void **context)
{
    struct fixture *fixture = *context;

    hash_index_release(&fixture->index, &fixture->quota);
    return quota_used(&fixture->quota) == 0 ? 0 : -1;
}

/* Runs of 16 keys collide; the last homes are used, so that probing wraps. */
static uint32_t hash_of(uint32_t key)
{
    return ~(key / 16 * 0x9e3779b9);
}

static bool has_key(const void *fixture, uint32_t place, struct text key)
{
    uint32_t wanted;

    memcpy(&wanted, key.data, sizeof(wanted));
    return ((const struct fixture *)fixture)->keys[place - 1] == wanted;
}

static uint32_t place_of(const struct fixture *fixture, uint32_t key)
{
    return hash_index_find(&fixture->index, hash_of(key), has_key, fixture,
                           (struct text){(const char *)&key, sizeof(key)});
}

static void add_key(struct fixture *fixture, uint32_t key)
{
    assert_true(hash_index_reserve(&fixture->index, &fixture->quota));
    fixture->keys[fixture->count++] = key;
    hash_index_add(&fixture->index, hash_of(key), fixture->count);
}

/* The last thing takes the place of the removed one. */
static void remove_key(struct fixture *fixture, uint32_t key)
{
    uint32_t place = place_of(fixture, key), last = fixture->count--;

    hash_index_remove(&fixture->index, &fixture->quota, hash_of(key), place);
    if (place != last) {
        fixture->keys[place - 1] = fixture->keys[last - 1];
        hash_index_move(&fixture->index, hash_of(fixture->keys[last - 1]), last,
                        place);
    }
}

static void assert_all_found(const struct fixture *fixture)
{
    for (uint32_t i = 0; i < fixture->count; i++)
        assert_int_equal(place_of(fixture, fixture->keys[i]), i + 1);
}

static void an_empty_index_finds_nothing(void **context)
{
    assert_int_equal(place_of(*context, 0), 0);
}

static void everything_is_found_at_its_place(void **context)
{
    struct fixture *fixture = *context;

    for (uint32_t key = 0; key < THINGS; key++) {
        assert_int_equal(place_of(fixture, key), 0);
        add_key(fixture, key);
        assert_true(4 * fixture->count <= 3 * fixture->index.slot_count);
        assert_true(fixture->index.slot_count <= 8 ||
                    fixture->index.slot_count < 2 * fixture->count);
    }
    assert_all_found(fixture);
}

/* Keys of one hash, removed in other orders than added. */
static void removal_hides_nothing_else(void **context)
{
    struct fixture *fixture = *context;
    uint32_t added = 0, removed = 0;

    for (uint32_t round = 0; round < 300; round++) {
        for (uint32_t i = 0; i < 7; i++)
            add_key(fixture, added++);
        for (uint32_t i = 0; i < round % 8; i++) {
            remove_key(fixture,
                       fixture->keys[(removed++ * 7) % fixture->count]);
            assert_all_found(fixture);
        }
    }
}

static void an_index_is_halved_when_less_than_an_eighth_is_used(void **context)
{
    struct fixture *fixture = *context;

    for (uint32_t key = 0; key < THINGS; key++)
        add_key(fixture, key);
    uint32_t slots = fixture->index.slot_count;
    for (uint32_t key = 0; key < THINGS; key++) {
        remove_key(fixture, key);
        if (slots > 8 && fixture->count < slots / 8)
            slots /= 2;
        assert_int_equal(fixture->index.slot_count, slots);
    }
    assert_int_equal(slots, 8);
}

static void without_memory_nothing_changes(void **context)
{
    struct fixture *fixture = *context;
    uint32_t key = 0;

    while (4 * (key + 1) <= 3 * 48)
        add_key(fixture, key++);
    fixture->quota.limit = quota_used(&fixture->quota);
    assert_int_equal(fixture->index.slot_count, 48);
    assert_false(hash_index_reserve(&fixture->index, &fixture->quota));
    assert_all_found(fixture);
    while (fixture->count > 1) {
        remove_key(fixture, fixture->keys[0]);
        assert_all_found(fixture);
    }
    assert_int_equal(fixture->index.slot_count, 48);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        FIXTURE_TEST(an_empty_index_finds_nothing),
        FIXTURE_TEST(everything_is_found_at_its_place),
        FIXTURE_TEST(removal_hides_nothing_else),
        FIXTURE_TEST(an_index_is_halved_when_less_than_an_eighth_is_used),
        FIXTURE_TEST(without_memory_nothing_changes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
