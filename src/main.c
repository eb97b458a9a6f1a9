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
#include <unistd.h>

#include "announce.h"
#include "api/api.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/log_metrics.h"
#include "base/machine.h"
#include "base/metrics.h"
#include "base/process_metrics.h"
#include "base/workers.h"
#include "check_health.h"
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
 * Print one line on stderr, after those of the log, and in JSON if they are;
 * but if nobody reads stderr, the process ends without it. Returns `code`.
 */
static int report_failure(int code, const char *reason)
{
    struct pollfd err = {.fd = STDERR_FILENO, .events = POLLOUT};

    if (!log_flush(LOG_STOP_MS) || poll(&err, 1, LOG_STOP_MS) <= 0)
        return code;
    if (log_get_format() == LOG_JSON)
        log_line(LOG_ERROR, "%s", reason);
    else
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
 * Wait for the signal that begins the stop, and for the end of the drain, if
 * there is one. In the drain the service goes on as before, but says that it is
 * not ready. Connections are kept alive: a load balancer decides when to send
 * requests elsewhere, and until then it would only open others. After this,
 * signals are unblocked, so another one ends the process at once.
 */
static void wait_for_stop(unsigned drain, struct api *api)
{
    const char *name = signals_wait();
    const char *next = "a second";
    struct log_field signal = {
        .name = "signal", .place = LOG_LEFT_OUT, .string = name};

    api_set_stopping(api);
    if (drain > 0) {
        log_event(LOG_INFO, &signal, 1,
                  "%s: draining for %u s: not ready, but still serving; a "
                  "second signal stops at once",
                  name, drain);
        name = signals_wait_for(drain);
        next = "another";
    }
    signals_unblock();
    signal.string = name;
    log_event(LOG_INFO, &signal, name != NULL ? 1 : 0,
              "%s: stopping; %s signal ends the process at once",
              name != NULL ? name : "drained", next);
}

static int serve_until_signal(const struct config *config,
                              const struct machine *machine,
                              const struct addrinfo *addresses, struct api *api,
                              struct metrics *metrics)
{
    struct http_app app = api_app(api);
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
    struct server *server = server_start(&options, &app, error, sizeof(error));
    if (server == NULL)
        return report_failure(EXIT_FAILURE, error);
    announce_ready(config, machine, server_address(server));

    wait_for_stop(config->drain, api);
    if (!server_stop(server)) {
        /* Others still use what would be freed. */
        log_flush(LOG_STOP_MS);
        _exit(EXIT_FAILURE);
    }
    return EXIT_SUCCESS;
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
    uint64_t start = clock_us(CLOCK_MONOTONIC);
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
        code = serve_until_signal(config, machine, addresses, &api, metrics);
    }
    workers_free(workers);
    metrics_forget(metrics, &api);
    if (code == EXIT_SUCCESS)
        log_totals(metrics, (clock_us(CLOCK_MONOTONIC) - start) / 1000000,
                   table_count(table));
    metrics_free(metrics);
    table_free(table);
    freeaddrinfo(addresses);
    return code;
}

/* -check-health: ask a service that runs, and set the exit status. */
static int check_service(const struct config *config)
{
    char own[CHECK_HEALTH_URL], line[CHECK_HEALTH_LINE];
    const char *url = config->check_url;

    if (url == NULL && !check_health_own_url(config->host, config->port, own))
        return report_failure(
            EXIT_USAGE, "-check-health: -host and -port do not say where the "
                        "service is; give its URL, as in "
                        "-check-health=http://127.0.0.1:8088/health");
    if (!check_health(url != NULL ? url : own, line))
        return report_failure(EXIT_FAILURE, line);
    puts(line);
    return EXIT_SUCCESS;
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
        log_set_format(report.log_format);
        return report_failure(EXIT_USAGE, report.error);
    case CONFIG_CHECK_HEALTH:
        return check_service(&config);
    case CONFIG_RUN:
        break;
    }

    log_set_level(config.log_level);
    log_set_format(config.log_format);
    /* NOLINTNEXTLINE(concurrency-mt-unsafe): there are no threads yet. */
    mallopt(M_MMAP_THRESHOLD, OWN_MAPPING);
    if (!log_start())
        return report_failure(EXIT_FAILURE, no_threads);
    announce_warnings(&report);
    int code = run_service(&config, &machine);
    static_assert(SERVER_STOP_MS + LOG_STOP_MS < STOP_MS,
                  "a stop after the drain, with some time to free the parts");
    log_stop(LOG_STOP_MS);
    return code;
}
