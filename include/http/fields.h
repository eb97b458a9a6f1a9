/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Parses values of header fields (RFC 9110) for handlers and the server.
 */
#ifndef LUNAR_HTTP_FIELDS_H
#define LUNAR_HTTP_FIELDS_H

#include <stdbool.h>

#include "base/text.h"
#include "http/request.h"

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
 * The media type of a Content-Type ("text/plain"), without its parameters. Its
 * case does not matter (RFC 9110 section 8.3.1). Absent if the field is.
 */
struct text http_media_type(struct text content_type);

enum http_coding {
    HTTP_IDENTITY, /* not coded */
    HTTP_GZIP,
    HTTP_OTHER_CODING, /* another one, or more than one */
};

/*
 * How a body is coded by its Content-Encoding (RFC 9110 section 8.4): "x-gzip"
 * is gzip, and "identity" is no coding. Case and empty list elements are
 * ignored. An absent field is no coding.
 */
enum http_coding http_content_coding(struct text content_encoding);

/*
 * Whether Accept-Encoding allows `coding` (RFC 9110 section 12.5.3): it lists
 * the coding, or else "*", with a weight above 0. False if the field is absent,
 * as no coding is then the safe choice.
 */
bool http_accepts_encoding(struct text accept_encoding, struct text coding);

/*
 * Whether a page of another site sent the request. A browser shows that by a
 * Sec-Fetch-Site other than "same-origin" and "none"; or, without that field,
 * by an Origin whose authority differs from Host.
 */
bool http_is_cross_site(const struct http_fields *fields);

#endif
