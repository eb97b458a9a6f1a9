/* SPDX-License-Identifier: Apache-2.0 */
#include "server_metrics.h"

#include "base/metrics.h"

static const struct metric_family requests = {
    .type = METRIC_COUNTER,
    .name = "lunar_http_requests_total",
    .help = "Requests that are over, whether they got a response or not.",
};

static const struct metric_family refused = {
    .type = METRIC_COUNTER,
    .name = "lunar_http_refused_total",
    .help = "Requests that were refused, as the log has them.",
};

void server_metrics_add(struct server_metrics *added, struct metrics *metrics)
{
    added->requests = metrics_add(metrics, &requests, NULL);
    added->refused = metrics_add(metrics, &refused, NULL);
}
