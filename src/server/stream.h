/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Bodies that are made while they are sent: one block is sent by the event
 * loop while a worker makes the next. Where the client is faster than the
 * worker, its connection is suspended until there is more; where it is
 * slower, no more than the two blocks is held for it.
 *
 * With a thread for each connection that thread makes the blocks itself.
 */
#ifndef LUNAR_SERVER_STREAM_H
#define LUNAR_SERVER_STREAM_H

#include "base/workers.h"
#include "connections.h"
#include "http/response.h"

struct MHD_Connection;
struct MHD_Response;

/*
 * A response whose body is `stream`. `workers`: NULL with a thread for each
 * connection. NULL where memory ends.
 * Ownership: takes the stream, unless NULL is returned; the connections are
 * borrowed, and outlive the response's being sent.
 */
struct MHD_Response *server_stream_response(struct http_stream *stream,
                                            struct MHD_Connection *mhd,
                                            struct connection *connection,
                                            struct workers *workers);

#endif
