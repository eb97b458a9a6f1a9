/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Head validation: the fields that matter, picked out of a request's head in
 * one pass, and the reasons to refuse it. libmicrohttpd 0.9.75 accepts
 * ambiguous framing that another server in front of this one may read
 * differently, which is how requests are smuggled (RFC 9112 section 11.2).
 * Whatever is ambiguous is refused here.
 */
#ifndef LUNAR_SERVER_HEAD_H
#define LUNAR_SERVER_HEAD_H

#include <stdbool.h>
#include <stdint.h>

#include "http/request.h"

struct MHD_Connection;

/* The first line. */
struct head_line {
    const char *method, *version; /* in MHD's own buffer */
    struct text target;           /* a copy; MHD changes its own */
};

struct head {
    bool expects_continue;   /* Expect: 100-continue */
    bool chunked;            /* the body is chunked, and may have trailers */
    uint64_t content_length; /* 0 if the request has none */
};

/*
 * Read the head of the request on `connection`, in MHD's first call for it.
 * Returns 0; or the status with which the request must be refused and the
 * connection closed, and sets `objection` to a static sentence that says why.
 */
unsigned head_read(struct MHD_Connection *connection,
                   const struct head_line *line, struct http_fields *fields,
                   struct head *head, const char **objection);

/*
 * Whether the request, which is complete and chunked, has trailers. MHD takes a
 * trailer without a name for the end of the trailers (RFC 9112 section 11.2)
 * and does not report it: what follows on the connection must not be read. Also
 * true if the first line behind the chunks arrived in two parts, as MHD then
 * makes a field of it in any case. A first trailer that begins with a NUL is
 * not seen: MHD ends the trailers there and reports none.
 */
bool head_has_trailers(struct MHD_Connection *connection);

#endif
