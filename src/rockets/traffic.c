/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The traffic is made in two steps. The first draws the fleet: ids, the count
 * of messages of each rocket, and which rockets explode. The second draws the
 * messages one by one, each of a random rocket among those still flying. All
 * arithmetic is on integers, so that rounding is the same on every machine.
 */
#include "traffic.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "random.h"

#define COUNT_OF(array) ((uint32_t)(sizeof(array) / sizeof((array)[0])))

#define NANOSECONDS INT64_C(1000000000)

/* 2025-04-02T09:21:50+02:00, when messages of the original were captured. */
#define FIRST_SECOND INT64_C(1743578510)

enum {
    UTC_OFFSET_SECONDS = 2 * 3600, /* written as +02:00 */
    /* The original's messages are 30 us apart on average; so are these. */
    MAX_STEP_NANOSECONDS = 60000,
    SPEED_STEP = 500,
    MAX_LAUNCH_STEPS = 10,
    MAX_CHANGE_STEPS = 6,
};

static const char *const ROCKET_TYPES[] = {
    "Antares",     "Athena",         "Atlas-H",    "Conestoga",  "Delta-5000",
    "Electron",    "Falcon-1",       "Falcon-9",   "Juno-I",     "Juno-II",
    "New-Shepard", "PGM-19-Jupiter", "Pegasus",    "Saturn-I",   "Scout",
    "Thor-Able",   "Thor-Agena",     "Thor-Delta", "Titan-IIID", "Titan-IV",
};

static const char *const MISSIONS[] = {
    "APOLLO",  "APOLLO_SOYUZ", "ARTEMIS", "GEMINI",
    "MERCURY", "SHUTTLE_MIR",  "SKYLAB",
};

static const char *const REASONS[] = {
    "PRESSURE_VESSEL_FAILURE",
    "FROZEN_O_RINGS",
    "UNKNOWN_OBJECT_COLLISION",
    "SYSTEM_MALFUNCTION",
};

/* The state of a rocket while its messages are made. */
struct flight {
    uint32_t rocket; /* index */
    uint32_t left;   /* messages left to make */
    uint32_t number; /* of the last message made, 0 before the launch */
    uint32_t speed;
    uint8_t mission;
    bool explodes; /* with its last message */
};

/* A UUID of version 5 and variant 10 (RFC 9562), like the original's ids. */
static void draw_id(struct random *random, char id[static TRAFFIC_ID_SIZE])
{
    uint64_t high = random_next(random);
    uint64_t low = random_next(random);

    high = (high & ~UINT64_C(0xf000)) | UINT64_C(0x5000);
    low = (low & (UINT64_MAX >> 2)) | (UINT64_C(1) << 63);
    snprintf(id, TRAFFIC_ID_SIZE,
             "%08" PRIx64 "-%04" PRIx64 "-%04" PRIx64 "-%04" PRIx64
             "-%012" PRIx64,
             high >> 32, (high >> 16) & 0xffff, high & 0xffff, low >> 48,
             low & UINT64_C(0xffffffffffff));
}

/*
 * Three in ten rockets explode, chosen by selection sampling. They get a
 * lower weight, so that they have fewer messages. With these weights the
 * longest flight of 20 has about 6,300 of 100,000 messages. Stores the
 * weights in `left` and returns their sum.
 */
static uint64_t draw_fates(struct flight *flights, uint32_t count,
                           struct random *random)
{
    uint32_t explosions = (uint32_t)(((uint64_t)count * 3 + 5) / 10);
    uint64_t sum = 0;

    for (uint32_t i = 0; i < count; i++) {
        struct flight *flight = &flights[i];

        flight->rocket = i;
        flight->explodes = random_below(random, count - i) < explosions;
        if (flight->explodes)
            explosions--;
        flight->left = flight->explodes ? random_between(random, 100, 900)
                                        : random_between(random, 850, 1000);
        sum += flight->left;
    }
    return sum;
}

/*
 * Replace the weights with counts whose sum is `messages`: one launch for
 * each rocket, the rest in proportion to the weights, and the remainder of
 * the rounding one by one.
 */
