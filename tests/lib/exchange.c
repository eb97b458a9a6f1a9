/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Runs tables of requests. Each response is compared with its row as a whole,
 * so that a failure shows what was sent and what came back.
 */
#include "lib/exchange.h"

#include "lib/harness.h"

#include <stdio.h>
#include <string.h>

static const char *or_else(const char *text, const char *otherwise)
{
    return text != NULL ? text : otherwise;
}

static const char *method_of(const struct exchange *row)
{
    return or_else(row->method, row->body != NULL ? "POST" : "GET");
}

static bool is_head(const struct exchange *row)
{
    return strncmp(or_else(row->sent, method_of(row)), "HEAD", 4) == 0;
}

/*
 * Errors of sending are ignored: the service may refuse the request and close
 * before it has read all of it.
 */
static void send_request(struct connection *connection,
                         const struct exchange *row)
{
    char length[64] = "";

    if (row->sent != NULL) {
        (void)connection_send_text(connection, row->sent);
        return;
    }
    if (row->body != NULL)
        snprintf(length, sizeof(length), "Content-Length: %zu\r\n",
                 strlen(row->body));
    (void)connection_print(
        connection, "%s %s HTTP/1.1\r\nHost: localhost\r\n%s%s\r\n%s",
        method_of(row), or_else(row->target, "/messages"),
        or_else(row->fields, ""), length, or_else(row->body, ""));
}

/* Return what differs from the row, or NULL. */
static const char *difference(const struct exchange *row,
                              const struct response *response)
{
    const char *part = or_else(row->part, "");
    const char *value =
        row->header != NULL ? response_header(response, row->header) : NULL;

    if (response->status != row->status)
        return "another status";
    if (response_closes(response) != row->closes)
        return "Connection differs";
    if (response->status >= 200 &&
        (response_header(response, "Keep-Alive") == NULL) != row->closes)
        return "Keep-Alive differs";
    if ((value == NULL) != (row->value == NULL) ||
        (value != NULL && strcmp(value, row->value) != 0))
        return row->header;
    if (row->status >= 400 && response_header(response, "X-Request-Id") == NULL)
        return "no X-Request-Id";
    if (row->exact != NULL && strcmp(response->body, row->exact) != 0)
        return "another body";
    if (row->status >= 400 && !is_head(row))
        return response_is_problem(response, part) ? NULL : "another problem";
    return strstr(response->body, part) == NULL ? "another body" : NULL;
}

void exchange_expect(struct connection *connection, const struct exchange *row)
{
    const char *sent = or_else(row->sent, or_else(row->fields, ""));
    struct response response = {0};
    enum connection_result result =
        is_head(row) ? connection_receive_head(connection, &response)
                     : connection_receive(connection, &response);
    const char *wrong = result == CONNECTION_ANSWERED
                            ? difference(row, &response)
                            : "no response";

    if (wrong != NULL)
        fail_msg("%s %s %s\nexpected %u with \"%s\", but: %s\ngot %u: %.500s",
                 method_of(row), or_else(row->target, ""), sent, row->status,
                 or_else(row->part, or_else(row->exact, "")), wrong,
                 response.status, or_else(response.body, ""));
    response_release(&response);
    if (row->closes)
        connection_expect_closed(connection);
}

void exchange_run(struct connection *connection, const struct exchange *row)
{
    send_request(connection, row);
    exchange_expect(connection, row);
}

void exchanges_run(const struct instance *instance,
                   const struct exchange rows[], size_t count)
{
    struct connection connection = {.socket = -1};

    for (size_t i = 0; i < count; i++) {
        if (connection.socket < 0)
            instance_connect(instance, &connection);
        exchange_run(&connection, &rows[i]);
        if (rows[i].closes)
            connection_close(&connection);
    }
    connection_close(&connection);
}
