/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Counts requests, and logs them: at debug one line each, and a warning where
 * one was refused. The rate of warnings is limited, over all clients: a client
 * that is refused again and again must not hide everything else. What is left
 * out is counted, and the number is logged.
 */
#ifndef LUNAR_SERVER_REQUEST_LOG_H
#define LUNAR_SERVER_REQUEST_LOG_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/text.h"
#include "http/request.h"

struct counters;
struct sockaddr;

enum {
    REQUEST_LOG_AT_ONCE = 10,     /* warnings, after a time without any */
    REQUEST_LOG_SECOND = 1000000, /* microseconds for each after these */
    REQUEST_LOG_TARGET =
        256, /* bytes of a target, escaped; longer ones are cut */
};

/* What one client asked for, and what it got. */
struct request_line {
    const struct sockaddr *client; /* NULL: unknown */
    enum http_method method;
    struct text target;
    unsigned status; /* 0: no response */
};

struct request_log {
    struct counters *counters; /* read-only */
    pthread_mutex_t lock;
    /* Guarded by `lock`. */
    uint64_t paid;     /* the time up to which seconds are used up */
    uint64_t left_out; /* not reported yet */
};

/* Ownership: `counters` is borrowed. */
void request_log_init(struct request_log *log, struct counters *counters);
void request_log_release(struct request_log *log);

/*
 * A request gets its response now, or gets none. `note` is that of the response
 * (http/response.h). The request is refused if it gets no response, or an
 * error; or if there is a note, as lines of a batch were rejected. A 404 of GET
 * or HEAD is no refusal: it is what a client gets that asks for a rocket before
 * the rocket's first message.
 */
void request_log_response(struct request_log *log,
                          const struct request_line *line, const char *note);

/* libmicrohttpd itself has refused a request, with `status`. */
void request_log_unreadable(struct request_log *log, unsigned status);

/* Log how many warnings were left out, if any. To be called at intervals. */
void request_log_report(struct request_log *log);

/*
 * The line of a request that is over: of how long a body, after how many
 * microseconds, and whether all of the response was sent.
 */
void request_log_end(const struct request_line *line, size_t received,
                     uint64_t duration, bool sent);

#endif
