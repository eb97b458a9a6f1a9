/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The URLs that `rockets watch` requests. The base is the URL that the user
 * has given, without "/" at its end and, before that, without the last part of
 * its path if that is "messages", "rockets" or "events": so that the URL of
 * `rockets launch` does, and a prefix of a proxy stays.
 */
#ifndef ROCKETS_WATCH_URL_H
#define ROCKETS_WATCH_URL_H

#include <stdbool.h>
#include <stddef.h>

#include "bytes.h"

enum {
    /* The service takes 8 KiB: the rest is for the prefix. */
    WATCH_URL_MAX_QUERY = 6 * 1024,
};

/* How many bytes of `url` are the base. */
size_t watch_url_base(const char *url);

struct watch_url_stream {
    const char *events;   /* a list with commas */
    bool no_rockets;      /* leave out "rockets" of these: there are no rows */
    unsigned interval_ms; /* 0: that of the service */
    /*
     * The rockets of the event "rockets", in any order; ids that do not fit
     * into WATCH_URL_MAX_QUERY are left out.
     */
    const char *const *ids;
    size_t id_count;
};

/*
 * Append the URL of GET /events, and a NUL. Two sets of the same ids give the
 * same URL if they are in the same order.
 */
void watch_url_stream(struct bytes *out, const char *url,
                      const struct watch_url_stream *stream);

/* Append the URL of GET /rockets with these parameters, and a NUL. */
void watch_url_list(struct bytes *out, const char *url, const char *sort,
                    const char *order, size_t limit);

/* Append the URL of GET /rockets/ID, and a NUL. */
void watch_url_rocket(struct bytes *out, const char *url, const char *id);

#endif
