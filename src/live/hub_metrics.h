/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The families of the hub.
 */
#ifndef LUNAR_LIVE_HUB_METRICS_H
#define LUNAR_LIVE_HUB_METRICS_H

struct hub;
struct metric;
struct metrics;

/* Those that are counted by the hub. Each may be NULL. */
struct hub_metrics {
    struct metric *sent; /* by enum hub_event */
    struct metric *resets;
    struct metric *ticks; /* microseconds */
};

/* `metrics` may be NULL. Ownership: `hub` is borrowed until metrics_forget().
 */
struct hub_metrics hub_metrics_add(struct metrics *metrics, struct hub *hub);

#endif
