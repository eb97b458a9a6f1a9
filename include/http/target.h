/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Targets of requests (RFC 9112 section 3.2) and percent-encoding (RFC 3986
 * section 2.1).
 */
#ifndef LUNAR_HTTP_TARGET_H
#define LUNAR_HTTP_TARGET_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buffer.h"
#include "base/text.h"

/*
 * Cut a request target into path and query (RFC 9112 section 3.2). Of an
 * absolute-form target the scheme and authority are left out; the
 * asterisk-form gives the path "*".
 */
void http_target_split(struct text target, struct text *path,
                       struct text *query);

/*
 * Host and port of an absolute-form target, which go before what Host says
 * (RFC 9112 section 3.2.2). Absent for all other targets.
 */
struct text http_target_authority(struct text target);

/*
 * Decode %XX in place (RFC 3986 section 2.1), and `+` to a space where
 * `plus_is_space`. Returns the new length, or -1 for a `%` without two
 * hexadecimal digits; then the text is partly decoded.
 */
ptrdiff_t http_percent_decode(char *text, size_t length, bool plus_is_space);

/* Whether every "%" is followed by two hexadecimal digits. */
bool http_is_percent_encoded(struct text text);

/*
 * Append `text` percent-encoded (RFC 3986 section 2.1): all but unreserved
 * characters become %XX, so that it can stand anywhere in a path or a query.
 */
void http_percent_encode(struct buffer *out, struct text text);

#endif
