/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tests of the laws on which the state rules are built: composition of effects
 * is associative, the empty effect is its identity, and each string is kept or
 * dropped. All combinations of launch, mission, explosion and a few speeds are
 * tried.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <assert.h>

#include "domain/rocket.h"
#include "lib/messages.h"

/* rocket.c only uses the address of a string; this test counts references. */
struct interned {
    int64_t held;
};

enum { SPEEDS = 6, EFFECTS = 8 * SPEEDS };

/* Each operand has its own strings, so that a result shows their origin. */
struct operand {
    struct interned type, mission, reason;
};

static struct effect small_effect(unsigned which, struct operand *operand)
{
    static const int64_t speeds[SPEEDS] = {0, 1, -1, INT64_MAX, INT64_MIN, 500};
    struct effect effect = {.speed = speeds[which / 8]};
    static_assert(sizeof(effect) == 3 * sizeof(struct interned *) +
                                        sizeof(int64_t) +
                                        sizeof(struct timestamp),
                  "set and count a new member of struct effect");
    if (which & 1) {
        effect.type = &operand->type;
        effect.created = messages_time((uint64_t)(uintptr_t)operand & 0xffff);
        effect.created.nanoseconds = 500;
    }
    if (which & 2)
        effect.mission = &operand->mission;
    if (which & 4)
        effect.reason = &operand->reason;
    return effect;
}

static struct effect compose(const struct effect *earlier,
                             const struct effect *later)
{
    struct rocket_dropped dropped = {0};
    return effect_compose(earlier, later, &dropped);
}

static void assert_same_effect(const struct effect *a, const struct effect *b)
{
    assert_memory_equal(a, b, sizeof(*a));
}

static void composition_is_associative(void **context)
{
    (void)context;
    struct operand operands[3] = {0};
    for (unsigned i = 0; i < EFFECTS * EFFECTS * EFFECTS; i++) {
        struct effect a = small_effect(i % EFFECTS, &operands[0]);
        struct effect b = small_effect(i / EFFECTS % EFFECTS, &operands[1]);
        struct effect c = small_effect(i / EFFECTS / EFFECTS, &operands[2]);
        struct effect ab = compose(&a, &b);
        struct effect bc = compose(&b, &c);
        struct effect ab_c = compose(&ab, &c);
        struct effect a_bc = compose(&a, &bc);
        assert_same_effect(&ab_c, &a_bc);
    }
}

static void empty_effect_is_the_identity_of_composition(void **context)
{
    (void)context;
    const struct effect nothing = {0};
    struct operand operand = {0};
    for (unsigned i = 0; i < EFFECTS; i++) {
        struct effect effect = small_effect(i, &operand);
        struct rocket_dropped dropped = {0};
        struct effect after = effect_compose(&effect, &nothing, &dropped);
        struct effect before = effect_compose(&nothing, &effect, &dropped);
        assert_same_effect(&after, &effect);
        assert_same_effect(&before, &effect);
        assert_int_equal(dropped.count, 0);
    }
}

static void count_strings(const struct effect *effect, int64_t by)
{
    struct interned *strings[] = {effect->type, effect->mission,
                                  effect->reason};
    for (size_t i = 0; i < 3; i++) {
        if (strings[i])
            strings[i]->held += by;
    }
}

static void composition_keeps_or_drops_each_string(void **context)
{
    (void)context;
    static const struct operand none_held;
    struct operand operands[2] = {0};
    for (unsigned i = 0; i < EFFECTS * EFFECTS; i++) {
        struct effect a = small_effect(i % EFFECTS, &operands[0]);
        struct effect b = small_effect(i / EFFECTS, &operands[1]);
        count_strings(&a, 1);
        count_strings(&b, 1);
        struct rocket_dropped dropped = {0};
        struct effect ab = effect_compose(&a, &b, &dropped);
        count_strings(&ab, -1);
        for (unsigned j = 0; j < dropped.count; j++)
            dropped.strings[j]->held--;
        assert_memory_equal(&operands[0], &none_held, sizeof(none_held));
        assert_memory_equal(&operands[1], &none_held, sizeof(none_held));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(composition_is_associative),
        cmocka_unit_test(empty_effect_is_the_identity_of_composition),
        cmocka_unit_test(composition_keeps_or_drops_each_string),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
