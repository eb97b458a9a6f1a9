/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Numbers and speeds are within what is exact in a double, also as sums, as
 * tests read them with cJSON.
 */
#include "lib/traffic.h"

#include "lib/harness.h"

#include <inttypes.h>
#include <stdlib.h>

#include "lib/generator.h"
#include "lib/messages.h"

enum { MAX_NUMBER = 1000000, MAX_PAYLOAD = 1024, MAX_ID = 128 };

static void write_payload(const struct message *message, char *payload)
{
    int64_t speed = message->speed % (MESSAGE_MAX_SPEED + 1);

    switch (message->type) {
    case MESSAGE_LAUNCHED:
        snprintf(payload, MAX_PAYLOAD,
                 "\"type\":\"%.*s\",\"launchSpeed\":%" PRId64
                 ",\"mission\":\"%.*s\"",
                 (int)message->rocket_type.length, message->rocket_type.data,
                 speed, (int)message->mission.length, message->mission.data);
        break;
    case MESSAGE_SPEED_INCREASED:
    case MESSAGE_SPEED_DECREASED:
        snprintf(payload, MAX_PAYLOAD, "\"by\":%" PRId64, speed);
        break;
    case MESSAGE_EXPLODED:
        snprintf(payload, MAX_PAYLOAD, "\"reason\":\"%.*s\"",
                 (int)message->reason.length, message->reason.data);
        break;
    case MESSAGE_MISSION_CHANGED:
        snprintf(payload, MAX_PAYLOAD, "\"newMission\":\"%.*s\"",
                 (int)message->mission.length, message->mission.data);
        break;
    }
}

static void add_history(struct bulk *bulk, const char *prefix,
                        struct random *random)
{
    unsigned char bytes[GENERATOR_INPUT];
    struct generator generator = {
        .input = generator_fill(bytes, GENERATOR_FLEET, random)};
    struct message message;

    while (generator_next(&generator, &message)) {
        char payload[MAX_PAYLOAD], id[MAX_ID];

        write_payload(&message, payload);
        snprintf(id, sizeof(id), "%s%.*s", prefix, (int)message.channel.length,
                 message.channel.data);
        fprintf(bulk->stream, "%s\n",
                fleet_message(id, 1 + message.number % MAX_NUMBER,
                              messages_type_name(message.type), payload)
                    .body);
    }
}

/* Some may be duplicates or stale, none is rejected. */
static void post_bulk(const struct instance *instance, struct bulk *bulk)
{
    struct connection connection;
    struct response response;

    instance_connect(instance, &connection);
    assert_true(connection_post_bytes(&connection, BULK_TYPE, bulk->text,
                                      bulk->length));
    connection_expect(&connection, &response);
    response_expect_status(&response, 202);
    assert_non_null(strstr(response.body, "\"rejected\":0"));
    response_release(&response);
    connection_close(&connection);
    free(bulk->text);
}

struct bulk traffic_make(const char *prefix, uint64_t seed, size_t histories)
{
    struct random random = {seed};
    struct bulk bulk;

    bulk_begin(&bulk);
    for (size_t i = 0; i < histories; i++) {
        char name[MAX_ID / 2];

        snprintf(name, sizeof(name), "%s%zu-", prefix, i);
        add_history(&bulk, name, &random);
    }
    bulk_end(&bulk);
    return bulk;
}

void traffic_post(const struct instance *instance, const char *prefix,
                  uint64_t seed, size_t histories)
{
    struct bulk bulk = traffic_make(prefix, seed, histories);

    post_bulk(instance, &bulk);
}

void traffic_post_names(const struct instance *instance, size_t count,
                        unsigned round)
{
    struct bulk bulk;

    bulk_begin(&bulk);
    for (size_t i = 0; i < count; i++) {
        char id[32], type[32], mission[32];

        snprintf(id, sizeof(id), "named-%zu", i);
        snprintf(type, sizeof(type), "type %u-%zu", round, i);
        snprintf(mission, sizeof(mission), "mission %u-%zu", round, i);
        fprintf(bulk.stream, "%s\n",
                fleet_launched(id, round, type, 1000, mission).body);
    }
    bulk_end(&bulk);
    post_bulk(instance, &bulk);
}
