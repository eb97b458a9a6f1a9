/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Messages of rockets for tests: formats them and posts them.
 */
#include "lib/fleet.h"

#include "lib/harness.h"

#include <stdio.h>
#include <string.h>

enum { MAX_PADDING = 256 };

struct fleet_message fleet_message(const char *channel, uint64_t number,
                                   const char *type, const char *payload)
{
    struct fleet_message message;
    int length =
        snprintf(message.body, sizeof(message.body),
                 "{\"metadata\":{\"channel\":\"%s\",\"messageNumber\":%ju,"
                 "\"messageTime\":\"2022-02-02T19:%02ju:%02ju.%03ju+01:00\","
                 "\"messageType\":\"%s\"},\"message\":{%s}}",
                 channel, (uintmax_t)number, (uintmax_t)(number / 60000 % 60),
                 (uintmax_t)(number / 1000 % 60), (uintmax_t)(number % 1000),
                 type, payload);

    assert_in_range(length, 1, FLEET_MAX_MESSAGE - 1);
    return message;
}

struct fleet_message fleet_launched(const char *channel, uint64_t number,
                                    const char *type, long speed,
                                    const char *mission)
{
    char payload[1024];

    snprintf(payload, sizeof(payload),
             "\"type\":\"%s\",\"launchSpeed\":%ld,\"mission\":\"%s\"", type,
             speed, mission);
    return fleet_message(channel, number, "RocketLaunched", payload);
}

struct fleet_message fleet_faster(const char *channel, uint64_t number, long by)
{
    char payload[64];

    snprintf(payload, sizeof(payload), "\"by\":%ld", by);
    return fleet_message(channel, number, "RocketSpeedIncreased", payload);
}

struct fleet_message fleet_exploded(const char *channel, uint64_t number,
                                    const char *reason)
{
    char payload[512];

    snprintf(payload, sizeof(payload), "\"reason\":\"%s\"", reason);
    return fleet_message(channel, number, "RocketExploded", payload);
}

void fleet_post(struct connection *connection,
                const struct fleet_message *message)
{
    assert_true(connection_post(connection, message->body));
    connection_expect_status(connection, 202);
}

void fleet_launch(const struct instance *instance, size_t count, size_t padding)
{
    char mission[MAX_PADDING + 1] = "ARTEMIS";
    struct connection connection;

    assert_in_range(padding, 0, MAX_PADDING);
    memset(mission, 'm', padding);
    instance_connect(instance, &connection);
    for (size_t i = 0; i < count; i++) {
        char id[32];
        snprintf(id, sizeof(id), "rocket-%06zu", i);
        struct fleet_message message =
            fleet_launched(id, 1, "Falcon-9", (long)(1000 + i), mission);
        fleet_post(&connection, &message);
    }
    connection_close(&connection);
}
