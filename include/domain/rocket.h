/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The state rules. The state of a rocket is the fold, in number order, of all
 * distinct messages applied so far, in whatever order they arrived. An
 * unbroken run of messages has one net effect, and effects compose
 * associatively. So a rocket is a sorted set of runs, nearly always a single
 * one. The time and memory of a message depend on the number of gaps, never on
 * the number of earlier messages.
 *
 * This part does not depend on HTTP, JSON, tables or locks.
 *
 * Locking: none; the caller guards a rocket as a whole.
 */
#ifndef LUNAR_DOMAIN_ROCKET_H
#define LUNAR_DOMAIN_ROCKET_H

#include <stdint.h>

#include "base/quota.h"
#include "domain/effect.h"
#include "domain/message.h"
#include "domain/runs.h"
#include "format/timestamp.h"

enum {
    /* Runs of a rocket. With one more, the lowest gap is given up. */
    ROCKET_MAX_RUNS = 16384,
};

struct rocket {
    struct runs runs;
    uint64_t floor;           /* highest number ever given up, 0 at first */
    uint64_t applied;         /* distinct messages applied */
    struct timestamp updated; /* time of the highest number applied */
};

/* What a message changed, beside the rocket. */
struct rocket_change {
    struct effect_dropped dropped; /* references to strings */
    /*
     * The first gap that this rocket ever gave up, if it is this message that
     * made it do so; else 0.
     */
    uint64_t first_given_up, last_given_up;
    /* How many numbers this message made the rocket give up; mostly 0. */
    uint64_t given_up;
    /*
     * How much rocket_missing() has grown, modulo 2^64. Only set if the message
     * was applied.
     */
    uint64_t missing_growth;
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
 * About how many bytes of the quota rocket_apply() would use, if the outcome is
 * MESSAGE_APPLIED: 0 if it extends a run, else the share of one run in the
 * nodes of its tree, or the first node.
 */
size_t rocket_growth(const struct rocket *rocket, uint64_t number);

/*
 * Apply the message `number` (1 to 2^53 - 1), sent at `time`, with `effect`.
 * Only MESSAGE_APPLIED changes the rocket. Memory for runs comes from
 * `quota`. A message that extends or merges runs needs none, nor does the
 * first message of a rocket.
 * Ownership: the caller passes one reference to each string of `effect`.
 * Whatever the outcome, `change->dropped` is set to the references, passed
 * now or earlier, that the rocket does not hold after the call.
 */
enum message_outcome rocket_apply(struct rocket *rocket, struct quota *quota,
                                  uint64_t number, const struct timestamp *time,
                                  const struct effect *effect,
                                  struct rocket_change *change);

/*
 * The composition of all runs, lowest first.
 * Ownership: the state and its strings are borrowed until the rocket changes.
 */
static inline const struct effect *rocket_state(const struct rocket *rocket)
{
    return runs_effect(&rocket->runs);
}

/* The highest number applied; 0 if none. */
uint64_t rocket_last_number(const struct rocket *rocket);

/*
 * How many numbers below the highest were not applied. Those that were given
 * up count as well.
 */
uint64_t rocket_missing(const struct rocket *rocket);

/*
 * How many numbers were given up. They are all at or below `floor`, in runs, so
 * they are in no gap: the numbers in gaps and these are rocket_missing().
 * Reads all runs, unless nothing was given up.
 */
uint64_t rocket_given_up(const struct rocket *rocket);

#endif
