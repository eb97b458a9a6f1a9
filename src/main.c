/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Connects the parts, waits for a signal, and sets the exit status.
 */
#include <assert.h>
#include <fcntl.h>
#include <malloc.h>
#include <netdb.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "announce.h"
#include "api/api.h"
#include "base/log.h"
#include "base/log_metrics.h"
#include "base/machine.h"
#include "base/metrics.h"
#include "base/process_metrics.h"
#include "base/workers.h"
#include "config.h"
#include "server/server.h"
#include "signals.h"
#include "table/table.h"
#include "totals.h"

enum {
    EXIT_USAGE = 2,
    WORKERS = 2, /* threads for jobs that would block an event loop */
    STOP_MS = 5000,
    /*
     * Allocations of at least this many bytes, such as the keys of a long
     * list, are separate mappings, which return to the system when they are
     * freed. With the default of malloc(3), which adapts, the process would
     * keep the memory from the second list on.
     */
    OWN_MAPPING = 1024 * 1024,
};

static const char no_threads[] =
    "can't start threads: too few processes (ulimit -u) or too little memory";

/*
 * Print one line on stderr, after those of the log; but if nobody reads stderr,
 * the process ends without it. Returns `code`.
 */
static int report_failure(int code, const char *reason)
{
    struct pollfd err = {.fd = STDERR_FILENO, .events = POLLOUT};

    if (log_flush(LOG_STOP_MS) && poll(&err, 1, LOG_STOP_MS) > 0)
        dprintf(STDERR_FILENO, "lunar.service: %s\n", reason);
    return code;
}

/*
 * Open /dev/null for each standard stream that is closed at the start.
 * Otherwise a socket would get the number of the stream, and a client the
 * output. False if /dev/null cannot be opened.
 */
static bool fill_streams(void)
{
    int opened = STDIN_FILENO;

    /* open(2) returns the lowest free number. */
    while (opened >= 0 && opened <= STDERR_FILENO)
        opened = open("/dev/null", O_RDWR | O_CLOEXEC);
    if (opened >= 0)
        close(opened);
    return opened >= 0;
}

/*
 * Serve until a signal arrives. After that signals are unblocked, so a second
 * one ends the process at once.
 */
static int serve_until_signal(const struct config *config,
                              const struct machine *machine,
                              const struct addrinfo *addresses,
                              const struct http_app *app,
                              struct metrics *metrics)
{
    const struct site_policy sites = {
        .origins = text_of(config->allow_origin),
        .hosts = text_of(config->allow_host),
        .address = text_of(config->host),
    };
    struct server_options options = {
        .host = config->host,
        .port = config->port,
        .addresses = addresses,
        .threads = config->threads,
        .per_connection = config->per_connection,
        .max_connections = config->max_connections,
        .idle_seconds = config->idle_timeout,
        .sites = &sites,
        .metrics = metrics,
    };
    char error[256];
    struct server *server = server_start(&options, app, error, sizeof(error));
    if (server == NULL)
        return report_failure(EXIT_FAILURE, error);
    announce_ready(config, machine, server_address(server));

    const char *name = signals_wait();
    signals_unblock();
    log_line(LOG_INFO, "%s: stopping; a second signal ends the process at once",
             name);
    server_stop(server);
    return EXIT_SUCCESS;
}

static uint64_t clock_seconds(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec;
}

static void log_totals(struct metrics *metrics, uint64_t seconds,
                       size_t rockets)
{
    struct metric *messages = metrics_find(metrics, "lunar_messages_total");
    struct totals totals = {
        .seconds = seconds,
        .requests =
            metric_total(metrics_find(metrics, "lunar_http_requests_total")),
        .refused =
            metric_total(metrics_find(metrics, "lunar_http_refused_total")),
        .rockets = rockets,
    };

    for (size_t i = 0; i < API_RESULT_COUNT; i++)
        totals.messages[i] = metric_value(messages, i);
    totals_log(&totals);
}

/*
 * Create the parts, lowest first, and serve. Free the workers before the table:
 * they may still be making a list, although its client has disconnected.
 * To look up a name may take DNS half a minute, so a signal still ends that.
 */
static int run_service(const struct config *config,
                       const struct machine *machine)
{
    struct api api;
    struct process_metrics process;
    char error[256];
    int code = EXIT_FAILURE;
    uint64_t start = clock_seconds();
    struct addrinfo *addresses =
        server_resolve(config->host, config->port, error, sizeof(error));

    if (addresses == NULL)
        return report_failure(code, error);
    signals_block();
    struct table *table = table_new(config->max_memory);
    struct metrics *metrics = metrics_new();
    struct workers *workers = workers_start(WORKERS);
    if (table == NULL || metrics == NULL) {
        report_failure(code, "out of memory at the start");
    } else if (workers == NULL) {
        report_failure(code, no_threads);
    } else {
        api_init(&api, table, workers, metrics);
        log_metrics_add(metrics);
        process_metrics_add(&process, "", metrics);
        struct http_app app = api_app(&api);
        code = serve_until_signal(config, machine, addresses, &app, metrics);
    }
    workers_free(workers);
    metrics_forget(metrics, &api);
    if (code == EXIT_SUCCESS)
        log_totals(metrics, clock_seconds() - start, table_count(table));
    metrics_free(metrics);
    table_free(table);
    freeaddrinfo(addresses);
    return code;
}

int main(int argc, char *argv[])
{
    struct config config;
    struct config_report report;

    signals_init();
    if (!fill_streams())
        return report_failure(
            EXIT_FAILURE, "a standard stream is closed, and /dev/null can't be "
                          "opened instead");
    const struct machine machine = machine_read("");
    const struct config_input input = {argc, argv, environ, &machine};
    switch (config_read(&config, &input, &report)) {
    case CONFIG_HELP:
        fputs(config_help(), stdout);
        return EXIT_SUCCESS;
    case CONFIG_VERSION:
        printf("lunar.service %s\n", config_version());
        return EXIT_SUCCESS;
    case CONFIG_INVALID:
        return report_failure(EXIT_USAGE, report.error);
    case CONFIG_RUN:
        break;
    }

    log_set_level(config.log_level);
    /* NOLINTNEXTLINE(concurrency-mt-unsafe): there are no threads yet. */
    mallopt(M_MMAP_THRESHOLD, OWN_MAPPING);
    if (!log_start())
        return report_failure(EXIT_FAILURE, no_threads);
    announce_warnings(&report);
    int code = run_service(&config, &machine);
    static_assert(SERVER_STOP_MS + LOG_STOP_MS < STOP_MS,
                  "a stop as a whole, with some time to free the parts");
    log_stop(LOG_STOP_MS);
    return code;
}
