/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Random histories: messages in the order in which they are delivered, with
 * everything that can go wrong on the way. The same seed makes the same
 * history, on every machine.
 */
#ifndef LUNAR_TESTS_HISTORY_H
#define LUNAR_TESTS_HISTORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "domain/message.h"

/* SplitMix64: small, good enough, and any seed will do. */
struct random {
    uint64_t state;
};

uint64_t random_next(struct random *random);

/* 0 to `bound` - 1; `bound` is at least 1. */
uint64_t random_below(struct random *random, uint64_t bound);

/* True in one of `n` cases. */
bool random_one_in(struct random *random, uint64_t n);

enum {
    HISTORY_NAMES = 7,   /* names that messages use, in any role */
    HISTORY_ROCKETS = 8, /* channels that a HISTORY_FLEET has */
};

extern const char *const history_names[HISTORY_NAMES];
extern const char *const history_channels[HISTORY_ROCKETS];

enum history_shape {
    /*
     * One rocket, up to some 40 deliveries: all kinds of messages,
     * relaunches, messages after explosions, gaps, repeats (also with other
     * content), rockets in flight, numbers up to the largest there is.
     */
    HISTORY_SHORT,
    /* One rocket whose numbering makes it give up gaps. */
    HISTORY_HOSTILE,
    /* HISTORY_ROCKETS short histories, mixed. */
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

/* One random message of `channel`. */
struct message history_message(struct random *random, const char *channel,
                               uint64_t number);

/* A line for each delivery; of a long history the first and last ones. */
void history_print(const struct history *history, FILE *out);

#endif
