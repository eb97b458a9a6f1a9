/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A URL of another service, to be asked by a client: http:// or https://.
 */
#ifndef LUNAR_HTTP_URL_H
#define LUNAR_HTTP_URL_H

#include <stdbool.h>

#include "base/text.h"

enum {
    HTTP_URL_TEXT = 512, /* bytes of a whole URL, with a NUL */
    HTTP_URL_HOST = 256, /* bytes with a NUL; a name in DNS has at most 253 */
    HTTP_URL_PORT = 6,   /* the same */
};

/* A URL in the parts that a client needs. */
struct http_url {
    bool secure;              /* https:// */
    char host[HTTP_URL_HOST]; /* as getaddrinfo(3) has it: "fe80::1%eth0" */
    char port[HTTP_URL_PORT]; /* "80" or "443", if the URL has none */
    struct text path;         /* with the query; borrowed; empty: "/" */
};

/*
 * Read "http://" or "https://", a host, which may be an IPv6 address in
 * brackets, perhaps a port, a path and a query. False if it is something else,
 * such as a URL with a user or a password, which would end up in logs, or if it
 * is too long.
 */
bool http_url_read(struct text url, struct http_url *out);

/*
 * Write the host and the port as the field Host has them, with a NUL. The zone
 * of an address is left out: it means nothing to the server (RFC 6874 section
 * 4).
 */
void http_url_write_host(const struct http_url *url,
                         char out[HTTP_URL_HOST + HTTP_URL_PORT + 3]);

#endif
