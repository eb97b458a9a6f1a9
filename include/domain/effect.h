/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Effects: what one message, or an unbroken run of messages, does to a rocket.
 * Effects compose associatively. So the state of a rocket can be composed from
 * the effects of its parts, in whatever order the parts became known.
 *
 * Interned strings are opaque pointers here, and the caller counts the
 * references to them.
 */
#ifndef LUNAR_DOMAIN_EFFECT_H
#define LUNAR_DOMAIN_EFFECT_H

#include <stdint.h>

#include "format/timestamp.h"

struct interned; /* an interned string; only its address matters here */

/* The effect that is all zero is the identity: it changes nothing. */
struct effect {
    struct interned *type;    /* NULL: no launch */
    struct interned *mission; /* NULL: the mission does not change */
    struct interned *reason;  /* NULL: does not end exploded */
    int64_t speed;            /* with a launch the speed, else its change;
                                 modulo 2^64 */
    struct timestamp created; /* of the launch; zero without one */
};

enum {
    /*
     * Strings that one message can make a rocket drop: it makes at most two
     * compositions that drop strings (a run is extended, then joined with the
     * next one), and each drops at most all strings of an effect.
     */
    EFFECT_MAX_DROPPED = 6,
};

/* References that the caller must drop. A string can occur twice. */
struct effect_dropped {
    unsigned count;
    struct interned *strings[EFFECT_MAX_DROPPED];
};

/*
 * `earlier` followed by `later`:
 *  1. if the later one has a launch: the later one (a launch starts afresh);
 *  2. else, if the earlier one ends exploded: the earlier one (nothing changes
 *     an exploded rocket until a new launch);
 *  3. else: the sum of the speeds, the later one's mission and explosion, if
 *     it has them, and the earlier one's launch.
 * Ownership: each reference of the arguments goes into the result or is added
 * to `dropped`. `dropped` may be NULL if references are not counted.
 */
struct effect effect_compose(const struct effect *earlier,
                             const struct effect *later,
                             struct effect_dropped *dropped);

/* Add all strings of `effect` to `dropped`, which may be NULL. */
void effect_drop(const struct effect *effect, struct effect_dropped *dropped);

#endif
