/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the server counts: requests, by the application's routes, and
 * connections. connection_metrics.h has those that are open.
 */
#ifndef LUNAR_SERVER_SERVER_METRICS_H
#define LUNAR_SERVER_SERVER_METRICS_H

#include <stdint.h>

struct http_app;
struct metric;
struct metrics;
struct request_end;
struct request_line;

enum { SERVER_METRICS_STATUSES = 600 /* statuses are below */ };

/* Set by server_metrics_add(), then read-only. Each metric may be NULL. */
struct server_metrics {
    struct metric *requests, *refused, *durations;
    struct metric *request_bytes, *response_bytes;
    struct metric *opened, *closed; /* connections; `closed` by its end */
    /* The value of the label `code` of each status; 0: another one. */
    unsigned char codes[SERVER_METRICS_STATUSES];
};

/*
 * Add the families to `metrics`, which may be NULL.
 * Ownership: the routes of `app` are borrowed.
 */
void server_metrics_add(struct server_metrics *added, struct metrics *metrics,
                        const struct http_app *app);

/* Count a request that is over. */
void server_metrics_request(const struct server_metrics *metrics,
                            const struct request_line *line,
                            const struct request_end *end);

/*
 * Count requests that libmicrohttpd has refused, and whose first line it could
 * not read: neither their status nor their duration is known.
 */
void server_metrics_unread(const struct server_metrics *metrics,
                           uint64_t count);

#endif
