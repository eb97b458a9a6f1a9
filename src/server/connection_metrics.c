/* SPDX-License-Identifier: Apache-2.0 */
#include "connection_metrics.h"

#include "base/metrics.h"
#include "connections.h"
#include "exchange.h"

static const char *const phases[CONNECTION_PHASES] = {
    [CONNECTION_IDLE] = "idle",
    [CONNECTION_RECEIVING] = "receiving",
    [CONNECTION_WORKING] = "working",
    [CONNECTION_SENDING] = "sending",
};

static void read_connections(void *context, uint64_t values[])
{
    const struct server_context *server = context;

    connections_phases(server->connections, values);
}

static const struct metric_family connections = {
    .type = METRIC_GAUGE,
    .name = "lunar_connections",
    .help = "Open connections by phase, counted twice a second.",
    .labels = {{"phase", phases, CONNECTION_PHASES}},
    .read = read_connections,
};

static void read_limit(void *context, uint64_t values[])
{
    const struct server_context *server = context;

    values[0] =
        (uint64_t)connections_limit(server->connections) * server->sockets;
}

static const struct metric_family limit = {
    .type = METRIC_GAUGE,
    .name = "lunar_connections_limit",
    .help = "Connections that may be open at a time.",
    .read = read_limit,
};

void connection_metrics_add(struct metrics *metrics,
                            struct server_context *context)
{
    metrics_add(metrics, &connections, context);
    metrics_add(metrics, &limit, context);
}
