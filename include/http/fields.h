/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Parses values of header fields (RFC 9110) for handlers and the server.
 */
#ifndef LUNAR_HTTP_FIELDS_H
#define LUNAR_HTTP_FIELDS_H

#include <stdbool.h>

#include "base/text.h"

enum { HTTP_MAX_REQUEST_ID = 128 /* bytes */ };

/*
 * Whether `text` is a token, as methods and field names are (RFC 9110 section
 * 5.6.2).
 */
bool http_is_token(struct text text);

/*
 * Whether a list of tokens, as in Connection, has `token`, in any letter case
 * (RFC 9110 section 5.6.1).
 */
bool http_list_has(struct text list, struct text token);

/*
 * Whether `text` can be an id of a request (X-Request-Id): 1 to
 * HTTP_MAX_REQUEST_ID printable ASCII characters without spaces, so that it can
 * be sent, logged and searched for as it is.
 */
bool http_is_request_id(struct text text);

enum http_transfer_coding {
    HTTP_TRANSFER_CHUNKED, /* "chunked", and not a byte more */
    HTTP_TRANSFER_UNKNOWN, /* a list with another coding than chunked */
    HTTP_TRANSFER_INVALID,
};

/*
 * What a Transfer-Encoding is. Invalid is whatever is not a list of codings; a
 * list in which "chunked" is not the last (RFC 9112 section 6.3) or is repeated
 * (section 6.1); and "chunked" alone, but written in another way, with white
 * space, commas or parameters, in which it would be missed by a server that
 * compares the whole value.
 */
enum http_transfer_coding http_transfer_coding_of(struct text value);

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

#endif
