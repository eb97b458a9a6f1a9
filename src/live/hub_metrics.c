/* SPDX-License-Identifier: Apache-2.0 */
#include "hub_metrics.h"

#include "base/metrics.h"
#include "hub_parts.h"

enum { MICROSECONDS = 6 /* decimals */ };

static void read_streams(void *context, uint64_t values[])
{
    struct hub *hub = context;

    values[0] = atomic_load(&hub->readers);
}

static const struct metric_family streams = {
    .type = METRIC_GAUGE,
    .name = "lunar_event_streams",
    .help = "Open streams of events.",
    .read = read_streams,
};

static void read_waits(void *context, uint64_t values[])
{
    struct hub *hub = context;

    values[0] = atomic_load(&hub->waits);
}

static const struct metric_family waits = {
    .type = METRIC_GAUGE,
    .name = "lunar_event_waits",
    .help = "Reads that wait for a change.",
    .read = read_waits,
};

static const char *const events[HUB_EVENTS] = {
    [HUB_ROCKETS] = "rockets",
    [HUB_LAUNCHED] = "launched",
    [HUB_EXPLODED] = "exploded",
    [HUB_SUMMARY] = "summary",
};

static const struct metric_family sent = {
    .type = METRIC_COUNTER,
    .name = "lunar_events_sent_total",
    .help = "Events that were sent, each to one reader, by their kind.",
    .labels = {{"event", events, HUB_EVENTS}},
};

static const struct metric_family resets = {
    .type = METRIC_COUNTER,
    .name = "lunar_events_resets_total",
    .help = "Times that a reader was told that it has missed changes.",
};

static const uint64_t tick_bounds[] = {100,    250,    500,    1000,  2500,
                                       5000,   10000,  25000,  50000, 100000,
                                       250000, 500000, 1000000};

static const struct metric_family ticks = {
    .type = METRIC_HISTOGRAM,
    .name = "lunar_live_tick_seconds",
    .help = "Time to collect changes and to write their events.",
    .decimals = MICROSECONDS,
    .bounds = tick_bounds,
    .bound_count = sizeof(tick_bounds) / sizeof(tick_bounds[0]),
};

struct hub_metrics hub_metrics_add(struct metrics *metrics, struct hub *hub)
{
    metrics_add(metrics, &streams, hub);
    metrics_add(metrics, &waits, hub);
    return (struct hub_metrics){
        .sent = metrics_add(metrics, &sent, NULL),
        .resets = metrics_add(metrics, &resets, NULL),
        .ticks = metrics_add(metrics, &ticks, NULL),
    };
}
