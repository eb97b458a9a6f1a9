/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reads that wait until this instance has applied a position of the journal
 * that it shares with others: what a client has posted to another instance, or
 * read from it, is here then.
 */
#ifndef LUNAR_API_AFTER_READ_H
#define LUNAR_API_AFTER_READ_H

#include <stdint.h>

#include "api/api.h"
#include "http/request.h"
#include "http/response.h"
#include "revisions.h"

enum {
    AFTER_READ_MS = 1000,     /* a read with Lunar-After */
    AFTER_REVISION_MS = 5000, /* one that names a revision of this history */
};

typedef void after_read_get(struct api *api, const struct http_request *request,
                            struct http_response *response);

/* What a read waits for. */
struct after_read_options {
    uint64_t position;
    unsigned ms; /* at most, and JOURNAL_TICK_MS more */
    /* Respond, once it is applied; and if it is not by then. */
    after_read_get *get, *late;
};

/*
 * Wait, then respond by one of the two functions. 503 if too many wait already,
 * if memory is exhausted, or if the service stops.
 */
void after_read_wait(struct api *api, const struct http_request *request,
                     const struct after_read_options *options,
                     struct http_response *response);

/*
 * Respond by `get`, but not before the position in Lunar-After is applied, if
 * the request has that header. 400 if it is no position; 503 if it is not
 * applied within AFTER_READ_MS.
 */
void after_read_begin(struct api *api, const struct http_request *request,
                      after_read_get *get, struct http_response *response);

/*
 * Read Lunar-After. False, with a 400 in `response`, if it is no position; 0 if
 * there is none.
 */
bool after_read_parse(const struct http_request *request, uint64_t *position,
                      struct http_response *response);

/*
 * Whether `name` is a revision of this history that this instance has not
 * reached: another one, which is ahead, has given it to the client.
 */
bool after_read_is_ahead(const struct api *api,
                         const struct revision_name *name);

#endif
