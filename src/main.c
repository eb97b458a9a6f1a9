/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Connects the parts, waits for a signal, and sets the exit status.
 */
#include <fcntl.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "announce.h"
#include "api/api.h"
#include "base/log.h"
#include "base/machine.h"
#include "base/workers.h"
#include "config.h"
#include "server/server.h"
#include "signals.h"
#include "table/table.h"

enum {
    EXIT_USAGE = 2,
    WORKERS = 2, /* threads for jobs that would block an event loop */
    /*
     * Allocations of at least this many bytes, such as the keys of a long
     * list, are separate mappings, which return to the system when they are
     * freed. With the default of malloc(3), which adapts, the process would
     * keep the memory from the second list on.
     */
    OWN_MAPPING = 1024 * 1024,
};

/*
 * Print one line on stderr. Returns `code`. If nobody reads stderr this may
 * block, so a signal must end the process.
 */
static int report_failure(int code, const char *reason)
{
    signals_unblock();
    fprintf(stderr, "lunar.service: %s\n", reason);
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
 * Serve until a signal arrives. After that, signals have their default action,
 * so a second one ends the process at once.
 */
static int serve_until_signal(const struct config *config,
                              const struct machine *machine,
                              const struct http_app *app)
{
    const struct site_policy sites = {
        .origins = text_of(config->allow_origin),
        .hosts = text_of(config->allow_host),
        .address = text_of(config->host),
    };
    struct server_options options = {
        .host = config->host,
        .port = config->port,
        .threads = config->threads,
        .per_connection = config->per_connection,
        .max_connections = config->max_connections,
        .idle_seconds = config->idle_timeout,
        .sites = &sites,
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

/*
 * Create the parts, lowest first, and serve. Free the workers before the table:
 * they may still be making a list, although its client has disconnected.
 */
static int run_service(const struct config *config,
                       const struct machine *machine)
{
    struct api api;
    int code = EXIT_FAILURE;

    signals_block();
    struct table *table = table_new(config->max_memory);
    struct workers *workers = workers_start(WORKERS);
    if (table == NULL) {
        report_failure(code, "out of memory at the start");
    } else if (workers == NULL) {
        report_failure(
            code, "can't start threads: too few processes (ulimit -u) or too "
                  "little memory");
    } else {
        api_init(&api, table, workers);
        struct http_app app = api_app(&api);
        code = serve_until_signal(config, machine, &app);
    }
    workers_free(workers);
    table_free(table);
    return code;
}

int main(int argc, char *argv[])
{
    struct config config;
    struct config_report report;

    signals_ignore();
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
    announce_warnings(&report);
    /* NOLINTNEXTLINE(concurrency-mt-unsafe): there are no threads yet. */
    mallopt(M_MMAP_THRESHOLD, OWN_MAPPING);
    return run_service(&config, &machine);
}
