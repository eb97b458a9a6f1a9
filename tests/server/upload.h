/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Uploads to the toy's sinks: bodies of toy_byte(), framed in all ways.
 */
#ifndef LUNAR_TEST_UPLOAD_H
#define LUNAR_TEST_UPLOAD_H

#include <stddef.h>

struct connection;

struct upload {
    const char *wake, *script;
    size_t length; /* of the body */
    size_t chunk;  /* bytes a chunk; 0: Content-Length */
};

/* A request as bytes. */
struct upload_bytes {
    char *data; /* the caller frees it */
    size_t head, length;
};

/* `field` is a header line of its own, with its CRLF, or "". */
struct upload_bytes upload_make(const struct upload *upload, const char *field);

/* Append a request for "/plain/next". */
void upload_append_next(struct upload_bytes *bytes);

/* The response must say that the sink got the whole body. */
void upload_expect(struct connection *connection, const struct upload *upload);

/* The response to the request of upload_append_next(). */
void upload_expect_next(struct connection *connection);

#endif
