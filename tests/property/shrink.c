/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Delta debugging: remove, lower or simplify parts of the history, large parts
 * first, and keep each change after which the property still does not hold.
 */
#include "shrink.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "lib/messages.h"

enum { MAX_SECONDS = 40 };

struct shrinker {
    shrink_property *property;
    struct history *smallest;
    struct history attempt; /* scratch */
    char *why;
    time_t deadline;
};

/* Keep the attempt if the property does not hold for it. */
static bool attempt_fails(struct shrinker *shrinker)
{
    char why[SHRINK_WHY] = "";
    if (time(NULL) > shrinker->deadline ||
        shrinker->property(&shrinker->attempt, why))
        return false;
    history_copy(shrinker->smallest, &shrinker->attempt);
    memcpy(shrinker->why, why, sizeof(why));
    return true;
}

static bool try_without(struct shrinker *shrinker, size_t at, size_t chunk)
{
    const struct history *smallest = shrinker->smallest;
    shrinker->attempt.count = 0;
    for (size_t i = 0; i < smallest->count; i++) {
        if (i < at || i >= at + chunk)
            history_append(&shrinker->attempt, &smallest->deliveries[i]);
    }
    return attempt_fails(shrinker);
}

/* Remove chunks of deliveries, large ones first. */
static bool remove_deliveries(struct shrinker *shrinker)
{
    bool progress = false;
    for (size_t chunk = shrinker->smallest->count; chunk > 0; chunk /= 2) {
        for (size_t at = 0; at < shrinker->smallest->count;) {
            if (try_without(shrinker, at, chunk))
                progress = true;
            else
                at += chunk;
        }
    }
    return progress;
}

/* The highest number below `number` in the history, or 0. */
static uint64_t number_before(const struct history *history, uint64_t number)
{
    uint64_t before = 0;
    for (size_t i = 0; i < history->count; i++) {
        uint64_t other = history->deliveries[i].number;
        if (other < number && other > before)
            before = other;
    }
    return before;
}

static bool try_number(struct shrinker *shrinker, uint64_t number,
                       uint64_t lower)
{
    if (lower >= number)
        return false;
    history_copy(&shrinker->attempt, shrinker->smallest);
    for (size_t i = 0; i < shrinker->attempt.count; i++) {
        if (shrinker->attempt.deliveries[i].number == number)
            shrinker->attempt.deliveries[i].number = lower;
    }
    return attempt_fails(shrinker);
}

static int compare_numbers(const void *first, const void *second)
{
    const uint64_t *a = first, *b = second;
    return (*a > *b) - (*a < *b);
}

/* Renumber all deliveries: start at 1, with gaps of one number. */
static bool narrow_gaps(struct shrinker *shrinker)
{
    const struct history *smallest = shrinker->smallest;
    struct history *attempt = &shrinker->attempt;
    size_t count = smallest->count;
    uint64_t *numbers = calloc(count + 1, sizeof(*numbers));
    if (!numbers)
        abort();
    for (size_t i = 0; i < count; i++)
        numbers[i] = smallest->deliveries[i].number;
    qsort(numbers, count, sizeof(*numbers), compare_numbers);
    history_copy(attempt, smallest);
    bool changed = false;
    for (size_t i = 0; i < count; i++) {
        uint64_t number = smallest->deliveries[i].number;
        uint64_t narrow = 1;
        for (size_t j = 1; j < count && numbers[j] <= number; j++) {
            uint64_t step = numbers[j] - numbers[j - 1];
            narrow += step < 2 ? step : 2;
        }
        attempt->deliveries[i].number = narrow;
        changed = changed || narrow != number;
    }
    free(numbers);
    return changed && attempt_fails(shrinker);
}

/* Lower numbers one by one, so that gaps disappear or narrow. */
static bool lower_numbers(struct shrinker *shrinker)
{
    bool progress = false;
    for (size_t i = 0; i < shrinker->smallest->count; i++) {
        uint64_t number = shrinker->smallest->deliveries[i].number;
        uint64_t before = number_before(shrinker->smallest, number);
        if (try_number(shrinker, number, 1) ||
            try_number(shrinker, number, before + 1) ||
            try_number(shrinker, number, before + 2))
            progress = true;
    }
    return progress;
}

/*
 * Makes a message simpler. A message that is simple already stays unchanged, so
 * that shrinking ends.
 */
typedef void simplification(struct message *message);

static void use_speed_change_of_zero(struct message *message)
{
    *message = (struct message){
        .channel = message->channel,
        .number = message->number,
        .time = message->time,
        .type = MESSAGE_SPEED_INCREASED,
    };
}

