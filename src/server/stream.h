/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Responses whose body is made while it is sent. Of a slow client's body one
 * block is held. Where the client is faster than the application, it waits
 * (wait.h).
 */
#ifndef LUNAR_SERVER_STREAM_H
#define LUNAR_SERVER_STREAM_H

#include "connection.h"
#include "http/body.h"

struct MHD_Response;

/*
 * A response whose body is `source`, of `length` bytes, or 0 if that is not
 * known, for one connection. `old`: to a request of HTTP/1.0, without chunks.
 * NULL where memory ends.
 * Ownership: takes the source, unless NULL is returned; the connection is
 * borrowed, and outlives the response.
 */
struct MHD_Response *stream_response(struct http_stream *source,
                                     uint64_t length,
                                     struct connection *connection, bool old);

#endif
