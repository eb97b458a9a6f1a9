/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A rocket of rocket.c under test beside its oracle: messages become
 * effects, strings are counted as the table counts them, and both sides are
 * compared in all that can be seen of them.
 */
#ifndef LUNAR_TESTS_SUBJECT_H
#define LUNAR_TESTS_SUBJECT_H

#include <stdbool.h>
#include <stdint.h>

#include "domain/rocket.h"
#include "history.h"
#include "oracle.h"
#include "shrink.h"

/* To rocket.c a string is an address; here it is a count as well. */
struct interned {
    int64_t held; /* counts handed in, less those dropped */
};

/* rocket_apply(), or something that is wrong on purpose. */
typedef enum message_outcome
subject_apply_function(struct rocket *rocket, struct quota *quota,
                       uint64_t number, const struct timestamp *time,
                       const struct effect *effect,
                       struct rocket_dropped *dropped);

struct subject {
    subject_apply_function *apply;
    struct rocket rocket;
    struct quota quota;
    struct interned strings[HISTORY_NAMES]; /* by history_names */
};

void subject_init(struct subject *subject, subject_apply_function *apply);
void subject_release(struct subject *subject);

enum message_outcome subject_apply(struct subject *subject,
                                   const struct message *message);

/* What the state differs in from what is expected; NULL for nothing. */
const char *subject_difference(const struct subject *subject,
                               const struct oracle_state *expected);

/* What is wrong with the counts of strings; NULL for nothing. */
const char *subject_strings_difference(const struct subject *subject);

/*
 * Deliver `message` to both sides. What differs afterwards, in the result,
 * the state, the runs, or the strings; NULL for nothing.
 */
const char *subject_deliver(struct subject *subject, struct oracle *oracle,
                            const struct message *message);

/* Deliver all of `history`; false, and why, after the first difference. */
bool subject_follows(struct subject *subject, struct oracle *oracle,
                     const struct history *history, char why[SHRINK_WHY]);

#endif
