/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The label `code` has the statuses that the application, the server and
 * libmicrohttpd send, so that their number is fixed. A status that is missing
 * here is counted as "other".
 */
#include "server_metrics.h"

#include <stdlib.h>

#include "base/metrics.h"
#include "connection.h"
#include "http/app.h"
#include "request_log.h"

/* Values of labels. */
#define VALUES(array) array, sizeof(array) / sizeof((array)[0])

enum { CODE_OTHER, CODE_NONE, FIRST_STATUS };

static const char *const codes[] = {
    "other", "none", "200", "202", "204", "302", "304", "400",
    "401",   "403",  "404", "405", "410", "413", "414", "415",
    "417",   "421",  "431", "500", "501", "503", "505",
};

enum { CODES = sizeof(codes) / sizeof(codes[0]) };

static const char *const reasons[CONNECTION_ENDS] = {
    [CONNECTION_END_CLIENT] = "client",
    [CONNECTION_END_ANSWERED] = "answered",
    [CONNECTION_END_IDLE] = "idle",
    [CONNECTION_END_EVICTED] = "evicted",
    [CONNECTION_END_SLOW_REQUEST] = "slow_request",
    [CONNECTION_END_SLOW_RESPONSE] = "slow_response",
    [CONNECTION_END_STOP] = "stop",
    [CONNECTION_END_ERROR] = "error",
    [CONNECTION_END_HANDSHAKE] = "handshake",
};

/* Microseconds: from 0.1 ms to 10 s. */
static const uint64_t bounds[] = {100,    250,    500,     1000,
                                  2500,   5000,   10000,   25000,
                                  100000, 500000, 2500000, 10000000};

static const struct metric_family requests = {
    .type = METRIC_COUNTER,
    .name = "lunar_http_requests_total",
    .help = "Requests that are over, by route and status; code=\"none\": "
            "without a response.",
    .labels = {{"route", NULL, 0}, {"code", VALUES(codes)}},
};

static const struct metric_family refused = {
    .type = METRIC_COUNTER,
    .name = "lunar_http_refused_total",
    .help = "Requests that were refused, as the log has them.",
};

static const struct metric_family durations = {
    .type = METRIC_HISTOGRAM,
    .name = "lunar_http_request_duration_seconds",
    .help = "Time from the first sign of a request until its response is sent, "
            "or until it ends without one.",
    .labels = {{"route", NULL, 0}},
    .decimals = 6,
    .bounds = bounds,
    .bound_count = sizeof(bounds) / sizeof(bounds[0]),
};

static const struct metric_family request_bytes = {
    .type = METRIC_COUNTER,
    .name = "lunar_http_request_bytes_total",
    .help = "Bytes received in the bodies of requests that are over, without "
            "heads.",
};

static const struct metric_family response_bytes = {
    .type = METRIC_COUNTER,
    .name = "lunar_http_response_bytes_total",
    .help = "Bytes in the bodies of responses, without heads and the framing "
            "of chunks.",
};

static const struct metric_family opened = {
    .type = METRIC_COUNTER,
    .name = "lunar_connections_opened_total",
    .help = "Connections that were accepted.",
};

static const struct metric_family closed = {
    .type = METRIC_COUNTER,
    .name = "lunar_connections_closed_total",
    .help = "Connections that were closed, by reason.",
    .labels = {{"reason", VALUES(reasons)}},
};

/* Add a family whose first label is the route. */
static struct metric *add_by_route(struct metrics *metrics,
                                   const struct metric_family *family,
                                   const struct http_app *app)
{
    struct metric_family with_routes = *family;

    with_routes.labels[0].values = app->routes;
    with_routes.labels[0].count = app->route_count;
    return metrics_add(metrics, &with_routes, NULL);
}

void server_metrics_add(struct server_metrics *added, struct metrics *metrics,
                        const struct http_app *app)
{
    *added = (struct server_metrics){
        .requests = add_by_route(metrics, &requests, app),
        .refused = metrics_add(metrics, &refused, NULL),
        .durations = add_by_route(metrics, &durations, app),
        .request_bytes = metrics_add(metrics, &request_bytes, NULL),
        .response_bytes = metrics_add(metrics, &response_bytes, NULL),
        .opened = metrics_add(metrics, &opened, NULL),
        .closed = metrics_add(metrics, &closed, NULL),
        .codes = {[0] = CODE_NONE},
    };
    for (size_t i = FIRST_STATUS; i < CODES; i++)
        added->codes[strtoul(codes[i], NULL, 10)] = (unsigned char)i;
}

void server_metrics_request(const struct server_metrics *metrics,
                            const struct request_line *line,
                            const struct request_end *end)
{
    size_t code = line->status < SERVER_METRICS_STATUSES
                      ? metrics->codes[line->status]
                      : CODE_OTHER;

    metric_add(metrics->requests, (size_t)line->route * CODES + code, 1);
    metric_observe(metrics->durations, line->route, end->duration);
    metric_add(metrics->request_bytes, 0, end->received);
    metric_add(metrics->response_bytes, 0, end->response);
}

void server_metrics_unread(const struct server_metrics *metrics, uint64_t count)
{
    metric_add(metrics->requests, CODE_OTHER, count);
    metric_add(metrics->refused, 0, count);
}
