/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tests that the state of a rocket, alone and in a table, is the fold of its
 * applied messages in the order of numbers, in any order of delivery: with
 * random histories, compared with the oracle, and with all orders of all short
 * histories. And of the law on which that rests: the composition of effects is
 * associative.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <assert.h>
#include <string.h>

#include "fleet.h"
#include "long_history.h"
#include "lib/messages.h"
#include "shrink.h"
#include "subject.h"

static const char *rocket_follow(struct text input, size_t *delivery)
{
    return subject_follow(rocket_apply, input, delivery);
}

static void state_is_the_fold_after_every_delivery(void **context)
{
    (void)context;
    assert_true(
        shrink_check("short histories", rocket_follow, GENERATOR_SHORT, 20000));
}

static void state_is_the_fold_with_hundreds_of_runs(void **context)
{
    (void)context;
    assert_true(shrink_check("hostile histories", rocket_follow,
                             GENERATOR_HOSTILE, 10));
}

static void long_histories_are_complete_in_any_order(void **context)
{
    (void)context;
    uint64_t seed = shrink_seed("long histories");
    for (unsigned i = 0; i < LONG_HISTORY_COUNT; i++)
        assert_true(long_history_check((enum long_history)i, seed));
}

static void every_view_of_a_table_is_the_fold(void **context)
{
    (void)context;
    assert_true(shrink_check("fleets", fleet_follow, GENERATOR_FLEET, 600));
}

static void groups_are_the_fold_of_their_messages(void **context)
{
    (void)context;
    assert_true(
        shrink_check("groups", fleet_follow_groups, GENERATOR_FLEET, 2000));
}

static void view_is_the_fold_with_hundreds_of_runs(void **context)
{
    (void)context;
    assert_true(
        shrink_check("hostile fleets", fleet_follow, GENERATOR_HOSTILE, 4));
}

/* All orders of all short histories: each message is lost or of any type. */

enum {
    LENGTH = 5,
    CHOICES = MESSAGE_TYPE_COUNT + 1,
    HISTORIES = CHOICES * CHOICES * CHOICES * CHOICES * CHOICES,
};

typedef unsigned char step[GENERATOR_STEP];

static void swap_steps(step a, step b)
{
    step swapped;
    memcpy(swapped, a, sizeof(step));
    memcpy(a, b, sizeof(step));
    memcpy(b, swapped, sizeof(step));
}

/* Check all orders of the steps from `from` on. */
static void assert_orders_converge(step steps[LENGTH], size_t from,
                                   size_t count)
{
    const struct text input = {(const char *)steps, count * sizeof(step)};
    size_t delivery;
    for (size_t i = from; i < count; i++) {
        swap_steps(steps[from], steps[i]);
        assert_orders_converge(steps, from + 1, count);
        swap_steps(steps[from], steps[i]);
    }
    if (from < count)
        return;
    const char *differs = rocket_follow(input, &delivery);
    if (differs) {
        generator_report(input, delivery, differs);
        fail();
    }
}

static void all_orders_of_short_histories_converge(void **context)
{
    (void)context;
    for (unsigned i = 0; i < HISTORIES; i++) {
        step steps[LENGTH];
        size_t count = 0;
        unsigned choices = i;
        for (unsigned number = 0; number < LENGTH; number++) {
            unsigned char type = (unsigned char)(choices % CHOICES);
            unsigned char own =
                (unsigned char)number; /* strings, speed, time */
            choices /= CHOICES;
            if (type < MESSAGE_TYPE_COUNT)
                memcpy(steps[count++], (step){type, 0, own, own, own},
                       sizeof(step));
        }
        assert_orders_converge(steps, 0, count);
    }
}

enum { SPEEDS = 6, EFFECTS = 8 * SPEEDS };

/* Operands have their own strings, so that a result shows their origin. */
static struct effect small_effect(unsigned which, struct interned strings[3])
{
    static const int64_t speeds[SPEEDS] = {0, 1, -1, INT64_MAX, INT64_MIN, 500};
    struct effect effect = {.speed = speeds[which / 8]};
    static_assert(sizeof(effect) == 3 * sizeof(struct interned *) +
                                        sizeof(int64_t) +
                                        sizeof(struct timestamp),
                  "set a new member of struct effect here");
    if (which & 1) {
        effect.type = &strings[0];
        effect.created = messages_time((uint64_t)(uintptr_t)strings);
    }
    if (which & 2)
        effect.mission = &strings[1];
    if (which & 4)
        effect.reason = &strings[2];
    return effect;
}

static void composition_is_associative(void **context)
{
    (void)context;
    struct interned strings[3][3];
    for (unsigned i = 0; i < EFFECTS * EFFECTS * EFFECTS; i++) {
        struct effect a = small_effect(i % EFFECTS, strings[0]);
        struct effect b = small_effect(i / EFFECTS % EFFECTS, strings[1]);
        struct effect c = small_effect(i / EFFECTS / EFFECTS, strings[2]);
        struct effect ab = effect_compose(&a, &b, NULL);
        struct effect bc = effect_compose(&b, &c, NULL);
        struct effect ab_c = effect_compose(&ab, &c, NULL);
        struct effect a_bc = effect_compose(&a, &bc, NULL);
        assert_memory_equal(&ab_c, &a_bc, sizeof(ab_c));
    }
}

static void empty_effect_is_the_identity_of_composition(void **context)
{
    (void)context;
    const struct effect nothing = {0};
    struct interned strings[3];
    for (unsigned i = 0; i < EFFECTS; i++) {
        struct effect_dropped dropped = {0};
        struct effect effect = small_effect(i, strings);
        struct effect after = effect_compose(&effect, &nothing, &dropped);
        struct effect before = effect_compose(&nothing, &effect, &dropped);
        assert_memory_equal(&after, &effect, sizeof(effect));
        assert_memory_equal(&before, &effect, sizeof(effect));
        assert_int_equal(dropped.count, 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(state_is_the_fold_after_every_delivery),
        cmocka_unit_test(state_is_the_fold_with_hundreds_of_runs),
        cmocka_unit_test(long_histories_are_complete_in_any_order),
        cmocka_unit_test(every_view_of_a_table_is_the_fold),
        cmocka_unit_test(view_is_the_fold_with_hundreds_of_runs),
        cmocka_unit_test(groups_are_the_fold_of_their_messages),
        cmocka_unit_test(all_orders_of_short_histories_converge),
        cmocka_unit_test(composition_is_associative),
        cmocka_unit_test(empty_effect_is_the_identity_of_composition),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
