/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The HTTP of requests to other services: the head that is sent, and what a
 * refusal says. Pure functions.
 */
#ifndef LUNAR_CLIENT_REQUEST_H
#define LUNAR_CLIENT_REQUEST_H

#include <stdbool.h>
#include <stddef.h>

#include "base/text.h"
#include "http/url.h"

/* A GET. All borrowed. */
struct client_request {
    const struct http_url *url;
    struct text path;    /* instead of the URL's; absent: the URL's */
    const char *version; /* "1.0", so that a body has no coding, or "1.1" */
    const char *token;   /* for Authorization (RFC 6750); NULL: none */
};

/*
 * Write the head of the request. Returns its length; 0 if it has no room. The
 * caller clears `out` if there was a token.
 */
size_t client_write_get(const struct client_request *request, char *out,
                        size_t size);

/*
 * Write the `detail` of a problem (RFC 9457) to `out`, escaped. False, with
 * `out` untouched, if `body` is no problem with a detail.
 */
bool client_read_detail(struct text body, char *out, size_t size);

#endif
