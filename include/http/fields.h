/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Parses values of header fields (RFC 9110) for handlers and the server.
 */
#ifndef LUNAR_HTTP_FIELDS_H
#define LUNAR_HTTP_FIELDS_H

#include <stdbool.h>

#include "base/text.h"

/*
 * Whether `text` is a token, as methods and field names are (RFC 9110 section
 * 5.6.2).
 */
bool http_is_token(struct text text);

/*
 * Whether `text` is a host with or without a port (RFC 9110 section 7.2). An
 * empty host is valid; the text in brackets need not be a valid address.
 */
bool http_is_host(struct text text);

/*
 * Whether a Content-Type has the media type `type` ("text/plain"). Case and
 * parameters are ignored (RFC 9110 section 8.3.1).
 */
bool http_media_type_is(struct text content_type, struct text type);

/*
 * Whether Accept-Encoding allows `coding` (RFC 9110 section 12.5.3): it lists
 * the coding, or else "*", with a weight above 0. False if the field is absent,
 * as no coding is then the safe choice.
 */
bool http_accepts_encoding(struct text accept_encoding, struct text coding);

#endif
