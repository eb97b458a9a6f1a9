/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A rocket of rocket.c under test, for comparison with its oracle: messages
 * become effects, strings are counted as the table counts them, and all visible
 * parts of both sides are compared.
 */
#ifndef LUNAR_TESTS_SUBJECT_H
#define LUNAR_TESTS_SUBJECT_H

#include <stdbool.h>
#include <stdint.h>

#include "domain/rocket.h"
#include "history.h"
#include "oracle.h"
#include "shrink.h"

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
    struct interned strings[HISTORY_NAMES]; /* as in history_names */
};

void subject_init(struct subject *subject, subject_apply_function *apply);
void subject_release(struct subject *subject);

enum message_outcome subject_apply(struct subject *subject,
                                   const struct message *message);

/* The part in which the state differs from the expected one; NULL if none. */
const char *subject_difference(const struct subject *subject,
                               const struct oracle_state *expected);

/* The error in the counts of strings; NULL if there is none. */
const char *subject_strings_difference(const struct subject *subject);

/*
 * Deliver `message` to both sides. Returns the part that differs then: the
 * result, the state, the runs, or the strings; NULL if none does.
 */
const char *subject_deliver(struct subject *subject, struct oracle *oracle,
                            const struct message *message);

/* Deliver all of `history`. False, with `why`, after the first difference. */
bool subject_follows(struct subject *subject, struct oracle *oracle,
                     const struct history *history, char why[SHRINK_WHY]);

#endif
