/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The response of an exchange: handed to libmicrohttpd, and logged, once for
 * each request.
 */
#ifndef LUNAR_SERVER_EXCHANGE_RESPONSE_H
#define LUNAR_SERVER_EXCHANGE_RESPONSE_H

#include <stdbool.h>

#include "request_log.h"

struct exchange;

/*
 * Queue the response, which is complete. `close`: close the connection after
 * it, even if it could be kept alive. False if the connection is to be closed
 * at once: memory is exhausted, or libmicrohttpd does not take the response.
 */
bool exchange_queue_response(struct exchange *exchange, bool close);

/*
 * Log that the request gets no response, for a `reason` that is not the
 * client's: the connection ends by an error.
 */
void exchange_no_response(struct exchange *exchange, const char *reason);

/*
 * What the log says of the request. Ownership: its texts are those of the
 * exchange.
 */
struct request_line exchange_line(const struct exchange *exchange);

#endif
