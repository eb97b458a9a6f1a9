/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Histories are generated in the order of numbers, with losses and repeats, and
 * then shuffled within a window.
 */
#include "history.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "domain/rocket.h"
#include "lib/messages.h"

/* Few strings, so that several runs and two roles often hold the same one. */
const char *const history_names[HISTORY_NAMES] = {
    "Falcon-9", "Saturn-I", "ARTEMIS",        "APOLLO",
    "GEMINI",   "SKYLAB",   "FROZEN_O_RINGS",
};

const char *const history_channels[HISTORY_ROCKETS] = {
    "rocket-0", "rocket-1", "rocket-2", "rocket-3",
    "rocket-4", "rocket-5", "rocket-6", "rocket-7",
};

uint64_t random_next(struct random *random)
{
    random->state += UINT64_C(0x9e3779b97f4a7c15);
    uint64_t mixed = random->state;
    mixed = (mixed ^ (mixed >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    mixed = (mixed ^ (mixed >> 27)) * UINT64_C(0x94d049bb133111eb);
    return mixed ^ (mixed >> 31);
}

uint64_t random_below(struct random *random, uint64_t bound)
{
    return random_next(random) % bound;
}

bool random_one_in(struct random *random, uint64_t n)
{
    return random_below(random, n) == 0;
}

void history_init(struct history *history)
{
    *history = (struct history){0};
}

void history_release(struct history *history)
{
    free(history->deliveries);
    history_init(history);
}

static void reserve_deliveries(struct history *history, size_t capacity)
{
    if (capacity <= history->capacity)
        return;
    history->deliveries = reallocarray(history->deliveries, capacity,
                                       sizeof(history->deliveries[0]));
    if (!history->deliveries)
        abort();
    history->capacity = capacity;
}

void history_append(struct history *history, const struct message *message)
{
    if (history->count == history->capacity)
        reserve_deliveries(history, 2 * history->capacity + 16);
    history->deliveries[history->count++] = *message;
}

void history_copy(struct history *copy, const struct history *history)
{
    reserve_deliveries(copy, history->count);
    copy->count = history->count;
    if (history->count > 0) {
        memcpy(copy->deliveries, history->deliveries,
               history->count * sizeof(history->deliveries[0]));
    }
}

static struct text random_name(struct random *random)
{
    return text_of(history_names[random_below(random, HISTORY_NAMES)]);
}

/* In most cases a usual speed, else one at a limit. */
static int64_t random_speed(struct random *random)
{
    static const int64_t extremes[] = {0, 1, MESSAGE_MAX_SPEED, INT64_MAX};
    if (random_one_in(random, 4))
        return extremes[random_below(random, 4)];
    return (int64_t)(500 * (1 + random_below(random, 10)));
}

/* Times do not follow the order of numbers, as they must not affect it. */
static struct timestamp random_time(struct random *random)
{
    return (struct timestamp){
        .seconds = MESSAGES_START + (int64_t)random_below(random, 1000),
        .nanoseconds = (uint32_t)random_below(random, 1000000000),
        .offset = (int16_t)(60 * (int)random_below(random, 12)),
        .digits = 9,
    };
}

struct message history_message(struct random *random, const char *channel,
                               uint64_t number)
{
    struct message message = {
        .channel = text_of(channel),
        .number = number,
        .time = random_time(random),
        .type = (enum message_type)random_below(random, MESSAGE_TYPE_COUNT),
    };
    switch (message.type) {
    case MESSAGE_LAUNCHED:
        message.rocket_type = random_name(random);
        message.mission = random_name(random);
        message.speed = random_speed(random);
        break;
    case MESSAGE_SPEED_INCREASED:
    case MESSAGE_SPEED_DECREASED:
        message.speed = random_speed(random);
        break;
    case MESSAGE_EXPLODED:
        message.reason = random_name(random);
        break;
    case MESSAGE_MISSION_CHANGED:
        message.mission = random_name(random);
        break;
    }
    return message;
}

static void append_random(struct history *history, struct random *random,
                          const char *channel, uint64_t number)
{
    struct message message = history_message(random, channel, number);
    history_append(history, &message);
}

/* Swap each delivery from `from` on with one at most `window` places later. */
static void shuffle_deliveries(struct history *history, size_t from,
                               size_t window, struct random *random)
{
    for (size_t i = from; i < history->count; i++) {
        size_t left = history->count - i;
        size_t reach = left < window ? left : window;
        size_t other = i + random_below(random, reach);
        struct message swapped = history->deliveries[i];
        history->deliveries[i] = history->deliveries[other];
        history->deliveries[other] = swapped;
    }
}

/* The first of `span` numbers: 1, in flight, or up to the highest number. */
static uint64_t random_first(struct random *random, size_t span)
{
    switch (random_below(random, 4)) {
    case 0:
        return 2 + random_below(random, 600);
    case 1:
        return MESSAGE_MAX_NUMBER - span + 1;
    default:
        return 1;
    }
}

static void generate_short(struct history *history, const char *channel,
                           struct random *random)
{
    size_t from = history->count;
    size_t span = 1 + random_below(random, 24);
    uint64_t first = random_first(random, span);
    uint64_t loss = 2 + random_below(random, 8);
    for (size_t i = 0; i < span; i++) {
        if (random_one_in(random, loss))
            continue;
        append_random(history, random, channel, first + i);
        if (random_one_in(random, 6)) {
            struct message again = history->deliveries[history->count - 1];
            history_append(history, &again);
        }
        if (random_one_in(random, 12))
            append_random(history, random, channel, first + i);
    }
    shuffle_deliveries(history, from, 1 + random_below(random, 2 * span),
                       random);
}

/*
 * Numbers that are not adjacent, ascending, descending or random, until gaps
 * are given up. Between them random numbers, which fill gaps, are stale, or are
 * duplicates.
 */
static void generate_hostile(struct history *history, const char *channel,
                             struct random *random)
{
    enum { UPWARDS, DOWNWARDS, NEAR, ANYWHERE, PATTERNS };
    uint64_t pattern = random_below(random, PATTERNS);
    uint64_t runs = ROCKET_MAX_RUNS + 50 + random_below(random, 200);
    uint64_t base = 1 + random_below(random, 3);
    uint64_t stride = 2 + random_below(random, 2);
    uint64_t span = runs * stride;
    for (uint64_t i = 0; i < runs; i++) {
        uint64_t number = base + i * stride;
        if (pattern == DOWNWARDS)
            number = base + (runs - 1 - i) * stride;
        if (pattern == NEAR)
            number = base + random_below(random, 2 * span);
        if (pattern == ANYWHERE)
            number = 1 + random_below(random, MESSAGE_MAX_NUMBER);
        append_random(history, random, channel, number);
        if (random_one_in(random, 8)) {
            number = base + random_below(random, span);
            append_random(history, random, channel, number);
        }
    }
    for (uint64_t i = 0; i < ROCKET_MAX_RUNS / 4; i++)
        append_random(history, random, channel,
                      1 + random_below(random, span + 4));
}

void history_generate(struct history *history, enum history_shape shape,
                      struct random *random)
{
    size_t from = history->count;
    switch (shape) {
    case HISTORY_SHORT:
        generate_short(history, history_channels[0], random);
        break;
    case HISTORY_HOSTILE:
        generate_hostile(history, history_channels[0], random);
        break;
    case HISTORY_FLEET:
        for (size_t i = 0; i < HISTORY_ROCKETS; i++)
            generate_short(history, history_channels[i], random);
        shuffle_deliveries(history, from, history->count, random);
        break;
    }
}

static void print_payload(const struct message *message, FILE *out)
{
    fprintf(out, "%s ", messages_type_name(message->type));
    switch (message->type) {
    case MESSAGE_LAUNCHED:
        fprintf(out, "type %s, mission %s, speed %" PRId64,
                message->rocket_type.data, message->mission.data,
                message->speed);
        break;
    case MESSAGE_SPEED_INCREASED:
    case MESSAGE_SPEED_DECREASED:
        fprintf(out, "by %" PRId64, message->speed);
        break;
    case MESSAGE_EXPLODED:
        fprintf(out, "reason %s", message->reason.data);
        break;
    case MESSAGE_MISSION_CHANGED:
        fprintf(out, "to %s", message->mission.data);
        break;
    }
}

static void print_delivery(const struct message *message, size_t place,
                           FILE *out)
{
    fprintf(out, "%5zu. %s number %" PRIu64 ": ", place, message->channel.data,
            message->number);
    print_payload(message, out);
    fprintf(out, " (at %" PRId64 ".%09u)\n",
            message->time.seconds - MESSAGES_START,
            (unsigned)message->time.nanoseconds);
}

void history_print(const struct history *history, FILE *out)
{
    enum { ENDS = 20 };
    for (size_t i = 0; i < history->count; i++) {
        if (i < ENDS || i + ENDS >= history->count)
            print_delivery(&history->deliveries[i], i + 1, out);
        else if (i == ENDS)
            fprintf(out, "  ...\n");
    }
}
