/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tests of one stripe, which the tests of the table cannot choose: ids with the
 * same hash (here the test chooses the hash), memory for a given number of
 * rockets, columns, and the counts of several rockets.
 */
#include "lib/unit_check.h"

#include "lib/messages.h"
#include "table/abbreviation.h"
#include "table/stripe.h"

enum { NUMBER = 700 /* of the stripe */ };

static struct quota quota;
static struct stripe stripe;

static int set_up(void **context)
{
    static const uint8_t key[16] = {1};

    (void)context;
    quota_init(&quota, SIZE_MAX, 0);
    stripe_init(&stripe, NUMBER, &quota, key);
    return 0;
}

static int tear_down(void **context)
{
    (void)context;
    stripe_release(&stripe);
    return quota_used(&quota) == 0 ? 0 : -1;
}

static enum message_outcome apply(uint32_t tag, struct message message)
{
    struct stripe_change change;

    return stripe_apply(&stripe, tag, &message, &change);
}

static bool has_string(const char *string)
{
    return interned_find(&stripe.strings, text_of(string)) != NULL;
}

static void ids_with_the_same_hash_are_distinct(void **context)
{
    (void)context;
    static const uint32_t tags[] = {0, 0x80000000, UINT32_MAX};
    enum { IDS = 100 };
    char id[32];

    for (unsigned i = 0; i < IDS; i++) {
        snprintf(id, sizeof(id), "%u", i);
        assert_int_equal(apply(tags[i % 3], message_speed(id, 1, i)),
                         MESSAGE_APPLIED);
        assert_int_equal(stripe.count, i + 1);
    }
    for (unsigned i = 0; i < IDS; i++) {
        snprintf(id, sizeof(id), "%u", i);
        const struct table_entry *entry =
            stripe_find(&stripe, tags[i % 3], text_of(id));
        assert_non_null(entry);
        assert_int_equal(rocket_state(&entry->rocket)->speed, i);
        unit_check_text(table_entry_id(entry), text_of(id));
        assert_int_equal(table_entry_stripe(entry), NUMBER);
    }
    assert_null(stripe_find(&stripe, 0, TEXT("100")));
}

/* As many slots as stripe.h says, and no block before it is needed. */
static void memory_grows_with_the_number_of_rockets(void **context)
{
    (void)context;
    enum { ROCKETS = 2000, FEW = 8 };
    char id[32];

    for (uint32_t count = 1; count <= ROCKETS; count++) {
        snprintf(id, sizeof(id), "%u", (unsigned)count);
        assert_int_equal(apply(count * 0x9e3779b9, message_speed(id, 1, 1)),
                         MESSAGE_APPLIED);
        assert_true(count * 4 <= stripe.index.slot_count * 3);
        assert_true(stripe.index.slot_count <= FEW ||
                    stripe.index.slot_count < 2 * count);
        assert_int_equal(stripe.columns.count,
                         (count + COLUMNS_ROCKETS - 1) / COLUMNS_ROCKETS);
        assert_in_range(stripe.entries.count, 1, count / 8 + 1);
    }
    for (uint32_t count = 1; count <= ROCKETS; count++) {
        snprintf(id, sizeof(id), "%u", (unsigned)count);
        assert_ptr_equal(stripe_find(&stripe, count * 0x9e3779b9, text_of(id)),
                         stripe_at(&stripe, count - 1));
    }
}

/* Add a rocket with an id of `length` bytes. Returns the memory it needed. */
static size_t memory_for(int length)
{
    char id[MESSAGE_MAX_CHANNEL + 1];
    size_t before = quota_used(&quota);

    snprintf(id, sizeof(id), "%0*u", length, stripe.count);
    assert_int_equal(apply(0, message_speed(id, 1, 1)), MESSAGE_APPLIED);
    return quota_used(&quota) - before;
}

/*
 * A block of 1,008 bytes holds seven of the longest ids, and 105 bytes more; or
 * an id of 105 bytes, six of the longest, and 128 bytes more. An id takes one
 * byte for its length.
 */
static void ids_fill_a_block_to_the_last_byte(void **context)
{
    (void)context;
    for (unsigned i = 0; i < 7; i++)
        memory_for(MESSAGE_MAX_CHANNEL);
    assert_in_range(memory_for(105), 1008, SIZE_MAX);
    for (unsigned i = 0; i < 6; i++)
        memory_for(MESSAGE_MAX_CHANNEL);
    assert_int_equal(memory_for(127), 0);
    assert_in_range(memory_for(1), 1008, SIZE_MAX);
}

/* Each allocation fails in turn. */
static void refused_rocket_holds_no_strings(void **context)
{
    (void)context;
    unsigned failed = 0;

    for (quota.limit = 0;
         apply(0, message_exploded("a", 1, "HEAT")) == MESSAGE_NO_MEMORY;
         quota.limit += 16) {
        assert_false(has_string("HEAT"));
        failed++;
    }
    assert_in_range(failed, 1, 1000);
    assert_true(has_string("HEAT"));
}

static void strings_replaced_by_a_launch_are_dropped(void **context)
{
    (void)context;
    apply(0, message_launched("a", 1, "Scout", "APOLLO", 1));
    apply(0, message_launched("a", 2, "Athena", "SKYLAB", 1));
    assert_false(has_string("Scout") || has_string("APOLLO"));
    assert_true(has_string("Athena") && has_string("SKYLAB"));
}

