/* SPDX-License-Identifier: Apache-2.0 */
/*
 * SplitMix64 (Steele, Lea, Flood: "Fast splittable pseudorandom number
 * generators", 2014): eight lines, and the same numbers on every machine.
 * Each purpose draws from a stream of its own, so that asking for
 * duplicates, say, does not change the messages.
 */
#ifndef ROCKETS_RANDOM_H
#define ROCKETS_RANDOM_H

#include <stdbool.h>
#include <stdint.h>

enum random_stream {
    RANDOM_ROCKETS,    /* ids, how many messages, who explodes */
    RANDOM_MESSAGES,   /* what the messages say */
    RANDOM_SHUFFLE,    /* in which order they are sent */
    RANDOM_DUPLICATES, /* which are sent again, and when */
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

/* Streams of one seed start at places that have nothing in common. */
static inline struct random random_start(uint64_t seed,
                                         enum random_stream stream)
{
    struct random outer = {seed};
    struct random inner = {random_next(&outer) + (uint64_t)stream};

    return (struct random){random_next(&inner)};
}

/* From 0 to `bound` - 1; the bias is below 2^-32 * bound. */
static inline uint32_t random_below(struct random *random, uint32_t bound)
{
    return (uint32_t)(((random_next(random) >> 32) * bound) >> 32);
}

/* From `low` to `high`, both included. */
static inline uint32_t random_between(struct random *random, uint32_t low,
                                      uint32_t high)
{
    return low + random_below(random, high - low + 1);
}

/* True with the probability `p`, 0 (never) to 1 (always). */
static inline bool random_chance(struct random *random, double p)
{
    return (double)(random_next(random) >> 11) * 0x1p-53 < p;
}

#endif
