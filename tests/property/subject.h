/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A rocket of rocket.c under test, for comparison with its oracle: messages
 * become effects as in stripe_apply.c, strings are counted as the table counts
 * them, and all visible parts of both sides are compared.
 */
#ifndef LUNAR_TESTS_SUBJECT_H
#define LUNAR_TESTS_SUBJECT_H

#include "domain/rocket.h"
#include "lib/generator.h"
#include "oracle.h"

/* rocket.c only uses the address of a string; the tests count references. */
struct interned {
    int64_t held; /* references taken minus references dropped */
};

/* rocket_apply(), or a function that is wrong on purpose. */
typedef enum message_outcome
subject_apply_function(struct rocket *rocket, struct quota *quota,
                       uint64_t number, const struct timestamp *time,
                       const struct effect *effect,
                       struct rocket_change *change);

/*
 * Deliver the history of `input` to a rocket and its oracle, and at the end
 * messages that are missing. Returns the part that
 * differs, with the number of the delivery after which it does; NULL if none.
 */
const char *subject_follow(subject_apply_function *apply, struct text input,
                           size_t *delivery);

/*
 * Deliver these messages, each number from 1 to `count` once, to a rocket that
 * must apply each. Compares the state with the fold now and then, and at the
 * end, when there must be a single run. Returns what differs, as above.
 */
const char *subject_follow_complete(const struct message *messages,
                                    size_t count, size_t *delivery);

#endif
