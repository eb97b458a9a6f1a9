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

#include "base/buffer.h"
#include "http/forwarded.h"
#include "http/request.h"

struct MHD_Connection;

/* The lists among the fields that are kept. */
enum head_list {
    HEAD_ACCEPT_ENCODING,
    HEAD_CONTENT_ENCODING,
    HEAD_COOKIE,
    HEAD_FORWARDED,
    HEAD_IF_NONE_MATCH,
    HEAD_X_FORWARDED_FOR,
    HEAD_X_FORWARDED_HOST,
    HEAD_X_FORWARDED_PROTO,
    HEAD_LISTS,
};

/* The first line. */
struct head_line {
    const char *method, *version; /* in MHD's own buffer */
    struct text target;           /* a copy; MHD changes its own */
};

struct head {
    bool expects_continue;   /* Expect: 100-continue, in HTTP/1.1 */
    bool chunked;            /* the body is chunked, and may have trailers */
    bool old;                /* HTTP/1.0 */
    bool last;               /* the client sends no other request after it */
    uint64_t content_length; /* 0 if the request has none */
    /* Of any peer, trusted or not; absent if the head's lines are ambiguous. */
    struct forwarded_fields forwarded;
    bool has_joined;                  /* any of these: */
    struct buffer joined[HEAD_LISTS]; /* lists that came in several fields */
};

/*
 * Free the joined lists, which fields may point into. Until then other heads
 * may be read into `head`.
 */
void head_release(struct head *head);

/*
 * Read the head of the request on `connection`, in MHD's first call for it.
 * `head` is zeroed before the first one.
 * Returns 0; or the status with which the request must be refused and the
 * connection closed, and sets `objection` to a static sentence that says why,
 * or to NULL if memory is exhausted.
 */
unsigned head_read(struct MHD_Connection *connection,
                   const struct head_line *line, struct http_fields *fields,
                   struct head *head, const char **objection);

#endif