/* The counts must be those of all rockets, one by one. */
static void check_counts(void)
{
    uint32_t exploded = 0, unlaunched = 0, incomplete = 0;
    uint64_t missing = 0;

    for (uint32_t i = 0; i < stripe.count; i++) {
        const struct rocket *rocket = &stripe_at(&stripe, i)->rocket;
        exploded += rocket_state(rocket)->reason != NULL;
        unlaunched += rocket_state(rocket)->type == NULL;
        incomplete += rocket_missing(rocket) > 0;
        missing += rocket_missing(rocket);
    }
    assert_int_equal(stripe.exploded, exploded);
    assert_int_equal(stripe.unlaunched, unlaunched);
    assert_int_equal(stripe.incomplete, incomplete);
    assert_int_equal(stripe.missing, missing);
}

/*
 * The strings of the launch are interned already, but its run needs memory. The
 * widest window contains unknown values too.
 */
static void full_stripe_refuses_a_launch_but_no_duplicate(void **context)
{
    (void)context;
    const struct columns_window all = {true, {0, 0}, {UINT32_MAX, UINT32_MAX}};

    apply(0, message_launched("a", 1, "Scout", "APOLLO", 1));
    apply(0, message_speed("b", 9, 1));
    quota.limit = quota_used(&quota);
    assert_int_equal(apply(0, message_mission("a", 1, "MIR")),
                     MESSAGE_DUPLICATE);
    assert_int_equal(apply(0, message_launched("b", 1, "Scout", "APOLLO", 1)),
                     MESSAGE_NO_MEMORY);
    check_counts();
    const struct columns *columns = stripe_columns(&stripe, 0);
    const uint32_t *created = columns->keys[COLUMN_CREATED];
    assert_int_equal(created[1], ABBREVIATION_UNKNOWN);
    assert_true(columns_inside(created, columns->keys[COLUMN_ID], &all) ==
                UINT64_MAX);
}

/* The columns must have the keys that are made from the rocket itself. */
static void check_columns(uint32_t index)
{
    static_assert(COLUMN_COUNT == 5, "check a new column here");
    const struct table_entry *entry = stripe_at(&stripe, index);
    const struct effect *state = rocket_state(&entry->rocket);
    const struct columns *columns =
        stripe_columns(&stripe, index / COLUMNS_ROCKETS);
    uint32_t lane = index % COLUMNS_ROCKETS;
    const uint32_t expected[COLUMN_COUNT] = {
        [COLUMN_SPEED] = abbreviation_of_integer(state->speed),
        [COLUMN_UPDATED] =
            abbreviation_of_time(&entry->rocket.updated, stripe.reference),
        [COLUMN_LAST_NUMBER] =
            abbreviation_of_number(rocket_last_number(&entry->rocket)),
        [COLUMN_CREATED] =
            state->type == NULL
                ? ABBREVIATION_UNKNOWN
                : abbreviation_of_time(&state->created, stripe.reference),
        [COLUMN_ID] = abbreviation_of_text(table_entry_id(entry)),
    };

    for (unsigned i = 0; i < COLUMN_COUNT; i++)
        assert_int_equal(columns->keys[i][lane], expected[i]);
    assert_int_equal(columns->exploded >> lane & 1, state->reason != NULL);
    assert_int_equal(columns->incomplete >> lane & 1,
                     rocket_missing(&entry->rocket) > 0);
}

/* Every sequence of three types, in order and with the first message last. */
static void columns_and_counts_are_updated_with_every_message(void **context)
{
    (void)context;
    enum { TYPES = MESSAGE_TYPE_COUNT, HISTORIES = TYPES * TYPES * TYPES };
    static const uint64_t orders[][3] = {{1, 2, 3}, {2, 3, 1}};

    for (unsigned i = 0; i < 2 * HISTORIES; i++) {
        unsigned types = i / 2;
        char id[16];

        snprintf(id, sizeof(id), "%u", i);
        for (unsigned j = 0; j < 3; j++, types /= TYPES) {
            struct message message = message_of_type(
                (enum message_type)(types % TYPES), id, orders[i % 2][j]);
            assert_int_equal(apply(0, message), MESSAGE_APPLIED);
            check_columns(i);
            check_counts();
        }
    }
}

/* A column without a field would never be read. */
static void each_column_belongs_to_one_field(void **context)
{
    (void)context;
    unsigned fields[COLUMN_COUNT + 1] = {0};

    for (enum table_field field = 0; field < TABLE_FIELD_COUNT; field++) {
        enum column column = columns_of_field(field);
        fields[column]++;
        assert_false(column != COLUMN_COUNT && table_field_is_string(field));
    }
    for (enum column column = 0; column < COLUMN_COUNT; column++)
        assert_int_equal(fields[column], 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        FIXTURE_TEST(ids_with_the_same_hash_are_distinct),
        FIXTURE_TEST(memory_grows_with_the_number_of_rockets),
        FIXTURE_TEST(ids_fill_a_block_to_the_last_byte),
        FIXTURE_TEST(refused_rocket_holds_no_strings),
        FIXTURE_TEST(strings_replaced_by_a_launch_are_dropped),
        FIXTURE_TEST(full_stripe_refuses_a_launch_but_no_duplicate),
        FIXTURE_TEST(columns_and_counts_are_updated_with_every_message),
        cmocka_unit_test(each_column_belongs_to_one_field),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
