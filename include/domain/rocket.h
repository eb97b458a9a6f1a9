/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The state rules. The state of a rocket is the fold, in number order, of all
 * distinct messages applied so far, in whatever order they arrived. An
 * unbroken run of messages has one net effect, and effects compose
 * associatively. So a rocket is a sorted array of runs, nearly always a
 * single one. The time and memory of a message depend on the number of gaps,
 * never on the number of earlier messages.
 *
 * This part knows nothing of HTTP, JSON, tables or locks. Interned strings are
 * opaque pointers, which the caller counts.
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
    struct interned *type;    /* NULL: holds no launch */
    struct interned *mission; /* NULL: leaves the mission alone */
    struct interned *reason;  /* NULL: does not end exploded */
    int64_t speed;            /* the speed if it holds a launch, else a change;
                                 modulo 2^64 */
    struct timestamp created; /* of the launch; zero without one */
};

/* Dropped strings, each once for every reference to give back. */
struct rocket_dropped {
    unsigned count;
    struct interned *strings[ROCKET_MAX_DROPPED];
};

/*
 * `earlier` followed by `later`:
 *  1. the later one holds a launch: the later one (a launch starts afresh);
 *  2. else the earlier one ends exploded: the earlier one (nothing changes
 *     an exploded rocket until a new launch);
 *  3. else speeds add up, mission and explosion are the later one's where
 *     it has them, the launch is the earlier one's.
 * Both arguments' strings go either into the result or into `dropped`, which
 * may be NULL where nobody counts them.
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
     * count <= 1: `only` is the run (if any); else `many` is, sorted, with
     * at least one number missing between neighbours.
     */
    union {
        struct run only;
        struct rocket_runs *many;
    };
    uint64_t floor; /* highest number ever given up, 0 at first */
    /* In one word, as there may be millions of rockets. */
    uint64_t applied : 53;    /* distinct messages applied */
    uint64_t count : 11;      /* runs, at most ROCKET_MAX_RUNS */
    struct timestamp updated; /* time of the highest number applied */
};

/* A rocket without messages: all zero. */
void rocket_init(struct rocket *rocket);

/*
 * Free the runs. Strings are not dropped: whoever counts them goes away with
 * all the rockets at once.
 */
void rocket_release(struct rocket *rocket, struct quota *quota);

/* The outcome that rocket_apply() would have if there were enough memory. */
enum message_outcome rocket_check(const struct rocket *rocket, uint64_t number);

/*
 * Apply the message `number` (1 to 2^53 - 1), sent at `time`, with `effect`.
 * Ownership: the effect's strings come with one count each. Those that the
 * rocket does not keep, and those of before that it lets go, are put into
 * `dropped`, whatever the outcome; all else is the rocket's.
 * Memory for runs comes from `quota`. A message that extends or joins runs
 * needs none.
 */
enum message_outcome rocket_apply(struct rocket *rocket, struct quota *quota,
                                  uint64_t number, const struct timestamp *time,
                                  const struct effect *effect,
                                  struct rocket_dropped *dropped);

/* The composition of all runs, lowest first. Strings are borrowed. */
const struct effect *rocket_state(const struct rocket *rocket);

/* The highest number applied; 0 if none. */
uint64_t rocket_last_number(const struct rocket *rocket);

/* Numbers up to the last that were not applied, given-up ones included. */
uint64_t rocket_missing(const struct rocket *rocket);

#endif
