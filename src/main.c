/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Wires the parts, waits for a signal, and has the exit code.
 */
#include <fcntl.h>
#include <malloc.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "api/api.h"
#include "base/log.h"
#include "base/sync.h"
#include "base/workers.h"
#include "config.h"
#include "server/server.h"
#include "table/table.h"

enum {
    EXIT_USAGE = 2,
    WORKERS = 2, /* threads for what would hold up an event loop */
    /*
     * Bytes from which on memory is a mapping of its own, which goes back to
     * the system when it is freed: the keys of a long list. By itself
     * malloc(3) would keep them from the second list on.
     */
    OWN_MAPPING = 1024 * 1024,
};

/* One line on stderr. */
static int fail(int code, const char *reason)
{
    fprintf(stderr, "lunar.service: %s\n", reason);
    return code;
}

/*
 * Whoever starts us may have closed a standard stream. A socket would get its
 * number, and a client what is meant for the stream. False if that can't be
 * helped.
 */
static bool fill_streams(void)
{
    int opened = STDIN_FILENO;

    /* What is opened gets the lowest number that is free. */
    while (opened >= 0 && opened <= STDERR_FILENO)
        opened = open("/dev/null", O_RDWR | O_CLOEXEC);
    if (opened >= 0)
        close(opened);
    return opened >= 0;
}

static void fill_stop_signals(sigset_t *stop)
{
    sigemptyset(stop);
    sigaddset(stop, SIGINT);
    sigaddset(stop, SIGTERM);
}

/*
 * SIGINT and SIGTERM are waited for by the main thread; all other threads,
 * which are started after this, inherit that they are blocked. A client that
 * closes early must not end the process.
 */
static void block_signals(void)
{
    sigset_t stop;

    fill_stop_signals(&stop);
    sync_check(pthread_sigmask(SIG_BLOCK, &stop, NULL), "pthread_sigmask");
    signal(SIGPIPE, SIG_IGN);
}

/* What a browser on this machine can open, also where all are listened on. */
static void print_ready(const char *host, uint16_t port)
{
    const char *shown = host;

    if (strcmp(host, "0.0.0.0") == 0)
        shown = "127.0.0.1";
    else if (strcmp(host, "::") == 0)
        shown = "::1";
    bool brackets = strchr(shown, ':') != NULL;
    const char *left = brackets ? "[" : "", *right = brackets ? "]" : "";
    printf("lunar.service: listening on http://%s%s%s:%u "
           "(API: http://%s%s%s:%u/swagger)\n",
           left, shown, right, port, left, shown, right, port);
    fflush(stdout);
}

/*
 * Serve until a signal comes. From then on the signals are as at the start
 * of the process, so a second one ends it at once.
 */
static int serve(const struct config *config, const struct http_app *app)
{
    struct server_options options = {
        .host = config->host,
        .port = config->port,
        .threads = config->threads,
        .per_connection = config->per_connection,
        .max_connections = config->max_connections,
    };
    char error[256];
    sigset_t stop;
    int number;

    fill_stop_signals(&stop);
    struct server *server = server_start(&options, app, error, sizeof(error));
    if (server == NULL)
        return fail(EXIT_FAILURE, error);
    print_ready(config->host, server_port(server));

    sigwait(&stop, &number);
    sync_check(pthread_sigmask(SIG_UNBLOCK, &stop, NULL), "pthread_sigmask");
    log_line(LOG_INFO, "%s: stopping; a second signal ends at once",
             number == SIGINT ? "SIGINT" : "SIGTERM");
    server_stop(server);
    return EXIT_SUCCESS;
}

/*
 * Make the parts, lowest first, and serve. The workers end before the table,
 * as they may still be making a list that nobody waits for.
 */
static int run(const struct config *config)
{
    struct api api;
    int code = EXIT_FAILURE;

    block_signals();
    struct table *table = table_new(config->max_memory);
    struct workers *workers = workers_start(WORKERS);
    if (table == NULL) {
        fail(code, "out of memory at the start");
    } else if (workers == NULL) {
        fail(code, "can't start threads: too few processes (ulimit -u) or too "
                   "little memory");
    } else {
        api_init(&api, table, workers);
        struct http_app app = api_app(&api);
        code = serve(config, &app);
    }
    workers_free(workers);
    table_free(table);
    return code;
}

int main(int argc, char *argv[])
{
    struct config config;
    char error[256];

    if (!fill_streams())
        return fail(EXIT_FAILURE,
                    "a standard stream is closed, and /dev/null can't be "
                    "opened instead");
    switch (config_read(&config, argc, argv, environ, error, sizeof(error))) {
    case CONFIG_HELP:
        fputs(config_help(), stdout);
        return EXIT_SUCCESS;
    case CONFIG_VERSION:
        printf("lunar.service %s\n", config_version());
        return EXIT_SUCCESS;
    case CONFIG_INVALID:
        return fail(EXIT_USAGE, error);
    case CONFIG_RUN:
        break;
    }

    log_set_level(config.log_level);
    /* NOLINTNEXTLINE(concurrency-mt-unsafe): there are no threads yet. */
    mallopt(M_MMAP_THRESHOLD, OWN_MAPPING);
    return run(&config);
}
