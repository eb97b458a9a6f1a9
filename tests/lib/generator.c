/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which members a type has is what message_of_type() sets. So a new type, or a
 * new string of a type, needs no change here.
 */
#include "generator.h"

#include <inttypes.h>
#include <stdio.h>

#include "lib/messages.h"

const char *const generator_channels[GENERATOR_ROCKETS] = {
    "rocket-0", "rocket-1", "rocket-2", "r"};

/* Few, so that several runs and two roles often hold the same one. */
const char *const generator_names[GENERATOR_NAMES] = {
    "Falcon-9", "Saturn-I", "ARTEMIS", "APOLLO",
    "GEMINI",   "SKYLAB",   "VOYAGER", "SOYUZ",
    "MIR",      "A",        "AB",      "ABCDEFGH",
    "VOSTOK",   "MERCURY",  "VIKING",  "FROZEN_O_RINGS"};

/* What a step is: a type, or one of these. */
enum { AGAIN = MESSAGE_TYPE_COUNT, BURST_UP, BURST_DOWN, WHATS };

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

/* Times do not follow the order of numbers, as they must not affect it. */
static struct timestamp time_of(unsigned byte)
{
    return (struct timestamp){
        .seconds = MESSAGES_START + (byte * 37) % 256,
        .nanoseconds = byte * 3001,
        .offset = (int16_t)(byte % 24 * 60),
        .digits = 9,
    };
}

/* Ways to choose a number: the upper three bits of its byte. */
enum way { LOW, NEXT, GAP, LATE, LATER, APART, HIGHEST, POWER, WAYS };

static uint64_t number_of(unsigned byte, uint64_t last)
{
    unsigned value = byte % 32;

    switch ((enum way)(byte / 32)) {
    case LOW:
        return 1 + value;
    case NEXT:
        return last + 1;
    case GAP:
        return last + 2 + value % 8;
    case LATE:
        return last - value % 8;
    case LATER:
        return last - UINT64_C(8) * value;
    case APART:
        return UINT64_C(8) * value;
    case HIGHEST:
        return MESSAGE_MAX_NUMBER - value;
    case POWER:
    case WAYS:
        break;
    }
    return UINT64_C(1) << 53 * value / 32;
}

static bool is_number(uint64_t number)
{
    return number >= 1 && number <= MESSAGE_MAX_NUMBER;
}

static struct message make_message(const char *channel, uint64_t number,
                                   unsigned type, unsigned names,
                                   unsigned speed)
{
    static const int64_t speeds[] = {
        0,        1, 500, 3000, 7, MESSAGE_MAX_SPEED, MESSAGE_MAX_SPEED - 1,
        INT64_MAX};
    /* A speed increase is the simplest message. */
    struct message message =
        message_of_type((enum message_type)((type + MESSAGE_SPEED_INCREASED) %
                                            MESSAGE_TYPE_COUNT),
                        channel, number);
    struct text *texts[] = {&message.rocket_type, &message.mission,
                            &message.reason};

    message.time = time_of(speed % 256);
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        if (texts[i]->data == NULL)
            continue;
        *texts[i] = text_of(generator_names[names % GENERATOR_NAMES]);
        names /= GENERATOR_NAMES;
    }
    if (message.speed != 0)
        message.speed = speeds[speed % 8];
    return message;
}

struct message generator_message(struct random *random, const char *channel,
                                 uint64_t number)
{
    unsigned type = (unsigned)random_below(random, MESSAGE_TYPE_COUNT);
    unsigned names = (unsigned)random_below(random, 256);

    return make_message(channel, number, type, names,
                        (unsigned)random_below(random, 256));
}

static bool begin_step(struct generator *generator)
{
    if (generator->input.length < GENERATOR_STEP)
        return false;
    const unsigned char *step = (const unsigned char *)generator->input.data;
    unsigned what = step[0] % WHATS;
    uint64_t last = generator->last[step[1] % GENERATOR_ROCKETS];
    uint64_t number = number_of(step[2], last);

    generator->input = text_skip(generator->input, GENERATOR_STEP);
    generator->step = step;
    generator->made = 0;
    generator->left = 1;
    generator->distance = 0;
    if (what == AGAIN)
        number = last;
    if (what == BURST_UP || what == BURST_DOWN) {
        generator->left = 2 + step[3] / 4U;
        generator->distance = 1 + step[4] % 4U;
    }
    if (what == BURST_DOWN) {
        number += 300;
        generator->distance = -generator->distance;
    }
    generator->number = is_number(number) ? number : 1;
    return true;
}

