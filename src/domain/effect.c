/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The composition of effects, and which strings it drops.
 */
#include "domain/effect.h"

#include <assert.h>
#include <stddef.h>

static void drop_string(struct effect_dropped *dropped, struct interned *string)
{
    if (dropped == NULL || string == NULL)
        return;
    assert(dropped->count < EFFECT_MAX_DROPPED);
    dropped->strings[dropped->count++] = string;
}

void effect_drop(const struct effect *effect, struct effect_dropped *dropped)
{
    drop_string(dropped, effect->type);
    drop_string(dropped, effect->mission);
    drop_string(dropped, effect->reason);
}

/* Modulo 2^64; signed overflow would be undefined. */
static int64_t add_speeds(int64_t a, int64_t b)
{
    return (int64_t)((uint64_t)a + (uint64_t)b);
}

struct effect effect_compose(const struct effect *earlier,
                             const struct effect *later,
                             struct effect_dropped *dropped)
{
    if (later->type != NULL) {
        effect_drop(earlier, dropped);
        return *later;
    }
    if (earlier->reason != NULL) {
        effect_drop(later, dropped);
        return *earlier;
    }

    struct effect result = *earlier;
    result.speed = add_speeds(earlier->speed, later->speed);
    result.reason = later->reason;
    if (later->mission != NULL) {
        drop_string(dropped, earlier->mission);
        result.mission = later->mission;
    }
    return result;
}
