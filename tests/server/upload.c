/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Requests are made as a whole before they are sent.
 */
#include "upload.h"

#include "lib/harness.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "toy.h"

static const char next[] = "GET /plain/next HTTP/1.1\r\nHost: x\r\n\r\n";

static size_t put_head(char *at, size_t size, const struct upload *upload,
                       const char *field)
{
    char framing[64] = "Transfer-Encoding: chunked\r\n";

    if (upload->chunk == 0)
        snprintf(framing, sizeof(framing), "Content-Length: %zu\r\n",
                 upload->length);
    return (size_t)snprintf(at, size,
                            "POST /sink/%s/%s/%zu HTTP/1.1\r\nHost: x\r\n"
                            "%s%s\r\n",
                            upload->wake, upload->script,
                            upload->chunk == 0 ? upload->length : 0, framing,
                            field);
}

static char *put_bytes(char *at, size_t position, size_t length)
{
    for (size_t i = 0; i < length; i++)
        *at++ = toy_byte(position + i);
    return at;
}

static char *put_chunks(char *at, const struct upload *upload)
{
    for (size_t position = 0; position < upload->length;) {
        size_t left = upload->length - position;
        size_t length = left < upload->chunk ? left : upload->chunk;
        at += sprintf(at, "%zx\r\n", length);
        at = put_bytes(at, position, length);
        at += sprintf(at, "\r\n");
        position += length;
    }
    return at + sprintf(at, "0\r\n\r\n");
}

struct upload_bytes upload_make(const struct upload *upload, const char *field)
{
    enum { HEAD = 512, AROUND = 16 };
    size_t chunks = upload->chunk == 0 ? 0 : upload->length / upload->chunk + 2;
    size_t size = HEAD + upload->length + chunks * AROUND + sizeof(next);
    struct upload_bytes bytes = {.data = malloc(size)};

    assert_non_null(bytes.data);
    bytes.head = put_head(bytes.data, HEAD, upload, field);
    char *body = bytes.data + bytes.head;
    char *end = upload->chunk == 0 ? put_bytes(body, 0, upload->length)
                                   : put_chunks(body, upload);
    bytes.length = (size_t)(end - bytes.data);
    return bytes;
}

void upload_append_next(struct upload_bytes *bytes)
{
    memcpy(bytes->data + bytes->length, next, sizeof(next) - 1);
    bytes->length += sizeof(next) - 1;
}

static void expect(struct connection *connection, const char *body)
{
    struct response response;

    connection_expect(connection, &response);
    response_expect_status(&response, 200);
    response_expect_body(&response, body);
    response_release(&response);
}

void upload_expect(struct connection *connection, const struct upload *upload)
{
    char size[32];

    snprintf(size, sizeof(size), "%zu", upload->length);
    expect(connection, size);
}

void upload_expect_next(struct connection *connection)
{
    expect(connection, "next");
}
