/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tests of what is accepted as the stored state of a rocket, by example. That
 * each state which messages make is accepted, tests/property/ tests.
 */
#include "lib/unit_check.h"

#include "domain/rocket.h"
#include "domain/rocket_audit.h"

enum { MOST = MESSAGE_MAX_SPEED, BOUND = ROCKET_MAX_RUNS };

static void effect_needs_this_many_messages(void **context)
{
    (void)context;
    static const struct {
        struct effect_parts parts;
        uint64_t messages;
    } rows[] = {
        {{.speed = 0}, 1},
        {{.speed = 1}, 1},
        {{.speed = MOST}, 1},
        {{.speed = -MOST}, 1},
        {{.speed = MOST + 1}, 2},
        {{.speed = -MOST - 1}, 2},
        {{.mission = true}, 1},
        {{.reason = true}, 1},
        {{.mission = true, .reason = true}, 2},
        {{.mission = true, .speed = 1}, 2},
        {{.type = true}, UINT64_MAX},
        {{.type = true, .reason = true}, UINT64_MAX},
        {{.type = true, .mission = true}, 1},
        {{.type = true, .mission = true, .speed = MOST}, 1},
        {{.type = true, .mission = true, .speed = MOST + 1}, 2},
        {{.type = true, .mission = true, .speed = -1}, 2},
        {{.type = true, .mission = true, .reason = true, .speed = -1}, 3},
        /* The other way round is nearer. */
        {{.speed = INT64_MAX}, 9223372037},
        {{.speed = INT64_MIN}, 9223372037},
        {{.type = true, .mission = true, .speed = INT64_MAX}, 9223372037},
        {{.type = true, .mission = true, .speed = INT64_MIN}, 9223372037},
    };

    for (size_t i = 0; i < COUNT(rows); i++)
        if (effect_parts_messages(&rows[i].parts) != rows[i].messages)
            fail_msg("row %zu: %llu", i,
                     (unsigned long long)effect_parts_messages(&rows[i].parts));
}

/* Add BOUND - `less` runs of one number each, the last of which is `last`. */
static void add_runs(struct rocket_audit *audit, uint64_t last, unsigned less)
{
    const struct effect_parts nothing = {.speed = 0};

    for (uint64_t i = BOUND - less; i-- > 0;)
        assert_true(
            rocket_audit_run(audit, last - 2 * i, last - 2 * i, &nothing));
}

static void runs_are_in_order_and_apart(void **context)
{
    (void)context;
    static const struct {
        uint64_t runs[2][2];
        int64_t speed;
        bool accepted;
    } rows[] = {
        {{{1, 1}, {3, 3}}, 0, true},
        {{{1, 1}, {2, 2}}, 0, false},
        {{{1, 1}, {1, 1}}, 0, false},
        {{{3, 3}, {1, 1}}, 0, false},
        {{{0, 1}, {3, 3}}, 0, false},
        {{{1, 1}, {4, 3}}, 0, false},
        {{{2, 5}, {7, MESSAGE_MAX_NUMBER}}, 0, true},
        {{{2, 5}, {7, MESSAGE_MAX_NUMBER + 1}}, 0, false},
        {{{2, 5}, {7, UINT64_MAX}}, 0, false},
        {{{1, 2}, {4, 5}}, 2 * (int64_t)MOST, true},
        {{{1, 2}, {4, 4}}, 2 * (int64_t)MOST, false},
        {{{1, 1}, {4, 5}}, 2 * (int64_t)MOST, false},
    };

    for (size_t i = 0; i < COUNT(rows); i++) {
        const struct effect_parts parts = {.speed = rows[i].speed};
        struct rocket_audit audit;
        rocket_audit_init(&audit, 0);
        bool first = rocket_audit_run(&audit, rows[i].runs[0][0],
                                      rows[i].runs[0][1], &parts);
        bool both = rocket_audit_run(&audit, rows[i].runs[1][0],
                                     rows[i].runs[1][1], &parts);
        if ((first && both) != rows[i].accepted)
            fail_msg("row %zu", i);
        assert_int_equal(rocket_audit_end(&audit, 0), rows[i].accepted);
        assert_false(rocket_audit_end(&audit, 1));
    }
}

