/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Values of header fields (RFC 9110), as handlers and the server read them.
 */
#ifndef LUNAR_HTTP_FIELDS_H
#define LUNAR_HTTP_FIELDS_H

#include <stdbool.h>

#include "base/text.h"
#include "http/request.h"

/* Whether methods and names of fields may be so (RFC 9110 section 5.6.2). */
bool http_is_token(struct text text);

/*
 * Whether this is a host, with or without a port (RFC 9110 section 7.2). One
 * that is empty is; what is in brackets need not be an address.
 */
bool http_is_host(struct text text);

/*
 * Whether a Content-Type is of the media type `type` ("text/plain"): case
 * and parameters do not count (RFC 9110 section 8.3.1).
 */
bool http_media_type_is(struct text content_type, struct text type);

/*
 * Whether Accept-Encoding lets us send `coding` (RFC 9110 section 12.5.3):
 * it is named, or else "*" is, with a weight above 0. Absent: false, as
 * the plain form is then the safe one.
 */
bool http_accepts_encoding(struct text accept_encoding, struct text coding);

/*
 * Whether this comes from a page of another site, which a browser tells by
 * Sec-Fetch-Site (neither "same-origin" nor "none") or, where that is not
 * sent, by an Origin whose authority is not Host.
 */
bool http_is_cross_site(const struct http_fields *fields);

#endif