static void share_messages(struct flight *flights, uint32_t count,
                           uint64_t weights, uint32_t messages)
{
    uint32_t rest = messages - count;
    uint32_t leftover = rest;

    for (uint32_t i = 0; i < count; i++) {
        uint32_t share = (uint32_t)(rest * (uint64_t)flights[i].left / weights);

        flights[i].left = 1 + share;
        leftover -= share;
    }
    for (uint32_t i = 0; i < leftover; i++)
        flights[i].left++;
}

static void draw_launch(struct flight *flight, struct random *random,
                        struct traffic_message *message)
{
    message->type = TRAFFIC_LAUNCHED;
    message->rocket_type =
        (uint8_t)random_below(random, COUNT_OF(ROCKET_TYPES));
    message->mission = (uint8_t)random_below(random, COUNT_OF(MISSIONS));
    message->speed = SPEED_STEP * random_between(random, 1, MAX_LAUNCH_STEPS);
    flight->mission = message->mission;
    flight->speed = message->speed;
}

static void draw_explosion(struct random *random,
                           struct traffic_message *message)
{
    message->type = TRAFFIC_EXPLODED;
    message->reason = (uint8_t)random_below(random, COUNT_OF(REASONS));
}

/* The new mission differs from the current one. */
static void draw_mission(struct flight *flight, struct random *random,
                         struct traffic_message *message)
{
    uint32_t others = COUNT_OF(MISSIONS) - 1;
    uint32_t step = 1 + random_below(random, others);

    message->type = TRAFFIC_MISSION_CHANGED;
    message->mission = (uint8_t)((flight->mission + step) % COUNT_OF(MISSIONS));
    flight->mission = message->mission;
}

/* Decrease if `down` and the speed is above 500, else increase. */
static void draw_speed(struct flight *flight, struct random *random,
                       struct traffic_message *message, bool down)
{
    uint32_t most = flight->speed / SPEED_STEP - 1; /* steps down to 500 */

    down = down && most > 0;
    if (!down || most > MAX_CHANGE_STEPS)
        most = MAX_CHANGE_STEPS;
    message->speed = SPEED_STEP * random_between(random, 1, most);
    message->type = down ? TRAFFIC_SPEED_DECREASED : TRAFFIC_SPEED_INCREASED;
    flight->speed += down ? 0 - message->speed : message->speed;
}

static void draw_message(struct flight *flight, struct random *random,
                         struct traffic_message *message)
{
    uint32_t percent;

    message->rocket = flight->rocket;
    message->number = ++flight->number;
    flight->left--;
    if (message->number == 1) {
        draw_launch(flight, random, message);
        return;
    }
    if (flight->left == 0 && flight->explodes) {
        draw_explosion(random, message);
        return;
    }
    percent = random_below(random, 100);
    if (percent < 10)
        draw_mission(flight, random, message);
    else
        draw_speed(flight, random, message, percent < 55);
}

static void draw_messages(struct traffic *traffic, struct flight *flights,
                          struct random *random)
{
    uint32_t flying = traffic->rocket_count;
    int64_t time =
        FIRST_SECOND * NANOSECONDS + random_below(random, NANOSECONDS);

    for (uint32_t i = 0; i < traffic->message_count; i++) {
        uint32_t pick = random_below(random, flying);

        time += random_between(random, 1, MAX_STEP_NANOSECONDS - 1);
        traffic->messages[i].time = time;
        draw_message(&flights[pick], random, &traffic->messages[i]);
        if (flights[pick].left == 0)
            flights[pick] = flights[--flying];
    }
}

int traffic_init(struct traffic *traffic, const struct traffic_options *options)
{
    struct random fleet = random_start(options->seed, RANDOM_ROCKETS);
    struct random story = random_start(options->seed, RANDOM_MESSAGES);
    struct traffic made = {.message_count = options->messages};
    struct flight *flights;
    uint64_t weights;

    made.rocket_count = options->rockets < options->messages
                            ? options->rockets
                            : options->messages;
    made.rockets = calloc(made.rocket_count, sizeof(*made.rockets));
    made.messages = calloc(made.message_count, sizeof(*made.messages));
    flights = calloc(made.rocket_count, sizeof(*flights));
    if (made.rockets == NULL || made.messages == NULL || flights == NULL) {
        free(flights);
        traffic_release(&made);
        return -1;
    }
    for (uint32_t i = 0; i < made.rocket_count; i++)
        draw_id(&fleet, made.rockets[i].id);
    weights = draw_fates(flights, made.rocket_count, &fleet);
    share_messages(flights, made.rocket_count, weights, made.message_count);
    draw_messages(&made, flights, &story);
    free(flights);
    *traffic = made;
    return 0;
}