static void rocket_has_a_run_and_at_most_the_bound(void **context)
{
    const struct effect_parts nothing = {.speed = 0};
    struct rocket_audit audit;

    (void)context;
    rocket_audit_init(&audit, 0);
    assert_false(rocket_audit_end(&audit, 0));
    add_runs(&audit, UINT64_C(4) * BOUND, 0);
    assert_true(rocket_audit_end(&audit, 0));
    assert_int_equal(audit.numbers, BOUND);
    assert_false(rocket_audit_run(&audit, UINT64_C(5) * BOUND,
                                  UINT64_C(5) * BOUND, &nothing));
    assert_false(rocket_audit_end(&audit, 0));
}

/*
 * A run 1 to `low`, unless that is 0, a run `first` to `last`, then others of
 * one number each, up to 3 * BOUND.
 */
static void floor_lies_in_a_run_below_the_bound_of_others(void **context)
{
    (void)context;
    static const struct {
        uint64_t floor, low, first, last;
        unsigned less; /* runs than the bound */
        int64_t speed; /* of the run */
        uint64_t given_up;
        bool accepted;
    } rows[] = {
        {0, 0, 1, 9, 1, 0, 0, true},
        {0, 0, 1, 9, 1, 0, 1, false},
        {5, 0, 1, 9, 1, 0, 1, true},
        {5, 0, 1, 9, 1, 0, 4, true},
        {5, 0, 1, 9, 1, 0, 5, false},
        {5, 0, 1, 9, 1, 0, 0, false},
        /* The ends of a run were applied. */
        {1, 0, 1, 9, 1, 0, 1, false},
        {9, 0, 1, 9, 1, 0, 1, false},
        {8, 0, 1, 9, 1, 0, 1, true},
        {8, 0, 1, 9, 1, 0, 7, true},
        {8, 0, 1, 9, 1, 0, 8, false},
        {10, 0, 1, 9, 1, 0, 1, false},
        {UINT64_C(4) * BOUND, 0, 1, 9, 1, 0, 1, false},
        /* One run too many, when the floor was given up. */
        {8, 0, 1, 9, 2, 0, 1, false},
        {7, 0, 1, 9, 2, 0, 1, false},
        {6, 0, 1, 9, 2, 0, 1, true},
        /* Enough messages remain for the effect. */
        {6, 0, 1, 9, 2, 5 * (int64_t)MOST, 4, true},
        {6, 0, 1, 9, 2, 6 * (int64_t)MOST, 4, false},
        {6, 0, 1, 9, 2, 6 * (int64_t)MOST, 3, true},
        /* A run below came later. */
        {6, 1, 3, 9, 2, 0, 1, true},
        {6, 1, 3, 9, 2, 0, 3, true},
        {6, 1, 3, 9, 2, 0, 4, false},
        {12, 3, 5, 15, 2, 0, 8, true},
        {12, 3, 5, 15, 2, 0, 9, false},
    };

    for (size_t i = 0; i < COUNT(rows); i++) {
        const struct effect_parts parts = {.speed = rows[i].speed};
        const struct effect_parts nothing = {.speed = 0};
        struct rocket_audit audit;
        rocket_audit_init(&audit, rows[i].floor);
        if (rows[i].low > 0)
            assert_true(rocket_audit_run(&audit, 1, rows[i].low, &nothing));
        assert_true(
            rocket_audit_run(&audit, rows[i].first, rows[i].last, &parts));
        add_runs(&audit, UINT64_C(3) * BOUND, rows[i].less);
        if (rocket_audit_end(&audit, rows[i].given_up) != rows[i].accepted)
            fail_msg("row %zu", i);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(effect_needs_this_many_messages),
        cmocka_unit_test(runs_are_in_order_and_apart),
        cmocka_unit_test(rocket_has_a_run_and_at_most_the_bound),
        cmocka_unit_test(floor_lies_in_a_run_below_the_bound_of_others),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
