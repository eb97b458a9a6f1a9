/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Delta debugging of the generator's input: remove steps and lower bytes, and
 * keep each change after which the property still does not hold.
 */
#include "shrink.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

struct shrinker {
    shrink_property *property;
    unsigned char *bytes;
    size_t length;
    time_t deadline;
};

/* Keep the attempt if the property does not hold for it. */
static bool attempt_fails(struct shrinker *shrinker,
                          const unsigned char *attempt, size_t length)
{
    size_t delivery;
    if (time(NULL) > shrinker->deadline ||
        !shrinker->property((struct text){(const char *)attempt, length},
                            &delivery))
        return false;
    memcpy(shrinker->bytes, attempt, length);
    shrinker->length = length;
    return true;
}

static bool try_without(struct shrinker *shrinker, size_t at, size_t chunk)
{
    unsigned char attempt[GENERATOR_INPUT];
    size_t end = at + chunk < shrinker->length ? at + chunk : shrinker->length;
    size_t rest = shrinker->length - end;
    memcpy(attempt, shrinker->bytes, at);
    memcpy(attempt + at, shrinker->bytes + end, rest);
    return attempt_fails(shrinker, attempt, at + rest);
}

/* Remove chunks of steps, large ones first. */
static bool remove_steps(struct shrinker *shrinker)
{
    size_t steps = shrinker->length / GENERATOR_STEP;
    bool progress = false;
    for (; steps > 0; steps /= 2) {
        size_t chunk = steps * GENERATOR_STEP;
        for (size_t at = 0; at < shrinker->length;) {
            if (try_without(shrinker, at, chunk))
                progress = true;
            else
                at += chunk;
        }
    }
    return progress;
}

/*
 * Lower a byte, alone or in all steps that have the same value at its place:
 * two deliveries of one number have to change together.
 */
static bool try_lower(struct shrinker *shrinker, size_t at, unsigned lower,
                      bool alone)
{
    unsigned char attempt[GENERATOR_INPUT];
    memcpy(attempt, shrinker->bytes, shrinker->length);
    for (size_t i = at % GENERATOR_STEP; i < shrinker->length;
         i += GENERATOR_STEP) {
        if (i == at || (!alone && attempt[i] == shrinker->bytes[at]))
            attempt[i] = (unsigned char)lower;
    }
    return attempt_fails(shrinker, attempt, shrinker->length);
}

/* Try at most `tries` lower values for each byte. */
static bool lower_bytes(struct shrinker *shrinker, unsigned tries)
{
    bool progress = false;
    for (size_t i = 0; i < shrinker->length; i++) {
        unsigned stride = shrinker->bytes[i] / tries + 1;
        for (unsigned lower = 0; lower < shrinker->bytes[i]; lower += stride) {
            if (try_lower(shrinker, i, lower, false) ||
                try_lower(shrinker, i, lower, true))
                progress = true;
        }
    }
    return progress;
}

void shrink(unsigned char bytes[GENERATOR_INPUT], struct text *input,
            shrink_property *property)
{
    struct shrinker shrinker = {property, bytes, input->length,
                                time(NULL) + 40};
    while (remove_steps(&shrinker) || lower_bytes(&shrinker, 4) ||
           lower_bytes(&shrinker, 256))
        continue;
    *input = (struct text){(const char *)bytes, shrinker.length};
}

/* The value of a variable; `otherwise` if it is not set. */
static uint64_t from_environment(const char *variable, uint64_t otherwise)
{
    const char *value = getenv(variable); /* NOLINT(concurrency-mt-unsafe) */
    if (!value || !*value)
        return otherwise;
    return strtoull(value, NULL, 0);
}

uint64_t shrink_seed(const char *name)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    struct random random = {(uint64_t)now.tv_sec ^
                            ((uint64_t)now.tv_nsec << 32)};
    uint64_t seed = from_environment("LUNAR_SEED", random_next(&random));
    printf("%s: LUNAR_SEED=%" PRIu64 "\n", name, seed);
    return seed;
}

uint64_t shrink_rounds(unsigned rounds)
{
    return from_environment("LUNAR_ROUNDS", rounds);
}

bool shrink_check(const char *name, shrink_property *property,
                  enum generator_shape shape, unsigned rounds)
{
    uint64_t seed = shrink_seed(name);
    uint64_t count = shrink_rounds(rounds);
    for (uint64_t i = 0; i < count; i++, seed++) {
        unsigned char bytes[GENERATOR_INPUT];
        size_t delivery;
        struct random random = {seed};
        struct text input = generator_fill(bytes, shape, &random);
        const char *wrong = property(input, &delivery);
        if (!wrong)
            continue;
        fprintf(stderr,
                "%s: to repeat: LUNAR_SEED=%" PRIu64 " LUNAR_ROUNDS=1\n", name,
                seed);
        generator_report(input, delivery, wrong);
        shrink(bytes, &input, property);
        fprintf(stderr, "%s: the smallest history:\n", name);
        wrong = property(input, &delivery);
        generator_report(input, delivery, wrong ? wrong : "nothing");
        return false;
    }
    return true;
}
