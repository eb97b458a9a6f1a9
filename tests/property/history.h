/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Random histories: messages in the order of delivery, which differs from the
 * order of numbers, with losses and repeats. The same seed gives the same
 * history on every machine.
 */
#ifndef LUNAR_TESTS_HISTORY_H
#define LUNAR_TESTS_HISTORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "domain/message.h"

/* SplitMix64: small, sufficient here, and any seed works. */
struct random {
    uint64_t state;
};

uint64_t random_next(struct random *random);

/* A number from 0 to `bound` - 1. `bound` must be at least 1. */
uint64_t random_below(struct random *random, uint64_t bound);

/* True with the probability 1/`n`. */
bool random_one_in(struct random *random, uint64_t n);

enum {
    HISTORY_NAMES = 7,   /* types, missions and reasons are all of these */
    HISTORY_ROCKETS = 8, /* channels of a HISTORY_FLEET */
};

extern const char *const history_names[HISTORY_NAMES];
extern const char *const history_channels[HISTORY_ROCKETS];

enum history_shape {
    /*
     * One rocket, up to about 40 deliveries: all types of messages,
     * relaunches, messages after explosions, gaps, repeats (also with other
     * content), rockets in flight, numbers up to the highest.
     */
    HISTORY_SHORT,
    /* One rocket with so many gaps that the lowest are given up. */
    HISTORY_HOSTILE,
    /* HISTORY_ROCKETS short histories, shuffled together. */
    HISTORY_FLEET,
};

struct history {
    struct message *deliveries; /* texts are string constants */
    size_t count, capacity;
};

void history_init(struct history *history);
void history_release(struct history *history);

void history_append(struct history *history, const struct message *message);

/* Make `copy`, which is initialised, equal to `history`. */
void history_copy(struct history *copy, const struct history *history);

/* Append a random history. */
void history_generate(struct history *history, enum history_shape shape,
                      struct random *random);

/* Make one random message of `channel`. */
struct message history_message(struct random *random, const char *channel,
                               uint64_t number);

/*
 * Print a line for each delivery; of a long history only the first and the last
 * ones.
 */
void history_print(const struct history *history, FILE *out);

#endif
