/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Request targets (RFC 9112 section 3.2) and percent-encoding (RFC 3986 section
 * 2.1).
 */
#ifndef LUNAR_HTTP_TARGET_H
#define LUNAR_HTTP_TARGET_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buffer.h"
#include "base/text.h"

/*
 * Split a request target into path and query (RFC 9112 section 3.2). The scheme
 * and authority of an absolute-form target are omitted; the asterisk-form has
 * the path "*". Without a "?" the query is absent.
 */
void http_target_split(struct text target, struct text *path,
                       struct text *query);

/*
 * Host and port of an absolute-form target, which override Host (RFC 9112
 * section 3.2.2). Absent for all other targets.
 */
struct text http_target_authority(struct text target);

/*
 * Decode %XX in place (RFC 3986 section 2.1), and "+" as a space if
 * `plus_is_space`. Returns the new length, or -1 for a "%" without two
 * hexadecimal digits, after which the text is partly decoded.
 */
ptrdiff_t http_percent_decode(char *text, size_t length, bool plus_is_space);

/* Whether every "%" is followed by two hexadecimal digits. */
bool http_is_percent_encoded(struct text text);

/*
 * Append `text` percent-encoded (RFC 3986 section 2.1): all characters but
 * unreserved ones become %XX. The result is valid anywhere in a path or query.
 */
void http_percent_encode(struct buffer *out, struct text text);

#endif
