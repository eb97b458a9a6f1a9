/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Formats messages and batches, posts them, and compares results as text.
 */
#include "lib/fleet.h"

#include "lib/harness.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_PADDING = 256 };

/* The time of a message follows from its number. */
struct fleet_message fleet_message(const char *channel, uint64_t number,
                                   const char *type, const char *payload)
{
    struct fleet_message message;
    int length =
        snprintf(message.body, sizeof(message.body),
                 "{\"metadata\":{\"channel\":\"%s\",\"messageNumber\":%" PRIu64
                 ",\"messageTime\":\"2022-02-02T19:%02u:%02u.%03u+01:00\","
                 "\"messageType\":\"%s\"},\"message\":{%s}}",
                 channel, number, (unsigned)(number / 60000 % 60),
                 (unsigned)(number / 1000 % 60), (unsigned)(number % 1000),
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

void bulk_begin(struct bulk *bulk)
{
    *bulk = (struct bulk){0};
    bulk->stream = open_memstream(&bulk->text, &bulk->length);
    assert_non_null(bulk->stream);
}

void bulk_add(struct bulk *bulk, const char *channel, uint64_t number)
{
    fprintf(bulk->stream, "%s\n", fleet_faster(channel, number, 1).body);
}

void bulk_end(struct bulk *bulk)
{
    assert_int_equal(fclose(bulk->stream), 0);
}

struct bulk bulk_make(const char *channel, uint64_t first, uint64_t last)
{
    struct bulk bulk;

    bulk_begin(&bulk);
    for (uint64_t number = first; number <= last; number++)
        bulk_add(&bulk, channel, number);
    bulk_end(&bulk);
    return bulk;
}

void bulk_expect(struct connection *connection, const char *body)
{
    struct response response;

    connection_expect(connection, &response);
    response_expect_status(&response, 202);
    response_expect_header(&response, "Content-Type", "application/json");
    response_expect_body(&response, body);
    assert_false(response_closes(&response));
    response_release(&response);
}

void bulk_expect_last(struct connection *connection, const char *body)
{
    exchange_expect(
        connection,
        &(struct exchange){.status = 202, .exact = body, .closes = true});
    connection_close(connection);
}

void bulk_expect_applied(struct connection *connection, uint64_t applied)
{
    char body[256];

    snprintf(body, sizeof(body), BULK_RESULT("%" PRIu64, "0"), applied);
    bulk_expect(connection, body);
}

void bulk_expect_next(struct connection *connection)
{
    assert_true(connection_get(connection, "/health"));
    connection_expect_status(connection, 200);
}

void fleet_launch(const struct instance *instance, size_t count, size_t padding)
{
    char mission[MAX_PADDING + 1] = "ARTEMIS";
    struct connection connection;
    struct bulk bulk;

    assert_in_range(padding, 0, MAX_PADDING);
    memset(mission, 'm', padding);
    bulk_begin(&bulk);
    for (size_t i = 0; i < count; i++) {
        char id[32];
        snprintf(id, sizeof(id), "rocket-%06zu", i);
        struct fleet_message message =
            fleet_launched(id, 1, "Falcon-9", (long)(1000 + i), mission);
        fprintf(bulk.stream, "%s\n", message.body);
    }
    bulk_end(&bulk);
    instance_connect(instance, &connection);
    assert_true(connection_post_with(&connection, BULK_TYPE, bulk.text));
    bulk_expect_applied(&connection, count);
    connection_close(&connection);
    free(bulk.text);
}

uint64_t bulk_messages_of(const struct instance *instance, const char *id)
{
    static const char member[] = "\"lastMessageNumber\":";
    struct response response;
    char target[64];
    char *end = NULL;
    uint64_t number = 0;

    snprintf(target, sizeof(target), "/rockets/%s", id);
    instance_get(instance, target, &response);
    if (response.status != 404) {
        response_expect_status(&response, 200);
        const char *found = strstr(response.body, member);
        assert_non_null(found);
        number = strtoull(found + strlen(member), &end, 10);
        static const char missing[] = ",\"missingMessages\":0,";
        assert_int_equal(strncmp(end, missing, sizeof(missing) - 1), 0);
    }
    response_release(&response);
    return number;
}

void bulk_wait_for(const struct instance *instance, const char *id,
                   uint64_t number)
{
    int64_t deadline = process_clock() + INSTANCE_PATIENCE;

    while (bulk_messages_of(instance, id) < number) {
        assert_true(process_clock() < deadline);
        process_wait_until(process_clock() + 2);
    }
}
