/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Messages are made in blocks and then applied. So making them is not timed,
 * and they are in the cache when they are applied, as in the service, which
 * has just read the message.
 */
#include "parts_fleet.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "flags.h"
#include "parts_measure.h"

enum {
    TEMPLATES = 1024, /* most templates in one set */
    SOURCE_ROCKETS = 1000,
    SOURCE_MESSAGES = 20000,
    LAST_NUMBER = 4, /* last number of a rocket that explodes */
    SPEED_STEP = 500,
    /*
     * With large steps, the speeds after one or two messages spread as widely
     * as those of `rockets` after thousands, and are hardly ever equal.
     */
    MAX_SPEED_STEPS = 100000,
};

#define SECOND INT64_C(1000000000)

struct templates {
    struct traffic_message messages[TEMPLATES];
    uint32_t count;
};

struct parts_fleet {
    struct templates launches, flights, explosions;
    bool explosive;
    struct timestamp start;
    int64_t start_time;
    /* The current block. */
    struct message messages[PARTS_BLOCK];
    char ids[PARTS_BLOCK][TRAFFIC_ID_SIZE];
};

static void add_template(struct templates *templates,
                         const struct traffic_message *message)
{
    if (templates->count < TEMPLATES)
        templates->messages[templates->count++] = *message;
}

struct parts_fleet *parts_fleet_new(bool explosions)
{
    const struct traffic_options options = {
        .seed = PARTS_SEED,
        .rockets = SOURCE_ROCKETS,
        .messages = SOURCE_MESSAGES,
    };
    struct traffic traffic;
    struct parts_fleet *fleet = parts_allocate(sizeof(*fleet));

    memset(fleet, 0, sizeof(*fleet));
    fleet->explosive = explosions;
    if (!timestamp_parse(TEXT("2025-04-02T09:21:50.458989221+02:00"),
                         &fleet->start))
        die("timestamp_parse failed");
    fleet->start_time =
        fleet->start.seconds * SECOND + fleet->start.nanoseconds;

    if (traffic_init(&traffic, &options) != 0)
        die("no memory for messages");
    for (uint32_t i = 0; i < traffic.message_count; i++) {
        const struct traffic_message *message = &traffic.messages[i];
        if (message->type == TRAFFIC_LAUNCHED)
            add_template(&fleet->launches, message);
        else if (message->type == TRAFFIC_EXPLODED)
            add_template(&fleet->explosions, message);
        else
            add_template(&fleet->flights, message);
    }
    traffic_release(&traffic);
    return fleet;
}

void parts_fleet_free(struct parts_fleet *fleet)
{
    free(fleet);
}

/* The random numbers of one rocket (`number` 0) or one of its messages. */
static struct random random_of(uint32_t rocket, uint32_t number)
{
    struct random mixed = {PARTS_SEED + ((uint64_t)number << 32) + rocket};

    return (struct random){random_next(&mixed)};
}

void parts_fleet_id(uint32_t rocket, char id[static TRAFFIC_ID_SIZE])
{
    static const char digits[] = "0123456789abcdef";
    static const char shape[] = "xxxxxxxx-xxxx-5xxx-8xxx-xxxxxxxxxxxx";
    struct random random = random_of(rocket, 0);
    uint64_t bits = 0;

    for (size_t i = 0; i < sizeof(shape); i++) {
        if (i % 16 == 0)
            bits = random_next(&random);
        id[i] = shape[i];
        if (shape[i] == 'x')
            id[i] = digits[bits & 15];
        bits >>= 4;
    }
}

static const struct templates *templates_of(const struct parts_fleet *fleet,
                                            struct parts_delivery delivery)
{
    struct random fate = random_of(delivery.rocket, 0);

    if (delivery.number == 1)
        return &fleet->launches;
    if (fleet->explosive && delivery.number == LAST_NUMBER &&
        random_below(&fate, 10) < 3)
        return &fleet->explosions;
    return &fleet->flights;
}

/* The message as plain data. Its rocket is always 0. */
static struct traffic_message draw(const struct parts_fleet *fleet,
                                   struct parts_delivery delivery)
{
    const struct templates *templates = templates_of(fleet, delivery);
    struct random random = random_of(delivery.rocket, delivery.number);
    struct traffic_message message =
        templates->messages[random_below(&random, templates->count)];

    message.rocket = 0;
    message.number = delivery.number;
    message.time = fleet->start_time + delivery.number * SECOND +
                   random_below(&random, (uint32_t)SECOND);
    message.speed = SPEED_STEP * random_between(&random, 1, MAX_SPEED_STEPS);
    return message;
}

size_t parts_fleet_render(const struct parts_fleet *fleet,
                          struct parts_delivery delivery,
                          char text[static TRAFFIC_TEXT_SIZE])
{
    struct traffic_message message = draw(fleet, delivery);
    struct traffic_rocket rocket;
    struct traffic traffic = {.rockets = &rocket, .rocket_count = 1};

    parts_fleet_id(delivery.rocket, rocket.id);
    return traffic_render(&traffic, &message, text);
}

