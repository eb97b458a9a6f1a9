/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The state rules. The state of a rocket is the fold, in number order, of all
 * distinct messages applied so far, in whatever order they arrived. An
 * unbroken run of messages has one net effect, and effects compose
 * associatively. So a rocket is a sorted array of runs, nearly always a
 * single one. The time and memory of a message depend on the number of gaps,
 * never on the number of earlier messages.
 *
 * This part does not depend on HTTP, JSON, tables or locks. Interned strings
 * are opaque pointers here, and the caller counts the references to them.
 *
 * Locking: none; the caller guards a rocket as a whole.
 */
#ifndef LUNAR_DOMAIN_ROCKET_H
#define LUNAR_DOMAIN_ROCKET_H

#include <stdbool.h>
#include <stdint.h>

#include "base/quota.h"
#include "domain/message.h"
#include "format/timestamp.h"

struct interned; /* an interned string; only its address matters here */

enum {
    /* Runs of a rocket. With one more, the lowest gap is given up. */
    ROCKET_MAX_RUNS = 1024,
    /* Strings that one message can make a rocket drop (see below). */
    ROCKET_MAX_DROPPED = 6,
};

/*
 * What one message, or an unbroken run of messages, does to a rocket. The
 * effect that is all zero is the identity: it changes nothing.
 */
struct effect {
    struct interned *type;    /* NULL: no launch */
    struct interned *mission; /* NULL: the mission does not change */
    struct interned *reason;  /* NULL: does not end exploded */
    int64_t speed;            /* with a launch the speed, else its change;
                                 modulo 2^64 */
    struct timestamp created; /* of the launch; zero without one */
};

/* References that the caller must drop. A string can occur twice. */
struct rocket_dropped {
    unsigned count;
    struct interned *strings[ROCKET_MAX_DROPPED];
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
                             struct rocket_dropped *dropped);

/* A contiguous range of numbers received, with its net effect. */
struct run {
    uint64_t first, last; /* 1 <= first <= last */
    struct effect effect;
};

struct rocket_runs;

struct rocket {
    /*
     * count <= 1: `only` is the run, if there is one. Otherwise `many` holds
     * the runs, sorted, with at least one number missing between neighbours.
     */
    union {
        struct run only;
        struct rocket_runs *many;
    };
    uint64_t floor; /* highest number ever given up, 0 at first */
    /* Both in one word, since there may be millions of rockets. */
    uint64_t applied : 53;    /* distinct messages applied */
    uint64_t count : 11;      /* runs, at most ROCKET_MAX_RUNS */
    struct timestamp updated; /* time of the highest number applied */
};

/* A rocket without messages: all zero. */
void rocket_init(struct rocket *rocket);

/*
 * Free the runs. `quota` is the one of rocket_apply(). References to strings
 * are not dropped: the caller frees its strings together with its rockets.
 */
void rocket_release(struct rocket *rocket, struct quota *quota);

/* The outcome that rocket_apply() would have if there were enough memory. */
enum message_outcome rocket_check(const struct rocket *rocket, uint64_t number);

/*
 * Apply the message `number` (1 to 2^53 - 1), sent at `time`, with `effect`.
 * Only MESSAGE_APPLIED changes the rocket. Memory for runs comes from
 * `quota`. A message that extends or merges runs needs none, nor does the
 * first message of a rocket.
 * Ownership: the caller passes one reference to each string of `effect`.
 * Whatever the outcome, `dropped` is set to the references, passed now or
 * earlier, that the rocket does not hold after the call.
 */
enum message_outcome rocket_apply(struct rocket *rocket, struct quota *quota,
                                  uint64_t number, const struct timestamp *time,
                                  const struct effect *effect,
                                  struct rocket_dropped *dropped);

/*
 * The composition of all runs, lowest first.
 * Ownership: the state and its strings are borrowed until the rocket changes.
 */
const struct effect *rocket_state(const struct rocket *rocket);

/* The highest number applied; 0 if none. */
uint64_t rocket_last_number(const struct rocket *rocket);

/*
 * How many numbers below the highest were not applied. Those that were given
 * up count as well.
 */
uint64_t rocket_missing(const struct rocket *rocket);

#endif