void traffic_release(struct traffic *traffic)
{
    free(traffic->rockets);
    free(traffic->messages);
    *traffic = (struct traffic){0};
}

const char *traffic_rocket_type(const struct traffic_message *message)
{
    return ROCKET_TYPES[message->rocket_type];
}

const char *traffic_mission(const struct traffic_message *message)
{
    return MISSIONS[message->mission];
}

const char *traffic_reason(const struct traffic_message *message)
{
    return REASONS[message->reason];
}

void traffic_time(const struct traffic_message *message,
                  char text[static TRAFFIC_TIME_SIZE])
{
    time_t local = message->time / NANOSECONDS + UTC_OFFSET_SECONDS;
    char fraction[16];
    struct tm date;
    int length = snprintf(fraction, sizeof(fraction), ".%09" PRId64,
                          message->time % NANOSECONDS);
    size_t written;

    while (fraction[length - 1] == '0')
        length--;
    if (length == 1) /* only the decimal point is left */
        length = 0;
    gmtime_r(&local, &date);
    written = strftime(text, TRAFFIC_TIME_SIZE, "%Y-%m-%dT%H:%M:%S", &date);
    snprintf(text + written, TRAFFIC_TIME_SIZE - written, "%.*s+02:00", length,
             fraction);
}

static const char *type_name(const struct traffic_message *message)
{
    static const char *const NAMES[] = {
        [TRAFFIC_LAUNCHED] = "RocketLaunched",
        [TRAFFIC_SPEED_INCREASED] = "RocketSpeedIncreased",
        [TRAFFIC_SPEED_DECREASED] = "RocketSpeedDecreased",
        [TRAFFIC_EXPLODED] = "RocketExploded",
        [TRAFFIC_MISSION_CHANGED] = "RocketMissionChanged",
    };

    return NAMES[message->type];
}

/* No name has a character that must be escaped in JSON. */
static int render_payload(const struct traffic_message *message, char *text,
                          size_t size)
{
    switch ((enum traffic_type)message->type) {
    case TRAFFIC_LAUNCHED:
        return snprintf(text, size,
                        "{\"type\":\"%s\",\"launchSpeed\":%" PRIu32
                        ",\"mission\":\"%s\"}",
                        traffic_rocket_type(message), message->speed,
                        traffic_mission(message));
    case TRAFFIC_EXPLODED:
        return snprintf(text, size, "{\"reason\":\"%s\"}",
                        traffic_reason(message));
    case TRAFFIC_MISSION_CHANGED:
        return snprintf(text, size, "{\"newMission\":\"%s\"}",
                        traffic_mission(message));
    case TRAFFIC_SPEED_INCREASED:
    case TRAFFIC_SPEED_DECREASED:
        break;
    }
    return snprintf(text, size, "{\"by\":%" PRIu32 "}", message->speed);
}

size_t traffic_render(const struct traffic *traffic,
                      const struct traffic_message *message,
                      char text[static TRAFFIC_TEXT_SIZE])
{
    char time[TRAFFIC_TIME_SIZE];
    char payload[TRAFFIC_TEXT_SIZE / 2];
    int length;

    traffic_time(message, time);
    render_payload(message, payload, sizeof(payload));
    length = snprintf(text, TRAFFIC_TEXT_SIZE,
                      "{\"metadata\":{\"channel\":\"%s\",\"messageNumber\":"
                      "%" PRIu32 ",\"messageType\":\"%s\","
                      "\"messageTime\":\"%s\"},\"message\":%s}",
                      traffic->rockets[message->rocket].id, message->number,
                      type_name(message), time, payload);
    return (size_t)length;
}
