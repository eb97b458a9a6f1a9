/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Counts requests, and logs them: at debug one line each, and a warning where
 * one was refused. The rate of warnings is limited for each client, so that one
 * that is refused again and again hides neither the other lines nor the other
 * clients. What is left out is counted, and the number is logged.
 */
#ifndef LUNAR_SERVER_REQUEST_LOG_H
#define LUNAR_SERVER_REQUEST_LOG_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/text.h"
#include "http/request.h"

struct server_metrics;
struct sockaddr;

enum {
    REQUEST_LOG_AT_ONCE = 10,     /* warnings, after a time without any */
    REQUEST_LOG_SECOND = 1000000, /* microseconds for each after these */
    /*
     * The rate of warnings is limited for so many groups of addresses: it is
     * bounded, however many clients there are.
     */
    REQUEST_LOG_GROUPS = 64,
    REQUEST_LOG_TARGET = 256, /* bytes of an escaped target, cut if longer */
    REQUEST_LOG_TOKEN = 20,   /* bytes behind "lunar_" that are hidden in it */
};

/* What one client asked for, and what it got. */
struct request_line {
    const struct sockaddr *client; /* NULL: unknown */
    const struct sockaddr *proxy;  /* which speaks for it; NULL: none */
    enum http_method method;       /* 0: its name was not read */
    struct text target;
    unsigned status;        /* 0: no response */
    unsigned route;         /* of http_app.routes */
    const char *request_id; /* NULL: none */
};

/* How a request ended. */
struct request_end {
    uint64_t received; /* bytes of its body */
    uint64_t response; /* bytes of the body of its response */
    uint64_t duration; /* microseconds since its first sign */
    bool sent;         /* all of the response */
};

struct request_log {
    const struct server_metrics *metrics;
    pthread_mutex_t lock;
    /* Guarded by `lock`. */
    uint64_t paid[REQUEST_LOG_GROUPS]; /* time up to which it is used up */
    uint64_t left_out;                 /* not reported yet */
    /*
     * Refusals by libmicrohttpd whose request is not known, or not yet; and how
     * many of them there were at the last report. Negative if a request ends so
     * late that its refusal was reported as unknown.
     */
    int64_t unknown, unknown_before;
};

/* Ownership: `metrics` is borrowed. */
void request_log_init(struct request_log *log,
                      const struct server_metrics *metrics);
void request_log_release(struct request_log *log);

/*
 * A request gets its response now, or is refused without one. `note` is that of
 * the response (http/response.h). The request is refused if it gets no
 * response, or an error; or if there is a note, as lines of a batch were
 * rejected. A 404 of GET or HEAD is no refusal: it is what a client gets that
 * asks for a rocket before the rocket's first message. Not called for a
 * response that is `requested`.
 */
void request_log_response(struct request_log *log,
                          const struct request_line *line, const char *note);

/*
 * libmicrohttpd itself has refused a request. It says whose only at the end of
 * the request, for which request_log_refused() is called; but never if it could
 * not read even the request's first line.
 */
void request_log_unknown(struct request_log *log);
void request_log_refused(struct request_log *log,
                         const struct request_line *line);

/*
 * Log how many warnings were left out, and how many requests were refused of
 * which nothing is known, if any. To be called at intervals. `last`: no request
 * will end any more.
 */
void request_log_report(struct request_log *log, bool last);

/* A request is over. */
void request_log_end(struct request_log *log, const struct request_line *line,
                     const struct request_end *end);

#endif
