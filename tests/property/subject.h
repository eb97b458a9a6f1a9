/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A rocket of rocket.c under test, for comparison with its oracle: messages
 * become effects as in stripe.c, strings are counted as the table counts them,
 * and all visible parts of both sides are compared.
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
                       struct rocket_dropped *dropped);

struct subject {
    subject_apply_function *apply;
    struct rocket rocket;
    struct quota quota;
    struct interned strings[GENERATOR_NAMES]; /* as in generator_names */
};

void subject_init(struct subject *subject, subject_apply_function *apply);
void subject_release(struct subject *subject);

enum message_outcome subject_apply(struct subject *subject,
                                   const struct message *message);

/*
 * The part in which state, or counts of strings, differ from what is expected;
 * NULL if none. Static.
 */
const char *subject_difference(const struct subject *subject,
                               const struct oracle_state *expected);

/*
 * Deliver the history of `input` to a rocket and its oracle, and at the end all
 * messages that are missing, if there are not too many. Returns the part that
 * differs, with the number of the delivery after which it does; NULL if none.
 */
const char *subject_follow(subject_apply_function *apply, struct text input,
                           size_t *delivery);

#endif
