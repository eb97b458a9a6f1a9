/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The response to a single message, by what became of it.
 */
#ifndef LUNAR_API_MESSAGE_RESPONSE_H
#define LUNAR_API_MESSAGE_RESPONSE_H

#include "api/api.h"
#include "domain/message_parse.h"
#include "http/response.h"

/*
 * `message` has its outcome: 202, or 503 if there was no memory for it. Does
 * not count it.
 */
void message_respond(const struct message *message,
                     enum message_outcome outcome,
                     struct http_response *response);

/*
 * message_parse() has failed with `status`: 400 or 503. The message is counted
 * in `counts`.
 */
void message_respond_unparsed(const struct api_metrics *counts,
                              enum parse_status status,
                              const struct parsed_message *parsed,
                              struct http_response *response);

#endif
