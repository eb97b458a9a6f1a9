/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tests of the steps of a scan over one stripe: which rockets they return, by
 * window and filter, compared with plain comparisons of values and ids.
 */
#include "lib/unit_check.h"

#include "lib/messages.h"
#include "table/abbreviation.h"
#include "table/scan_step.h"
#include "table/stripe.h"

enum {
    ROCKETS = 3000,
    TYPES = 5,
    BLOCKS = (ROCKETS + COLUMNS_ROCKETS - 1) / COLUMNS_ROCKETS,
};

static struct quota quota;
static struct stripe stripe; /* the same for all tests */

/* The rockets of the stripe, in its order. */
static struct known_rocket {
    const struct table_entry *entry;
    struct table_value value; /* of the field of the scan */
    unsigned seen;            /* in the scan */
} known[ROCKETS];

/* At a time near that of the other rockets, or centuries before or after it. */
static void apply(uint32_t rocket, struct message message, uint64_t *state)
{
    struct stripe_change change;

    message.time.seconds +=
        ((int64_t)(unit_random(state) % 5) - 2) / 2 * INT64_C(10000000019);
    message.time.nanoseconds = (uint32_t)(unit_random(state) % 4 * 650000001);
    assert_int_equal(
        stripe_apply(&stripe, rocket * 2654435761U, &message, &change),
        MESSAGE_APPLIED);
    known[rocket].entry = change.entry;
}

/*
 * Each field has few values. Some speeds and times are too large for an exact
 * abbreviation, some values are unknown. Two thirds of the ids have a common
 * prefix of a word's length.
 */
static int fill_stripe(void **context)
{
    static const int64_t speeds[] = {0,   1,         2,         -1,
                                     500, 999999998, 999999999, 1000000000};
    static const char *const types[TYPES] = {"Falcon-9", "Saturn-I", "Saturn-V",
                                             "F", "\x7a\xc3\xa9"};
    uint64_t state = 0x9e3779b97f4a7c15;
    char id[32];

    (void)context;
    quota_init(&quota, SIZE_MAX, 0);
    stripe_init(&stripe, 0, &quota, (const uint8_t[16]){0});
    for (uint32_t i = 0; i < ROCKETS; i++) {
        snprintf(id, sizeof(id), i % 3 == 0 ? "%c-%05u" : "rocket-%c-%05u",
                 'a' + (int)(i * 7 % 26), i);
        uint64_t number = unit_random(&state) % 9 + 2;
        if (i % 10 != 0)
            apply(i,
                  message_launched(id, 1, types[unit_random(&state) % TYPES],
                                   i % 2 ? "APOLLO" : "SKYLAB", 0),
                  &state);
        apply(i, message_speed(id, number, speeds[unit_random(&state) % 8]),
              &state);
        if (i % 5 == 0)
            apply(i, message_exploded(id, number + 1, "HEAT"), &state);
    }
    return 0;
}

static int release_stripe(void **context)
{
    (void)context;
    stripe_release(&stripe);
    return 0;
}

/* Start a scan, and note the values of its field. */
static void start_scan(struct table_scan *scan, enum table_field field,
                       bool descending, const struct table_filter *filter)
{
    table_scan_init(scan, field, descending, filter);
    for (unsigned i = 0; i < ROCKETS; i++) {
        struct known_rocket *rocket = &known[i];
        rocket->seen = 0;
        if (table_field_is_string(field)) {
            struct text string =
                interned_text(table_entry_string(rocket->entry, field));
            rocket->value = (struct table_value){.known = string.data != NULL,
                                                 .string = string};
        } else {
            rocket->value = table_entry_value(rocket->entry, field);
        }
    }
}

/* The order of the list, without ids. Values compare as table_types.h says. */
static int compare_in_list(const struct known_rocket *a,
                           const struct known_rocket *b,
                           const struct table_scan *scan)
{
    struct table_value x = a->value, y = b->value;
    int order = text_compare(x.string, y.string);

    if (!x.known || !y.known)
        return y.known - x.known;
    if (x.minor != y.minor)
        order = x.minor < y.minor ? -1 : 1;
    if (x.major != y.major)
        order = x.major < y.major ? -1 : 1;
    return scan->descending ? -order : order;
}

