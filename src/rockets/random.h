/* SPDX-License-Identifier: Apache-2.0 */
/*
 * SplitMix64 (Steele, Lea, Flood: "Fast splittable pseudorandom number
 * generators", 2014): short, and the same numbers on every machine. Each
 * purpose has its own stream, so that --duplicates, for example, does not
 * change the messages.
 */
#ifndef ROCKETS_RANDOM_H
#define ROCKETS_RANDOM_H

#include <stdbool.h>
#include <stdint.h>

enum random_stream {
    RANDOM_ROCKETS,    /* ids, counts of messages, which rockets explode */
    RANDOM_MESSAGES,   /* contents of the messages */
    RANDOM_SHUFFLE,    /* order of sending */
    RANDOM_DUPLICATES, /* which messages are duplicated, and where */
};

struct random {
    uint64_t state;
};

static inline uint64_t random_next(struct random *random)
{
    uint64_t z = random->state += UINT64_C(0x9e3779b97f4a7c15);

    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

/* The streams of one seed start at unrelated states. */
static inline struct random random_start(uint64_t seed,
                                         enum random_stream stream)
{
    struct random outer = {seed};
    struct random inner = {random_next(&outer) + (uint64_t)stream};

    return (struct random){random_next(&inner)};
}

/* A number from 0 to `bound` - 1, with a bias below 2^-32 * `bound`. */
static inline uint32_t random_below(struct random *random, uint32_t bound)
{
    return (uint32_t)(((random_next(random) >> 32) * bound) >> 32);
}

/* A number from `low` to `high`, both included. */
static inline uint32_t random_between(struct random *random, uint32_t low,
                                      uint32_t high)
{
    return low + random_below(random, high - low + 1);
}

/* True with probability `p`, from 0 (never) to 1 (always). */
static inline bool random_chance(struct random *random, double p)
{
    return (double)(random_next(random) >> 11) * 0x1p-53 < p;
}

#endif
