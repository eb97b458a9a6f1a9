/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Entity tags and If-None-Match (RFC 9110 sections 8.8.3 and 13.1.2).
 */
#ifndef LUNAR_HTTP_ETAG_H
#define LUNAR_HTTP_ETAG_H

#include <stdbool.h>

#include "base/text.h"

/*
 * Whether `if_none_match` names `etag` ("\"x\"" or "W/\"x\"") by weak
 * comparison, or is "*". A field that is absent or malformed names nothing;
 * in a list, what stands before the mistake counts.
 */
bool etag_matches(struct text if_none_match, struct text etag);

#endif
