/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The metrics of the application.
 */
#ifndef LUNAR_API_API_METRICS_H
#define LUNAR_API_API_METRICS_H

struct api;
struct metrics;

/* Add the families to `metrics`, which may be NULL. */
void api_metrics_add(struct api *api, struct metrics *metrics);

#endif