static void use_first_rocket(struct message *message)
{
    message->channel = text_of(history_channels[0]);
}

static void use_first_name(struct message *message)
{
    struct text first = text_of(history_names[0]);
    if (message->rocket_type.data)
        message->rocket_type = first;
    if (message->mission.data)
        message->mission = first;
    if (message->reason.data)
        message->reason = first;
}

static void use_speed_zero(struct message *message)
{
    message->speed = 0;
}

static void use_speed_one(struct message *message)
{
    if (message->speed > 1)
        message->speed = 1;
}

static void use_first_time(struct message *message)
{
    message->time = messages_time(0);
}

static void use_number_as_time(struct message *message)
{
    if (message->time.nanoseconds != 0)
        message->time = messages_time(message->number % 1000);
}

static simplification *const simplifications[] = {
    use_speed_change_of_zero, use_first_rocket, use_first_name,
    use_speed_zero,           use_speed_one,    use_first_time,
    use_number_as_time,
};

static bool same_message(const struct message *a, const struct message *b)
{
    return a->type == b->type && a->number == b->number &&
           a->speed == b->speed && text_equal(a->channel, b->channel) &&
           memcmp(&a->time, &b->time, sizeof(a->time)) == 0 &&
           a->rocket_type.data == b->rocket_type.data &&
           a->mission.data == b->mission.data &&
           a->reason.data == b->reason.data;
}

/* Simplify `chunk` messages at once. False if that changes or keeps nothing. */
static bool try_simpler(struct shrinker *shrinker, size_t at, size_t chunk,
                        simplification *simplify)
{
    struct history *attempt = &shrinker->attempt;
    bool changed = false;
    history_copy(attempt, shrinker->smallest);
    for (size_t i = at; i < at + chunk && i < attempt->count; i++) {
        struct message *message = &attempt->deliveries[i];
        simplify(message);
        if (!same_message(message, &shrinker->smallest->deliveries[i]))
            changed = true;
    }
    return changed && attempt_fails(shrinker);
}

static bool simplify_chunks(struct shrinker *shrinker, size_t chunk)
{
    size_t ways = sizeof(simplifications) / sizeof(simplifications[0]);
    size_t count = shrinker->smallest->count;
    bool progress = false;
    for (size_t at = 0; at < count; at += chunk) {
        for (size_t i = 0; i < ways; i++) {
            if (try_simpler(shrinker, at, chunk, simplifications[i]))
                progress = true;
        }
    }
    return progress;
}

static bool simplify_messages(struct shrinker *shrinker)
{
    bool progress = false;
    for (size_t chunk = shrinker->smallest->count; chunk > 0; chunk /= 2)
        progress = simplify_chunks(shrinker, chunk) || progress;
    return progress;
}

void shrink(struct history *history, shrink_property *property,
            char why[SHRINK_WHY])
{
    struct shrinker shrinker = {
        .property = property,
        .smallest = history,
        .why = why,
        .deadline = time(NULL) + MAX_SECONDS,
    };
    history_init(&shrinker.attempt);
    bool progress = true;
    while (progress) {
        /* Steps that are fast and shorten long histories are first. */
        progress = narrow_gaps(&shrinker);
        if (history->count > 0)
            progress = simplify_chunks(&shrinker, history->count) || progress;
        progress = remove_deliveries(&shrinker) || progress;
        progress = lower_numbers(&shrinker) || progress;
        progress = simplify_messages(&shrinker) || progress;
    }
    history_release(&shrinker.attempt);
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

static void print_smallest(const char *name, const struct history *history,
                           uint64_t seed, const char *why)
{
    fprintf(stderr, "%s: the smallest failing history has %zu deliveries\n",
            name, history->count);
    history_print(history, stderr);
    fprintf(stderr, "%s\nto repeat: LUNAR_SEED=%" PRIu64 " LUNAR_ROUNDS=1\n",
            why, seed);
}

bool shrink_check(const char *name, shrink_property *property,
                  enum history_shape shape, unsigned rounds)
{
    uint64_t seed = shrink_seed(name);
    uint64_t count = shrink_rounds(rounds);
    struct history history;
    history_init(&history);
    bool held = true;
    for (uint64_t i = 0; held && i < count; i++) {
        char why[SHRINK_WHY] = "";
        struct random random = {seed + i};
        history.count = 0;
        history_generate(&history, shape, &random);
        held = property(&history, why);
        if (held)
            continue;
        fprintf(stderr, "%s: failed with LUNAR_SEED=%" PRIu64 ": %s\n", name,
                seed + i, why);
        shrink(&history, property, why);
        print_smallest(name, &history, seed + i, why);
    }
    history_release(&history);
    return held;
}
