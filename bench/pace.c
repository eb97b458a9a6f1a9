/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bench_pace: measures the latency of a server on this machine under requests
 * at a fixed rate; pacer.h defines latency. Prints the figures as one line of
 * JSON.
 */
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "flags.h"
#include "pacer.h"

enum { MAX_REQUESTS = 50 * 1000 * 1000 };

struct options {
    uint64_t port, connections, rate, milliseconds, requests, idle;
    uint64_t rockets, round, first;
    const char *get;
};

static volatile sig_atomic_t stop;

static void stop_sending(int signal_number)
{
    (void)signal_number;
    stop = 1;
}

static int compare_times(const void *left, const void *right)
{
    uint32_t a = *(const uint32_t *)left;
    uint32_t b = *(const uint32_t *)right;

    return a < b ? -1 : a > b;
}

/* A percentile of `sorted`, in microseconds. */
static double percentile(const uint32_t *sorted, uint64_t count,
                         unsigned per_mille)
{
    uint64_t rank = (count * per_mille + 999) / 1000;

    return sorted[rank > 0 ? rank - 1 : 0] / 10.0;
}

static void print_result(struct pacer_result *result)
{
    uint64_t count = result->answered;

    if (count == 0)
        die("no request was sent");
    qsort(result->latency, count, sizeof(*result->latency), compare_times);
    qsort(result->late, count, sizeof(*result->late), compare_times);
    printf("{\"requests\": %" PRIu64 ", \"seconds\": %.6f, "
           "\"p50_us\": %.1f, \"p99_us\": %.1f, \"p999_us\": %.1f, "
           "\"max_us\": %.1f, \"late_p50_us\": %.1f, \"late_p99_us\": %.1f, "
           "\"reopened\": %" PRIu64 ", \"retried\": %" PRIu64
           ", \"idle_reopened\": %" PRIu64 "}\n",
           count, result->seconds, percentile(result->latency, count, 500),
           percentile(result->latency, count, 990),
           percentile(result->latency, count, 999),
           percentile(result->latency, count, 1000),
           percentile(result->late, count, 500),
           percentile(result->late, count, 990), result->reopened,
           result->retried, result->idle_reopened);
}

static void read_options(int argc, char *argv[], struct options *options)
{
    const struct flag flags[] = {
        {.name = "port",
         .help = "port of the server, on 127.0.0.1",
         .number = &options->port,
         .min = 1,
         .max = UINT16_MAX},
        {.name = "get",
         .help = "send GET of this target instead of POST /messages",
         .text = &options->get},
        {.name = "connections",
         .help = "number of connections, which are kept open",
         .number = &options->connections,
         .min = 1,
         .max = 100000},
        {.name = "rate",
         .help = "requests/s; 0: the next when a response arrives",
         .number = &options->rate,
         .max = 10000000},
        {.name = "milliseconds",
         .help = "time in which to send",
         .number = &options->milliseconds,
         .min = 1,
         .max = 3600000},
        {.name = "requests",
         .help = "most requests; 0: as many as fit into the time",
         .number = &options->requests,
         .max = MAX_REQUESTS},
        {.name = "idle",
         .help = "number of further connections, which send nothing",
         .number = &options->idle,
         .max = 1000000},
        {.name = "rockets",
         .help = "number of rockets",
         .number = &options->rockets,
         .min = 1,
         .max = 10000000},
        {.name = "round",
         .help = "part of the rocket ids; another round, other rockets",
         .number = &options->round,
         .max = UINT32_MAX},
        {.name = "first",
         .help = "number of the first message of each rocket",
         .number = &options->first,
         .min = 1,
         .max = 1000000000},
        {.name = NULL},
    };

    flags_read(argc, argv, flags,
               "Sends requests at a fixed rate, with distinct messages in "
               "order, and prints\npercentiles of the latency from the due "
               "time of a request to its response.\nCtrl-C ends it early.");
}

/* As many as fit into the time, but at most -requests. */
static uint64_t most_requests(const struct options *options, double seconds)
{
    double fitting = seconds * (double)options->rate + 1;
    uint64_t most = MAX_REQUESTS;

    if (options->rate > 0 && fitting < MAX_REQUESTS)
        most = (uint64_t)fitting;
    return options->requests > 0 && options->requests < most ? options->requests
                                                             : most;
}

int main(int argc, char *argv[])
{
    struct options options = {
        .port = 8088,
        .connections = 64,
        .rate = 1000,
        .milliseconds = 2000,
        .rockets = 20,
        .round = 1,
        .first = 1,
    };

    read_options(argc, argv, &options);
    signal(SIGINT, stop_sending);
    signal(SIGTERM, stop_sending);
    double seconds = (double)options.milliseconds / 1000;
    struct pacer_result result = pacer_run(&(struct pacer_options){
        .port = (uint16_t)options.port,
        .get = options.get,
        .fleet = fleet_share((uint32_t)options.round, options.rockets,
                             options.first, 0, 1),
        .connections = options.connections,
        .rate = options.rate,
        .requests = most_requests(&options, seconds),
        .seconds = seconds,
        .idle = options.idle,
        .stop = &stop,
    });
    print_result(&result);
    free(result.latency);
    free(result.late);
    return 0;
}
