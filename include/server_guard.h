/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The head of a request: the fields that matter, picked out in one pass,
 * and the reasons to refuse it. libmicrohttpd 0.9.75 takes ambiguous
 * framing that another server in front of this one may read differently,
 * which is how requests are smuggled (RFC 9112 section 11.2); whatever is
 * ambiguous is refused here.
 */
#ifndef LUNAR_SERVER_GUARD_H
#define LUNAR_SERVER_GUARD_H

#include <stdbool.h>
#include <stdint.h>

#include "http.h"

struct MHD_Connection;

struct server_head {
    bool expects_continue;   /* Expect: 100-continue */
    uint64_t content_length; /* 0 if the request has none */
};

/*
 * Read the head of the request on `connection`. Returns NULL, or a sentence
 * (static) that says why the request must be refused with 400 and the
 * connection closed.
 */
const char *server_guard_read(struct MHD_Connection *connection,
                              const char *version, struct http_fields *fields,
                              struct server_head *head);

#endif
