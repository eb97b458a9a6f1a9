/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The metrics of the server.
 */
#ifndef LUNAR_SERVER_SERVER_METRICS_H
#define LUNAR_SERVER_SERVER_METRICS_H

struct metric;
struct metrics;

/* Each may be NULL. */
struct server_metrics {
    struct metric *requests, *refused;
};

/* Add the families to `metrics`, which may be NULL. */
void server_metrics_add(struct server_metrics *added, struct metrics *metrics);

#endif