static enum message_type type_of(const struct traffic_message *message)
{
    switch ((enum traffic_type)message->type) {
    case TRAFFIC_LAUNCHED:
        return MESSAGE_LAUNCHED;
    case TRAFFIC_SPEED_INCREASED:
        return MESSAGE_SPEED_INCREASED;
    case TRAFFIC_SPEED_DECREASED:
        return MESSAGE_SPEED_DECREASED;
    case TRAFFIC_EXPLODED:
        return MESSAGE_EXPLODED;
    case TRAFFIC_MISSION_CHANGED:
        break;
    }
    return MESSAGE_MISSION_CHANGED;
}

/* Put a message into the block, as message_parse() would make it. */
static void make(struct parts_fleet *fleet, size_t index,
                 struct parts_delivery delivery)
{
    struct traffic_message drawn = draw(fleet, delivery);
    struct message *message = &fleet->messages[index];

    parts_fleet_id(delivery.rocket, fleet->ids[index]);
    *message = (struct message){
        .channel = {fleet->ids[index], TRAFFIC_ID_SIZE - 1},
        .number = delivery.number,
        .time = fleet->start,
        .type = type_of(&drawn),
    };
    message->time.seconds = drawn.time / SECOND;
    message->time.nanoseconds = (uint32_t)(drawn.time % SECOND);
    switch (message->type) {
    case MESSAGE_LAUNCHED:
        message->rocket_type = text_of(traffic_rocket_type(&drawn));
        message->mission = text_of(traffic_mission(&drawn));
        message->speed = drawn.speed;
        break;
    case MESSAGE_SPEED_INCREASED:
    case MESSAGE_SPEED_DECREASED:
        message->speed = drawn.speed;
        break;
    case MESSAGE_EXPLODED:
        message->reason = text_of(traffic_reason(&drawn));
        break;
    case MESSAGE_MISSION_CHANGED:
        message->mission = text_of(traffic_mission(&drawn));
        break;
    }
}

struct table *parts_table_new(void)
{
    struct table *table = table_new(PARTS_TABLE_LIMIT);

    if (table == NULL)
        die("no memory for a table");
    return table;
}

const struct message *parts_fleet_block(struct parts_fleet *fleet,
                                        const struct parts_delivery *deliveries,
                                        size_t count)
{
    for (size_t i = 0; i < count; i++)
        make(fleet, i, deliveries[i]);
    return fleet->messages;
}

/* Each message must be reported as applied, and must advance the revision. */
static uint64_t apply_block(struct table *table, const struct message *messages,
                            size_t count)
{
    size_t applied = 0;
    uint64_t changes = table_revision(table);
    uint64_t begun = parts_now();

    for (size_t i = 0; i < count; i++)
        applied += table_apply(table, &messages[i]) == MESSAGE_APPLIED;
    uint64_t took = parts_now() - begun;
    changes = table_revision(table) - changes;
    if (applied != count || changes != count)
        die("%zu messages: %zu were applied, %zu changed something", count,
            applied, (size_t)changes);
    return took;
}

uint64_t parts_fleet_apply(struct parts_fleet *fleet, struct table *table,
                           const struct parts_delivery *deliveries,
                           size_t count)
{
    uint64_t took = 0;

    for (size_t done = 0; done < count; done += PARTS_BLOCK) {
        size_t block = count - done < PARTS_BLOCK ? count - done : PARTS_BLOCK;
        took += apply_block(
            table, parts_fleet_block(fleet, &deliveries[done], block), block);
    }
    return took;
}

uint64_t parts_fleet_launch(struct parts_fleet *fleet, struct table *table,
                            uint32_t first, uint32_t end)
{
    struct parts_delivery deliveries[PARTS_BLOCK];
    uint64_t took = 0;

    while (first < end) {
        uint32_t block = end - first < PARTS_BLOCK ? end - first : PARTS_BLOCK;
        for (uint32_t i = 0; i < block; i++)
            deliveries[i] = (struct parts_delivery){first + i, 1};
        took += parts_fleet_apply(fleet, table, deliveries, block);
        first += block;
    }
    return took;
}

uint32_t *parts_permutation(uint32_t count)
{
    struct random random = random_start(PARTS_SEED, RANDOM_SHUFFLE);
    uint32_t *numbers = parts_allocate(count * sizeof(*numbers));

    for (uint32_t i = 0; i < count; i++)
        numbers[i] = i;
    for (uint32_t i = count; i > 1; i--) {
        uint32_t j = random_below(&random, i);
        uint32_t swapped = numbers[i - 1];
        numbers[i - 1] = numbers[j];
        numbers[j] = swapped;
    }
    return numbers;
}

void parts_shuffle(struct random *random, struct parts_delivery *deliveries,
                   size_t count, size_t window)
{
    for (size_t start = 0; start < count; start += window) {
        size_t size = count - start < window ? count - start : window;
        struct parts_delivery *first = &deliveries[start];
        for (size_t i = size; i > 1; i--) {
            size_t j = random_below(random, (uint32_t)i);
            struct parts_delivery swapped = first[i - 1];
            first[i - 1] = first[j];
            first[j] = swapped;
        }
    }
}
