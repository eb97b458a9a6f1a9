/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A GET request that runs beside others on a multi handle of curl, without a
 * thread. A response that is wanted is handed on as it arrives, or kept as a
 * whole; of any other response the start is kept, to explain it.
 *
 * Locking: none; one thread drives the multi handle.
 */
#ifndef ROCKETS_FETCH_H
#define ROCKETS_FETCH_H

#include <curl/curl.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "access.h"
#include "bytes.h"
#include "failure.h"

enum {
    FETCH_MAX_PROBLEM = 16 * 1024, /* bytes of an unwanted response */
    FETCH_TAG_SIZE = 128,
};

struct fetch {
    /* Set by fetch_init(), then read-only. */
    CURLM *multi;
    CURL *easy;
    const char *media_type; /* that of a wanted response */
    const struct access *access;
    size_t max_body; /* of a response that is kept */
    /* Called for each part of a wanted response; NULL: it is kept. False ends
     * the request. */
    bool (*take)(void *context, const char *data, size_t length);
    void *context;

    struct curl_slist *headers;
    struct bytes body;
    bool running;
    bool wanted;    /* a response with status 200 of `media_type` begins */
    bool too_large; /* the body exceeds `max_body` */
    struct failure_trace trace;
    int64_t heard_at; /* clock_now() of the start, or of the last bytes */
};

/*
 * `fetch` has `media_type`, `access`, `max_body`, `take` and `context`, and is
 * zero otherwise. Returns false if out of memory. Ownership: the caller calls
 * fetch_release().
 */
bool fetch_init(struct fetch *fetch, CURLM *multi);

/* Also ends the request. Can be called more than once. */
void fetch_release(struct fetch *fetch);

/*
 * Start a request, of which there is none. `last_id`: the field Last-Event-ID,
 * NULL or "": none. Returns false if out of memory.
 */
bool fetch_start(struct fetch *fetch, const char *url, const char *last_id);

/* End the request without a result. Not from within `take`. */
void fetch_cancel(struct fetch *fetch);

/*
 * curl has ended the request with `code`. Returns TRANSPORT_DELIVERED if the
 * response was wanted and is complete; else `*failure` is set.
 */
enum transport_result fetch_finish(struct fetch *fetch, CURLcode code,
                                   struct transport_failure *failure);

/* After fetch_finish(): the seconds of Retry-After, 0: none. */
int64_t fetch_retry_after(const struct fetch *fetch);

/*
 * After fetch_finish(): the opaque part of the response's ETag, without quotes
 * and "W/"; "" if there is none.
 */
void fetch_tag(const struct fetch *fetch, char tag[static FETCH_TAG_SIZE]);

#endif
