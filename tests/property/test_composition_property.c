/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the state rules rest on: composition of effects is associative, the
 * empty effect is its identity, and no string gets lost in it. Shown by going
 * through all combinations of launch, mission, explosion and a few speeds.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <assert.h>
#include <string.h>

#include "domain/rocket.h"
#include "lib/messages.h"

/* To rocket.c a string is an address; here it is a count as well. */
struct interned {
    int64_t held;
};

enum { SPEEDS = 6, EFFECTS = 8 * SPEEDS };

/* Names of its own for each place, so that a result tells whose it has. */
struct place {
    struct interned type, mission, reason;
};

static struct effect small_effect(unsigned which, struct place *place)
{
    static const int64_t speeds[SPEEDS] = {0, 1, -1, INT64_MAX, INT64_MIN, 500};
    struct effect effect = {.speed = speeds[which / 8]};
    static_assert(sizeof(effect) == 3 * sizeof(struct name *) +
                                        sizeof(int64_t) +
                                        sizeof(struct timestamp),
                  "set, compare and count a new member of struct effect");
    if (which & 1) {
        effect.type = &place->type;
        effect.created = messages_time((uint64_t)(uintptr_t)place & 0xffff);
    }
    if (which & 2)
        effect.mission = &place->mission;
    if (which & 4)
        effect.reason = &place->reason;
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
    assert_ptr_equal(a->type, b->type);
    assert_ptr_equal(a->mission, b->mission);
    assert_ptr_equal(a->reason, b->reason);
    assert_true(a->speed == b->speed);
    assert_true(memcmp(&a->created, &b->created, sizeof(a->created)) == 0);
}

static void composition_is_associative(void **context)
{
    (void)context;
    struct place places[3] = {0};
    for (unsigned i = 0; i < EFFECTS * EFFECTS * EFFECTS; i++) {
        struct effect a = small_effect(i % EFFECTS, &places[0]);
        struct effect b = small_effect(i / EFFECTS % EFFECTS, &places[1]);
        struct effect c = small_effect(i / EFFECTS / EFFECTS, &places[2]);
        struct effect ab = compose(&a, &b);
        struct effect bc = compose(&b, &c);
        struct effect ab_c = compose(&ab, &c);
        struct effect a_bc = compose(&a, &bc);
        assert_same_effect(&ab_c, &a_bc);
    }
}

static void nothing_is_the_identity_of_composition(void **context)
{
    (void)context;
    const struct effect nothing = {0};
    struct place place = {0};
    for (unsigned i = 0; i < EFFECTS; i++) {
        struct effect effect = small_effect(i, &place);
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
    static const struct place nothing_held;
    struct place places[2] = {0};
    for (unsigned i = 0; i < EFFECTS * EFFECTS; i++) {
        struct effect a = small_effect(i % EFFECTS, &places[0]);
        struct effect b = small_effect(i / EFFECTS, &places[1]);
        count_strings(&a, 1);
        count_strings(&b, 1);
        struct rocket_dropped dropped = {0};
        struct effect ab = effect_compose(&a, &b, &dropped);
        count_strings(&ab, -1);
        for (unsigned j = 0; j < dropped.count; j++)
            dropped.strings[j]->held--;
        assert_memory_equal(&places[0], &nothing_held, sizeof(nothing_held));
        assert_memory_equal(&places[1], &nothing_held, sizeof(nothing_held));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(composition_is_associative),
        cmocka_unit_test(nothing_is_the_identity_of_composition),
        cmocka_unit_test(composition_keeps_or_drops_each_string),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
