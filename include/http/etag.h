/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Entity tags and If-None-Match (RFC 9110 sections 8.8.3 and 13.1.2).
 */
#ifndef LUNAR_HTTP_ETAG_H
#define LUNAR_HTTP_ETAG_H

#include <stdbool.h>

#include "base/text.h"

/*
 * Whether `if_none_match` contains `etag` ("\"x\"" or "W/\"x\"") by weak
 * comparison, or is "*". An absent or malformed field contains no tag; in a
 * list, the tags before the syntax error count. A tag of the list may have a
 * suffix that a proxy has added for the coding in which it sent the response:
 * "-gzip" or "-br" before the closing quote, as Apache's mod_deflate and
 * mod_brotli write it. `etag` itself must not end in one.
 */
bool etag_matches(struct text if_none_match, struct text etag);

#endif
