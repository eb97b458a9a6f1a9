/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The head of a request: the fields that matter, picked out in one pass,
 * and the reasons to refuse it. libmicrohttpd 0.9.75 takes ambiguous
 * framing that another server in front of this one may read differently,
 * which is how requests are smuggled (RFC 9112 section 11.2); whatever is
 * ambiguous is refused here.
 */
#ifndef LUNAR_SERVER_HEAD_H
#define LUNAR_SERVER_HEAD_H

#include <stdbool.h>
#include <stdint.h>

#include "http/request.h"

struct MHD_Connection;

/* The first line. */
struct head_line {
    const char *method, *version; /* as MHD has them, in its own buffer */
    struct text target;           /* a copy; MHD changes its own */
};

struct head {
    bool expects_continue;   /* Expect: 100-continue */
    bool chunked;            /* the body is, and may have trailers */
    uint64_t content_length; /* 0 if the request has none */
};

/*
 * Read the head of the request on `connection`, in MHD's first call for it.
 * Returns 0, or the status with which the request must be refused and the
 * connection closed, and then a sentence (static) that says why.
 */
unsigned head_read(struct MHD_Connection *connection,
                   const struct head_line *line, struct http_fields *fields,
                   struct head *head, const char **objection);

/*
 * Whether fields came behind the chunks of the request, which is complete.
 * MHD takes one that has no name for their end (RFC 9112 section 11.2), and
 * does not tell where it did: what comes behind must not be read. True as
 * well where the first line behind the chunks came in two parts: MHD then
 * makes a field of it in any case. Not seen is a first field that begins with
 * a NUL: MHD ends the trailers there, and has none to tell of.
 */
bool head_has_trailers(struct MHD_Connection *connection);

#endif