bool generator_next(struct generator *generator, struct message *message)
{
    if (generator->left == 0 && !begin_step(generator))
        return false;
    const unsigned char *step = generator->step;
    unsigned made = generator->made++;
    unsigned rocket = step[1] % GENERATOR_ROCKETS;
    unsigned type = step[0] % WHATS;

    /* Nearly all messages of a burst have the same type. */
    if (type >= MESSAGE_TYPE_COUNT)
        type = made % 16 == 15 ? made / 16 : step[3];
    *message = make_message(generator_channels[rocket], generator->number, type,
                            step[3] + made, step[4] + made);
    if (generator->last[rocket] < generator->number)
        generator->last[rocket] = generator->number;
    generator->left--;
    generator->number += generator->distance;
    if (!is_number(generator->number))
        generator->left = 0;
    return true;
}

/*
 * Each input has only three of the ways to choose a number. So some inputs
 * have few gaps, some many, and some only high numbers.
 */
struct text generator_fill(unsigned char bytes[GENERATOR_INPUT],
                           enum generator_shape shape, struct random *random)
{
    enum { BURSTS = 80 };
    size_t steps = GENERATOR_INPUT / GENERATOR_STEP;
    unsigned kinds[3];
    /* After the highest numbers there is no room for gaps. */
    unsigned ways = shape == GENERATOR_HOSTILE ? HIGHEST : WAYS;

    for (size_t i = 0; i < 3; i++)
        kinds[i] = (unsigned)random_below(random, ways);
    if (shape != GENERATOR_HOSTILE)
        steps = 1 + random_below(random, shape == GENERATOR_SHORT ? 40 : 120);
    for (size_t i = 0; i < steps; i++) {
        unsigned char *step = &bytes[i * GENERATOR_STEP];
        for (size_t j = 0; j < GENERATOR_STEP; j++)
            step[j] = (unsigned char)random_next(random);
        step[0] %= BURST_UP;
        step[2] =
            (unsigned char)(step[2] % 32 + 32 * kinds[random_below(random, 3)]);
        if (shape != GENERATOR_FLEET)
            step[1] = 0;
        if (shape == GENERATOR_HOSTILE && i < BURSTS) {
            step[0] = random_below(random, 2) == 0 ? BURST_UP : BURST_DOWN;
            if (random_below(random, 8) != 0)
                step[2] = (unsigned char)(32 * GAP + step[2] % 32);
        }
    }
    return (struct text){(const char *)bytes, steps * GENERATOR_STEP};
}

struct text generator_cut(struct text input)
{
    enum { MAX_MESSAGES = 600 };
    struct text cut = {input.data, 0};
    struct generator generator = {.input = input};
    struct message message;

    for (int i = 0; i < MAX_MESSAGES && generator_next(&generator, &message);
         i++) {
        if (generator.left == 0)
            cut.length = input.length - generator.input.length;
    }
    return cut;
}

static const char *shown(struct text text)
{
    return text.data == NULL ? "-" : text.data;
}

void generator_report(struct text input, size_t delivery, const char *wrong)
{
    enum { ENDS = 20 };
    struct generator generator = {.input = input};
    struct message message;
    size_t count = 0;

    while (generator_next(&generator, &message))
        count++;
    generator = (struct generator){.input = input};
    for (size_t i = 1; generator_next(&generator, &message); i++) {
        if (i > ENDS && i + ENDS <= count)
            continue;
        fprintf(stderr,
                "%5zu. %s number %" PRIu64 ": %s, type %s, mission %s, "
                "reason %s, speed %" PRId64 " (at %" PRId64 ".%09u)\n",
                i, message.channel.data, message.number,
                messages_type_name(message.type), shown(message.rocket_type),
                shown(message.mission), shown(message.reason), message.speed,
                message.time.seconds - MESSAGES_START,
                (unsigned)message.time.nanoseconds);
    }
    fprintf(stderr, "wrong after delivery %zu: %s\n", delivery, wrong);
}
