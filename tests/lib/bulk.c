/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Batches for tests. Bodies are printed into memory; results are compared as
 * text.
 */
#include "lib/bulk.h"

#include "lib/harness.h"

#include <inttypes.h>
#include <stdio.h>

void bulk_begin(struct bulk *bulk)
{
    *bulk = (struct bulk){0};
    bulk->stream = open_memstream(&bulk->text, &bulk->length);
    assert_non_null(bulk->stream);
}

void bulk_add(struct bulk *bulk, const char *channel, uint64_t number)
{
    struct fleet_message message = fleet_faster(channel, number, 1);

    fprintf(bulk->stream, "%s\n", message.body);
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

void bulk_expect_applied(struct connection *connection, uint64_t applied)
{
    char body[256];

    snprintf(body, sizeof(body),
             "{\"applied\":%" PRIu64 ",\"duplicate\":0,\"stale\":0,"
             "\"rejected\":0,\"errors\":[]}",
             applied);
    bulk_expect(connection, body);
}

void bulk_expect_next(struct connection *connection)
{
    assert_true(connection_get(connection, "/health"));
    connection_expect_status(connection, 200);
}

uint64_t bulk_messages_of(const struct instance *instance, const char *id)
{
    struct response response;
    char target[64];
    uint64_t number = 0;

    snprintf(target, sizeof(target), "/rockets/%s", id);
    instance_get(instance, target, &response);
    if (response.status != 404) {
        response_expect_status(&response, 200);
        cJSON *json = response_json(&response);
        number = (uint64_t)cJSON_GetNumberValue(
            cJSON_GetObjectItemCaseSensitive(json, "lastMessageNumber"));
        assert_int_equal(cJSON_GetNumberValue(cJSON_GetObjectItemCaseSensitive(
                             json, "missingMessages")),
                         0);
        cJSON_Delete(json);
    }
    response_release(&response);
    return number;
}
