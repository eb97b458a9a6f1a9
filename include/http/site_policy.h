/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which web sites a browser may let use the service, and under which names.
 *
 * - A page of another site may neither post nor read, unless its origin is
 *   allowed (CORS, https://fetch.spec.whatwg.org/#http-cors-protocol).
 * - A site may have its own name resolve to the address of the service, such as
 *   127.0.0.1 (DNS rebinding). The browser then takes both for one site. But
 *   such a request has the name of that site as its Host.
 *
 * Locking: none; a policy is only read.
 */
#ifndef LUNAR_HTTP_SITE_POLICY_H
#define LUNAR_HTTP_SITE_POLICY_H

#include <stdbool.h>

#include "base/text.h"
#include "http/request.h"
#include "http/response.h"

/* Ownership: the texts are borrowed. */
struct site_policy {
    struct text origins; /* a list, or "*" for all; absent: none */
    struct text hosts;   /* a list; absent: none */
    struct text address; /* where the service listens, which may be a name */
};

/*
 * Whether `list` is "*", or origins without a path, such as
 * "https://example.org, http://localhost:3000" (RFC 6454 section 6.1).
 */
bool site_policy_is_origin_list(struct text list);

/* Whether `list` is host names without ports, such as "example.org, lunar". */
bool site_policy_is_host_list(struct text list);

/*
 * Which page sent the request. A browser shows that it is one of another origin
 * by a Sec-Fetch-Site other than "same-origin" and "none"; or, without that
 * field, by an Origin whose authority differs from Host, or whose scheme from
 * `scheme`, if that is known. Without a policy, NULL, no other origin is
 * allowed.
 */
enum http_site site_policy_site(const struct site_policy *policy,
                                const struct http_fields *fields,
                                enum http_scheme scheme);

/*
 * Whether `host`, a valid host with or without a port (http_is_host()), is one
 * that no other site can have: localhost and names below it, an IP address, the
 * service's own address, or a listed name. Also if it is empty or absent: then
 * no name was resolved.
 */
bool site_policy_allows_host(const struct site_policy *policy,
                             struct text host);

/*
 * Add the header fields of CORS to the response to `request`, so that pages of
 * allowed origins can read it; to a 204 for OPTIONS, those of a preflight. Adds
 * nothing if no origin is allowed. If memory is exhausted, the page cannot read
 * the response.
 */
void site_policy_add_headers(const struct site_policy *policy,
                             const struct http_request *request,
                             struct http_response *response);

#endif
