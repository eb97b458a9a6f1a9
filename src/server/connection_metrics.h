/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The metrics of the connections that are open now, read from their list.
 */
#ifndef LUNAR_SERVER_CONNECTION_METRICS_H
#define LUNAR_SERVER_CONNECTION_METRICS_H

struct metrics;
struct server_context;

/*
 * Add the families to `metrics`, which may be NULL. They can be read once
 * `context` has its connections. Ownership: `context` is borrowed.
 */
void connection_metrics_add(struct metrics *metrics,
                            struct server_context *context);

#endif
