/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What proxies say of the client for which they speak: Forwarded (RFC 7239), or
 * X-Forwarded-For, X-Forwarded-Proto and X-Forwarded-Host, which have no
 * standard.
 *
 * Anybody can send these fields, and a proxy passes on what it does not know.
 * So only the word of a trusted proxy counts, which is at the end of a list:
 * the peer has added the last element, and it says from whom the peer has the
 * request. If that is a trusted proxy as well, the element before it counts;
 * and so on, up to the first address that is not trusted: the client's.
 */
#ifndef LUNAR_HTTP_FORWARDED_H
#define LUNAR_HTTP_FORWARDED_H

#include <stdbool.h>
#include <stdint.h>

#include "base/text.h"
#include "http/networks.h"
#include "http/request.h"

/* More trusted proxies in a row than this are no chain, but a mistake. */
enum { FORWARDED_MAX_HOPS = 16 };

/*
 * The fields, absent if they were not sent. A field that was sent more than
 * once is one list (RFC 9110 section 5.3).
 */
struct forwarded_fields {
    struct text forwarded;
    struct text x_for, x_proto, x_host;
};

/* The client, and the URL that it used, as far as they are known. */
struct forwarded {
    bool has_client;
    struct network_address client;
    uint16_t port;           /* the client's; 0: unknown */
    enum http_scheme scheme; /* HTTP_SCHEME_UNKNOWN: no proxy has said it */
    struct text host;        /* with its port, if it has one; or absent */
};

/* Whether any of the fields was sent. */
bool forwarded_is_sent(const struct forwarded_fields *fields);

/*
 * Read the fields of a request whose peer is one of the `trusted`. What is
 * invalid, or was not said, is not known; a Forwarded that breaks its grammar
 * says nothing at all.
 *
 * If both Forwarded and X-Forwarded-* were sent, only what they agree about is
 * known. A proxy that sets one kind and does not remove the other passes on
 * what its client has sent, and nobody can tell which kind that is.
 *
 * Ownership: `host` points into the fields.
 */
void forwarded_read(const struct forwarded_fields *fields,
                    const struct networks *trusted, struct forwarded *result);

#endif
