/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The generator of messages for all C tests. It makes a history, which is
 * messages in the order of delivery, from an input of bytes. Any bytes are an
 * input and a similar input is a similar history, so the same generator serves
 * fuzzers, which choose the bytes, and property tests, which fill the input
 * from a seed and remove and lower bytes to find the smallest history that
 * fails.
 *
 * Five bytes make a step, which is one message, or a burst of some dozens:
 *  0. the type; or the last number again, with other content; or a burst;
 *  1. the rocket;
 *  2. the number;
 *  3. the strings; in a burst also the type and the number of messages;
 *  4. the speed and the time; in a burst also the distance of numbers.
 * The simplest choice is 0 in each.
 */
#ifndef LUNAR_TESTS_GENERATOR_H
#define LUNAR_TESTS_GENERATOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/text.h"
#include "domain/message.h"

/* SplitMix64: small, sufficient here, and any seed works. */
struct random {
    uint64_t state;
};

uint64_t random_next(struct random *random);

/* A number from 0 to `bound` - 1. `bound` must be at least 1. */
uint64_t random_below(struct random *random, uint64_t bound);

enum {
    GENERATOR_STEP = 5,     /* bytes */
    GENERATOR_ROCKETS = 4,  /* channels of a history */
    GENERATOR_NAMES = 16,   /* types, missions and reasons are all of these */
    GENERATOR_INPUT = 1000, /* bytes: the longest random input */
};

extern const char *const generator_channels[GENERATOR_ROCKETS];
extern const char *const generator_names[GENERATOR_NAMES];

/* A random message of any type. Its texts are static. */
struct message generator_message(struct random *random, const char *channel,
                                 uint64_t number);

struct generator {
    struct text input; /* the steps that have not begun; set by the caller */
    /* Private, initially zero. */
    uint64_t last[GENERATOR_ROCKETS];
    const unsigned char *step;
    unsigned made, left; /* messages of the step */
    uint64_t number, distance;
};

/*
 * Make the next message. False, with `message` undefined, after the last. Texts
 * are generator_channels and generator_names.
 */
bool generator_next(struct generator *generator, struct message *message);

enum generator_shape {
    /*
     * One rocket, up to 40 messages: all types, relaunches, messages after
     * explosions, gaps, repeats, rockets in flight, the highest numbers.
     */
    GENERATOR_SHORT,
    /* One rocket with more than a thousand gaps. */
    GENERATOR_HOSTILE,
    /* All rockets, up to 120 messages. */
    GENERATOR_FLEET,
};

/* Write a random input. Returns the part of `bytes` that it takes. */
struct text generator_fill(unsigned char bytes[GENERATOR_INPUT],
                           enum generator_shape shape, struct random *random);

/* The steps at the front of a fuzzer's input that make up to 600 messages. */
struct text generator_cut(struct text input);

/*
 * Print on stderr what is wrong after a delivery, and the history; of a long
 * one only the first and the last messages.
 */
void generator_report(struct text input, size_t delivery, const char *wrong);

#endif