static bool not_after(const struct known_rocket *a,
                      const struct known_rocket *b,
                      const struct table_scan *scan)
{
    bool reversed = scan->field == TABLE_ID && scan->descending;
    int order = compare_in_list(a, b, scan);

    if (order == 0)
        order = text_compare(table_entry_id((reversed ? b : a)->entry),
                             table_entry_id((reversed ? a : b)->entry));
    return order <= 0;
}

static bool matches_filter(const struct known_rocket *rocket,
                           const struct table_filter *filter)
{
    const struct effect *state = rocket_state(&rocket->entry->rocket);
    bool exploded = state->reason != NULL, launched = state->type != NULL;
    bool incomplete = rocket_missing(&rocket->entry->rocket) > 0;
    struct text id = table_entry_id(rocket->entry), prefix = filter->id_prefix;

    return (filter->launch == TABLE_ANY_LAUNCH ||
            launched == (filter->launch == TABLE_LAUNCHED)) &&
           (filter->completeness == TABLE_ANY_COMPLETENESS ||
            incomplete == (filter->completeness == TABLE_INCOMPLETE)) &&
           prefix.length <= id.length &&
           (prefix.length == 0 ||
            memcmp(prefix.data, id.data, prefix.length) == 0) &&
           (filter->status == TABLE_ANY_STATUS ||
            exploded == (filter->status == TABLE_EXPLODED)) &&
           (filter->type.data == NULL ||
            text_equal(filter->type, interned_text(state->type)));
}

static void fail_rocket(const struct table_scan *scan,
                        const struct known_rocket *rocket, const char *what)
{
    struct text id = table_entry_id(rocket->entry);

    fail_msg("field %d, %s, rocket %.*s: %s", (int)scan->field,
             scan->descending ? "descending" : "ascending", (int)id.length,
             id.data, what);
}

/* Check a row of the latest step. Its rocket must be in the last block. */
static void check_row(const struct table_scan *scan,
                      const struct table_row *row)
{
    struct text id = table_entry_id(row->entry);
    char digits[6] = {0};
    struct known_rocket value = {.value = row->value};

    memcpy(digits, id.data + id.length - 5, 5);
    struct known_rocket *rocket = &known[strtoul(digits, NULL, 10)];
    rocket->seen++;
    assert_ptr_equal(rocket->entry, row->entry);
    assert_int_equal((rocket - known) / COLUMNS_ROCKETS, scan->block - 1);
    if (row->value.known && table_field_is_string(scan->field)) {
        assert_in_range(row->value.major, 0, scan->string_count - 1);
        value.value.string = scan->strings[row->value.major];
        value.value.major = 0;
    }
    if (compare_in_list(&value, rocket, scan) != 0)
        fail_rocket(scan, rocket, "another value");
    if (row->id_start != abbreviation_of_text(id))
        fail_rocket(scan, rocket, "another start of its id");
}

/* A step ends with the first block that has rows, or at its limit. */
static void run_step(struct table_scan *scan)
{
    bool entries =
        table_field_is_string(scan->field) || scan->filter.type.data != NULL ||
        scan->filter.mission.data != NULL || scan->filter.id_prefix.length > 4;
    uint32_t end = scan->block + (entries ? 4 : 16);

    assert_true(scan->block < BLOCKS);
    scan->matched = scan->count = scan->string_count = 0;
    scan_step_run(scan, &stripe);
    if (scan->count == 0)
        assert_int_equal(scan->block, end < BLOCKS ? end : BLOCKS);
    assert_in_range(scan->block, 1, end);
    assert_in_range(scan->count, 0, scan->matched);
    assert_in_range(scan->string_count, 0, TYPES);
    for (size_t i = 0; i < scan->count; i++)
        check_row(scan, &scan->rows[i]);
}

