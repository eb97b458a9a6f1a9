/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The metrics of the log.
 */
#ifndef LUNAR_BASE_LOG_METRICS_H
#define LUNAR_BASE_LOG_METRICS_H

struct metrics;

/* Add the families to `metrics`. */
void log_metrics_add(struct metrics *metrics);

#endif
