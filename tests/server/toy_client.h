/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Requests to the toy as bytes, and the responses that they must get.
 */
#ifndef LUNAR_TEST_TOY_CLIENT_H
#define LUNAR_TEST_TOY_CLIENT_H

#include <stdbool.h>
#include <stddef.h>

#include "lib/connection.h"
#include "toy.h"

/* A request; see toy.h. */
struct toy_ask {
    const char *kind; /* "deferred", "stream" or "sink" */
    const char *wake, *script;
    size_t length; /* of a sink's body */
    size_t chunk;  /* bytes a chunk; 0: Content-Length */
    bool old;      /* HTTP/1.0 */
    bool expects;  /* 100-continue, and waits for it */
    bool long_lived;
};

#define TOY_GET(what, who, how)                                                \
    {                                                                          \
        .kind = (what), .wake = (who), .script = (how)                         \
    }
#define TOY_LONG(what, who, how)                                               \
    {                                                                          \
        .kind = (what), .wake = (who), .script = (how), .long_lived = true     \
    }
#define TOY_SINK(who, how, bytes, size)                                        \
    {                                                                          \
        .kind = "sink", .wake = (who), .script = (how), .length = (bytes),     \
        .chunk = (size)                                                        \
    }

struct toy_request {
    char *data; /* the caller frees it */
    size_t head, length;
};

struct toy_request toy_request_make(const struct toy_ask *ask);

void toy_open(struct toy *toy, struct connection *client);
void toy_get(struct toy *toy, struct connection *client, const char *target);

/* Send the request, or its bytes from `from` until before `to`. */
void toy_send(struct connection *client, const struct toy_ask *ask);
void toy_send_part(struct connection *client, const struct toy_ask *ask,
                   size_t from, size_t to);

/* The next response is the one to this request. */
void toy_expect(struct connection *client, const struct toy_ask *ask);

/* The next response has this status and body; NULL: any body. */
void toy_expect_text(struct connection *client, unsigned status,
                     const char *body);

/* Close so that the server sees a reset. */
void toy_reset(struct connection *client);

#endif