/* Whether both have the same value, and ids with the same abbreviation. */
static bool is_near(const struct known_rocket *rocket,
                    const struct known_rocket *bound,
                    const struct table_scan *scan)
{
    return bound != NULL && compare_in_list(rocket, bound, scan) == 0 &&
           abbreviation_of_text(table_entry_id(rocket->entry)) ==
               abbreviation_of_text(table_entry_id(bound->entry));
}

/*
 * Scan the window between two rockets, either of which may be NULL. Rockets
 * outside may be returned only if abbreviations do not tell them from a bound.
 */
static void check_window(struct table_scan *scan,
                         const struct known_rocket *first,
                         const struct known_rocket *last)
{
    /* The other fields have values whose abbreviations are not exact. */
    bool is_exact = table_field_is_string(scan->field) ||
                    scan->field == TABLE_STATUS || scan->field == TABLE_ID ||
                    scan->field == TABLE_LAST_NUMBER;
    size_t matched = 0, matching = 0;

    if (first != NULL)
        table_scan_from(scan, &first->value, table_entry_id(first->entry));
    if (last != NULL)
        table_scan_to(scan, &last->value, table_entry_id(last->entry));
    while (scan->block < BLOCKS) {
        run_step(scan);
        matched += scan->matched;
    }
    for (const struct known_rocket *at = known; at < known + ROCKETS; at++) {
        bool matches = matches_filter(at, &scan->filter);
        bool inside = (first == NULL || not_after(first, at, scan)) &&
                      (last == NULL || not_after(at, last, scan));
        matching += matches;
        if (matches && inside && at->seen == 0)
            fail_rocket(scan, at, "it is inside but not returned");
        if (at->seen > matches)
            fail_rocket(scan, at, "it is returned twice, or does not match");
        if (at->seen > 0 && !inside && is_exact && !is_near(at, first, scan) &&
            !is_near(at, last, scan))
            fail_rocket(scan, at, "it is returned but far outside");
    }
    assert_int_equal(matched, matching);
}

/* With random bounds, also in the wrong order, with one bound and with none. */
static void windows_return_every_rocket_inside(void **context)
{
    (void)context;
    static const struct table_filter filters[] = {
        {0},
        {.status = TABLE_ACTIVE},
        {.type = {"Saturn-V", 8}},
        {.status = TABLE_EXPLODED},
        {.launch = TABLE_LAUNCHED},
        {.launch = TABLE_NOT_LAUNCHED, .id_prefix = {"rock", 4}},
        {.id_prefix = {"rocket-c", 8}},
        {.id_prefix = {"h", 1}, .status = TABLE_ACTIVE},
        {.id_prefix = {"rocket-k-00003", 14}},
        {.type = {"F", 1}, .launch = TABLE_LAUNCHED, .id_prefix = {"ro", 2}},
        {.completeness = TABLE_INCOMPLETE},
        {.completeness = TABLE_COMPLETE, .status = TABLE_ACTIVE},
        {.type = {"Saturn-V", 8}, .completeness = TABLE_COMPLETE},
    };
    enum { ROUNDS = 120 /* a field */ };
    uint64_t state = 0xd1b54a32d192ed03;

    for (unsigned round = 0; round < ROUNDS * TABLE_FIELD_COUNT; round++) {
        const struct known_rocket *first =
            &known[unit_random(&state) % ROCKETS];
        const struct known_rocket *last = &known[unit_random(&state) % ROCKETS];
        struct table_scan scan;
        start_scan(&scan, (enum table_field)(round / ROUNDS), round % 2 != 0,
                   &filters[round / 2 % COUNT(filters)]);
        /* In most rounds the window is not empty; in many it has one rocket. */
        if (round % 6 != 0 && !not_after(first, last, &scan))
            last = first;
        check_window(&scan, unit_random(&state) % 4 ? first : NULL,
                     unit_random(&state) % 4 ? last : NULL);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(windows_return_every_rocket_inside),
    };
    return cmocka_run_group_tests(tests, fill_stripe, release_stripe);
}
