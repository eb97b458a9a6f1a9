/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Batches whose body is gzip data: decoded and applied as they arrive, on the
 * workers. A job ends when it has read and made GUNZIP_STEP bytes or, with the
 * last step, less than GUNZIP_STEP more. So neither an event loop nor another
 * job waits for long, whatever the body decodes to.
 */
#ifndef LUNAR_API_GZIP_BATCH_H
#define LUNAR_API_GZIP_BATCH_H

#include "api/api.h"
#include "http/response.h"

enum {
    /* With so many compressed bytes to be decoded, the sender waits. */
    GZIP_BATCH_QUEUE = 64 * 1024,
    /* Where its connection cannot wait (body.h), more than this is a 503. */
    GZIP_BATCH_MAX_QUEUE = 1024 * 1024,
};

/*
 * Where the body goes. NULL, with a status in `response`, if memory for
 * decoding is exhausted.
 * Ownership: the sink is the server's (body.h); `api` is borrowed.
 */
struct http_sink *gzip_batch_open(struct api *api,
                                  struct http_response *response);

/* 503: memory for decoding is exhausted. */
void gzip_batch_no_memory(struct http_response *response);

#endif
