/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Requests are made as a whole before they are sent.
 */
#include "toy_client.h"

#include "lib/harness.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

static bool is_sink(const struct toy_ask *ask)
{
    return strcmp(ask->kind, "sink") == 0;
}

static void print_head(FILE *out, const struct toy_ask *ask)
{
    fprintf(out, "%s /%s/%s/%s", is_sink(ask) ? "POST" : "GET", ask->kind,
            ask->wake, ask->script);
    if (is_sink(ask))
        fprintf(out, "/%zu", ask->chunk == 0 ? ask->length : 0);
    if (ask->long_lived)
        fputs("/long", out);
    fprintf(out, " HTTP/1.%d\r\nHost: x\r\n", ask->old ? 0 : 1);
    if (ask->expects)
        fputs("Expect: 100-continue\r\n", out);
    if (ask->chunk > 0)
        fputs("Transfer-Encoding: chunked\r\n", out);
    else if (is_sink(ask))
        fprintf(out, "Content-Length: %zu\r\n", ask->length);
    fputs("\r\n", out);
}

static void print_chunks(FILE *out, const char *body, size_t length,
                         size_t chunk)
{
    for (size_t position = 0; position < length; position += chunk) {
        size_t left = length - position;
        size_t size = left < chunk ? left : chunk;
        fprintf(out, "%zx\r\n", size);
        fwrite(body + position, 1, size, out);
        fputs("\r\n", out);
    }
    fputs("0\r\n\r\n", out);
}

struct toy_request toy_request_make(const struct toy_ask *ask)
{
    struct toy_request request = {NULL, 0, 0};
    char *body = toy_bytes(ask->length);
    FILE *out = open_memstream(&request.data, &request.length);

    assert_non_null(out);
    print_head(out, ask);
    request.head = (size_t)ftell(out);
    if (ask->chunk > 0)
        print_chunks(out, body, ask->length, ask->chunk);
    else
        fwrite(body, 1, ask->length, out);
    fclose(out);
    free(body);
    return request;
}

void toy_open(struct toy *toy, struct connection *client)
{
    assert_true(connection_open(client, toy_port(toy)));
}

void toy_get(struct toy *toy, struct connection *client, const char *target)
{
    toy_open(toy, client);
    connection_get(client, target);
}

void toy_send_part(struct connection *client, const struct toy_ask *ask,
                   size_t from, size_t to)
{
    struct toy_request request = toy_request_make(ask);

    if (to > request.length)
        to = request.length;
    if (ask->expects) {
        connection_send(client, request.data, request.head);
        connection_expect_status(client, 100);
        from = request.head;
    }
    if (from < to)
        connection_send(client, request.data + from, to - from);
    free(request.data);
}

void toy_send(struct connection *client, const struct toy_ask *ask)
{
    toy_send_part(client, ask, 0, SIZE_MAX);
}

/* Ownership: the caller frees it. */
static char *expected_body(const struct toy_ask *ask)
{
    const char *script = ask->script;
    char *text = NULL;

    if (strcmp(ask->kind, "stream") == 0)
        return toy_bytes(toy_stream_length(script));
    if (is_sink(ask)) {
        assert_true(asprintf(&text, "%zu", ask->length) > 0);
        return text;
    }
    script += strspn(script, "D");
    return script[0] == 'S' ? toy_bytes(toy_stream_length(script))
                            : strdup(script);
}

void toy_expect(struct connection *client, const struct toy_ask *ask)
{
    char *body = expected_body(ask);

    toy_expect_text(client, 200, body);
    free(body);
}

void toy_expect_text(struct connection *client, unsigned status,
                     const char *body)
{
    struct response response;

    connection_expect(client, &response);
    response_expect_status(&response, status);
    if (body != NULL)
        response_expect_body(&response, body);
    response_release(&response);
}

void toy_reset(struct connection *client)
{
    struct linger now = {.l_onoff = 1, .l_linger = 0};

    setsockopt(client->socket, SOL_SOCKET, SO_LINGER, &now, sizeof(now));
    connection_close(client);
}
