/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The order of the start and the stop is the reason for most of what is here:
 *
 * - The store is opened before the service listens, as a folder that cannot be
 *   used is found at once; it is replayed afterwards, so that clients and load
 *   balancers are told to wait.
 * - With -kafka its journal is the topic, which it stops when it is closed.
 *   Requests that wait for brokers get a result in REPLICA_ANSWER_MS, so the
 *   server stops without a broker, too.
 * - It is closed when the server has stopped, as requests wait for it; before
 *   the workers and the table are freed, as batches whose connections have gone
 *   use them until they are settled.
 * - Streams of events end by themselves only if they are told to, so that is
 *   done before the server waits for requests to end. What makes them is freed
 *   when the server has stopped, so that no stream is left; when the store is
 *   closed, so that nothing changes the table any more; and while the workers
 *   still run, as it waits for its jobs there, which read the table.
 */
#include "service/service.h"

#include <assert.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "console/announce.h"
#include "api/api.h"
#include "base/clock.h"
#include "base/log_metrics.h"
#include "base/metrics.h"
#include "base/process_metrics.h"
#include "base/workers.h"
#include "process/notify.h"
#include "base/readable.h"
#include "replica/replica.h"
#include "service/secrets.h"
#include "process/signals.h"
#include "process/stop_limit.h"
#include "store/store.h"
#include "table/table.h"
#include "console/totals.h"
#include "process/watchdog.h"
#include "watched_recovery.h"

enum {
    MAX_SHOWN = 128, /* bytes of -host in an error */
    WORKERS = 2,     /* threads for jobs that would block an event loop */
    SERVICE_ERROR = SECRETS_ERROR, /* bytes of any error at the start */
};

static_assert((int)SERVICE_ERROR >= (int)JOURNAL_ERROR, "for those of a store");

static_assert(SERVER_STOP_MS + LOG_STOP_MS < SERVICE_STOP_MS,
              "a stop after the drain, with some time to free the parts");
static_assert(SERVICE_STOP_MS < SERVICE_DISK_MS, "only for hanging disks");
static_assert(REPLICA_ANSWER_MS + 3000 < SERVICE_TOPIC_MS,
              "only for what hangs longer than it should");

static const char no_memory[] = "out of memory at the start";

/* The parts of a service. Those that do not exist are NULL. */
struct service {
    const struct config *config;
    const struct machine *machine;
    struct notify *notify;
    const struct server_given *given;
    uint64_t start; /* microseconds of the monotonic clock */
    struct addrinfo *addresses;
    struct site_policy sites;
    struct secrets secrets;
    bool refused;            /* the flags do not allow the start */
    struct networks proxies; /* that are trusted; none if it is not given */
    struct metrics *metrics;
    struct process_metrics process;
    struct store *store; /* NULL: the state is in memory only */
    struct table *table;
    struct workers *workers;
    struct api api;
    unsigned max_connections; /* as many as the limit of open files allows */
    bool has_limit;           /* of the time of a stop, with a store */
    struct stop_limit limit;
    bool complete; /* the table has the whole state */
    struct watchdog watchdog;
};

struct replica_options service_topic(const struct config *config)
{
    return (struct replica_options){
        .brokers = config->kafka,
        .topic = config->topic,
        .settings = config->kafka_config,
        .peers = config->peers,
        .peer_token = config->peer_token,
        .ca_file = config->ca_file,
    };
}

/*
 * Open the store of -data. NULL, or an error. It says nothing until it is open,
 * which may take a slow disk longer than the manager waits.
 */
static const char *open_store(struct service *service,
                              char error[JOURNAL_ERROR])
{
    const struct config *config = service->config;
    struct readable_path path = readable_path(config->data);
    char text[sizeof(path) + 16];

    snprintf(text, sizeof(text), "opening %s", path.text);
    notify_starting(service->notify, text);
    struct store_options options = {
        .folder = config->data,
        .snapshot_bytes = config->snapshot_bytes,
        .metrics = service->metrics,
    };

    if (config->kafka != NULL) {
        struct replica_options replica = service_topic(config);
        replica.metrics = service->metrics;
        options.journal = replica_open(&replica, error);
        if (options.journal == NULL)
            return error;
    }
    service->store = store_open(&options, error);
    return service->store == NULL ? error : NULL;
}

/*
 * An error if the flags do not allow that `reach`, which `what` and `name` are
 * the cause of; else NULL.
 */
static const char *refuse(struct service *service, enum server_reach reach,
                          const char *what, const char *name,
                          char error[SERVICE_ERROR])
{
    const struct config *config = service->config;
    char shown[MAX_SHOWN];

    if (config->tokens != NULL || config->insecure || reach == SERVER_LOOPBACK)
        return NULL;
    service->refused = true;
    snprintf(error, SERVICE_ERROR,
             "%s%s can be reached from other machines, and without -tokens "
             "every client may read and change everything: give -tokens=FILE "
             "(lunar.service -new-token NAME SCOPE makes a token for it), or "
             "-insecure if only trusted clients can reach the address",
             what, log_escape(text_of(name), shown, sizeof(shown)));
    return error;
}

/*
 * Find out where to listen, and whether the flags allow that clients reach it.
 * A name can have several addresses, of which one is usable, perhaps another
 * one each time. NULL, or an error.
 */
static const char *find_address(struct service *service,
                                char error[SERVICE_ERROR])
{
    const struct config *config = service->config;

    if (service->given->tcp > 0) {
        struct server_address address = server_address_of(service->given->tcp);
        return refuse(service, address.reach,
                      "the socket of the service manager, ", address.text,
                      error);
    }
    service->addresses =
        server_resolve(config->host, config->port, error, SERVICE_ERROR);
    if (service->addresses == NULL)
        return error;
    return refuse(service, server_reach_of(service->addresses),
                  "-host=", config->host, error);
}

/*
 * Create the parts, lowest first. Until the signals are blocked one of them
 * ends the process: to look up a name may take DNS half a minute, and a disk
 * may be slow. NULL, or an error.
 */
static const char *create_parts(struct service *service,
                                char error[SERVICE_ERROR])
{
    const struct config *config = service->config;
    const char *failure = find_address(service, error);

    if (failure != NULL)
        return failure;
    service->metrics = metrics_new();
    if (service->metrics == NULL)
        return no_memory;
    failure = secrets_open(&service->secrets, config, service->metrics, error);
    if (failure != NULL)
        return failure;
    if (config->data != NULL && open_store(service, error) != NULL)
        return error;
    signals_block();
    service->table = table_new(config->max_memory);
    if (service->table == NULL)
        return no_memory;
    service->workers = workers_start(WORKERS);
    return service->workers == NULL ? announce_no_threads : NULL;
}

static bool has_unix_socket(const struct service *service)
{
    return service->given->unix_socket > 0 ||
           service->config->unix_socket.path[0] != '\0';
}

/* Connect them. NULL, or an error. */
static const char *connect_parts(struct service *service)
{
    const struct config *config = service->config;
    struct api *api = &service->api;

    service->sites = (struct site_policy){
        .origins = text_of(config->allow_origin),
        .hosts = text_of(config->allow_host),
        .address = text_of(service->given->tcp > 0 ? NULL : config->host),
    };
    if (config->proxies != NULL)
        networks_read(text_of(config->proxies), &service->proxies);
    api_init(api, service->table, service->workers, service->metrics);
    api_use_access(api, service->secrets.access);
    log_metrics_add(service->metrics);
    process_metrics_add(&service->process, "", service->metrics);
    if (service->store != NULL && !api_use_store(api, service->store))
        return no_memory;
    service->max_connections = server_fit_connections(
        config->max_connections, has_unix_socket(service) ? 2 : 1);
    if (!api_start_live(api, service->max_connections) ||
        !secrets_follow(&service->secrets, service->notify))
        return announce_no_threads;
    if (service->store == NULL)
        return NULL;
    api_begin_recovery(api);
    service->has_limit = stop_limit_start(
        &service->limit, service->store,
        config->kafka != NULL ? SERVICE_TOPIC_MS : SERVICE_DISK_MS);
    return service->has_limit ? NULL : announce_no_threads;
}

/* Start the server. NULL on failure, with the reason in `error`. */
static struct server *start_server(struct service *service, char *error,
                                   size_t size)
{
    const struct config *config = service->config;
    struct http_app app = api_app(&service->api);
    const struct server_options options = {
        .host = config->host,
        .port = config->port,
        .addresses = service->addresses,
        .threads = config->threads,
        .per_connection = config->per_connection,
        .max_connections = service->max_connections,
        .idle_seconds = config->idle_timeout,
        .sites = &service->sites,
        .proxies = config->proxies == NULL ? NULL : &service->proxies,
        .tls = service->secrets.tls,
        .given = *service->given,
        .unix_socket = {.path = config->unix_socket.path[0] == '\0'
                                    ? NULL
                                    : config->unix_socket.path,
                        .mode = config->unix_socket.mode},
        .metrics = service->metrics,
    };

    return server_start(&options, &app, error, size);
}

/*
 * Recover the state, while the server answers that it is not ready, and take
 * messages from then on. JOURNAL_INTERRUPTED: a signal is pending. For
 * JOURNAL_FAILED the reason is in `error`.
 */
static enum journal_replayed recover_state(struct service *service,
                                           char error[JOURNAL_ERROR])
{
    const struct watched_recovery recovery = {
        .store = service->store,
        .table = service->table,
        .api = &service->api,
        .config = service->config,
        .notify = service->notify,
    };
    enum journal_replayed result = watched_recovery_run(&recovery, error);

    if (result == JOURNAL_COMPLETE && !store_start(service->store)) {
        snprintf(error, JOURNAL_ERROR, "%s", announce_no_threads);
        return JOURNAL_FAILED;
    }
    if (result == JOURNAL_COMPLETE)
        api_end_recovery(&service->api);
    return result;
}

/* Returns `code`, after the reason was told to everybody. */
static int fail(const struct service *service, int code, const char *reason)
{
    announce_failure(code, reason);
    notify_failed(service->notify, reason);
    return code;
}

/*
 * The service takes messages: say so, and from now on look after it. False if
 * there are no resources for that.
 */
static bool begin_service(struct service *service, struct server *server)
{
    const struct watchdog_parts parts = {
        .api = &service->api,
        .server = server,
        .table = service->table,
        .workers = service->workers,
        .notify = service->notify,
    };
    const struct server_address *address = server_address(server);
    char status[ANNOUNCE_STATUS];

    if (!watchdog_start(&service->watchdog, &parts))
        return false;
    announce_status(service->config, address, status);
    notify_ready(service->notify, status);
    announce_ready(service->config, address);
    return true;
}

/* The stop begins, and the drain before it, if it has one. */
static void tell_stop(const struct service *service, unsigned drain)
{
    const unsigned spare = 2000; /* to free the parts */
    uint64_t ms = service->has_limit ? service->limit.ms : SERVICE_STOP_MS;
    char text[MAX_SHOWN];

    if (drain > 0)
        snprintf(text, sizeof(text),
                 "draining for %u s: not ready, but still serving", drain);
    else
        snprintf(text, sizeof(text), "stopping: finishing requests");
    notify_stopping(service->notify, text, ms + spare + drain * UINT64_C(1000));
}

/*
 * Wait for the signal that begins the stop, and for the end of the drain, if
 * there is one. In the drain the service goes on as before, but says that it is
 * not ready. Connections are kept alive: a load balancer decides when to send
 * requests elsewhere, and until then it would only open others. After this,
 * signals are unblocked, so another one ends the process at once.
 */
static void wait_for_stop(struct service *service)
{
    unsigned drain = service->complete ? service->config->drain : 0;
    const char *name = signals_wait();
    const char *next = "a second";
    struct log_field signal = {
        .name = "signal", .place = LOG_LEFT_OUT, .string = name};

    api_set_stopping(&service->api);
    if (drain > 0) {
        tell_stop(service, drain);
        log_event(LOG_INFO, &signal, 1,
                  "%s: draining for %u s: not ready, but still serving; a "
                  "second signal stops at once",
                  name, drain);
        name = signals_wait_for(drain);
        next = "another";
    }
    signals_unblock();
    tell_stop(service, 0);
    signal.string = name;
    log_event(LOG_INFO, &signal, name != NULL ? 1 : 0,
              "%s: stopping; %s signal ends the process at once",
              name != NULL ? name : "drained", next);
}

/*
 * Stop the server. Requests that wait for the disk get more time than others,
 * which the limit ends.
 */
static void stop_server(struct service *service, struct server *server)
{
    if (service->has_limit)
        stop_limit_begin(&service->limit);
    watchdog_end(&service->watchdog);
    api_end_live(&service->api);
    while (!server_stop(server)) {
        if (service->has_limit)
            continue;
        /* Others still use what would be freed. */
        log_line(LOG_ERROR,
                 "a worker does not end, so the requests that wait for it "
                 "are not answered; ending the process");
        log_flush(LOG_STOP_MS);
        _exit(EXIT_FAILURE);
    }
    if (service->has_limit)
        stop_limit_answered(&service->limit);
}

/* Listen, recover the state, and serve until a signal. */
static int serve(struct service *service)
{
    const struct config *config = service->config;
    enum journal_replayed recovered = JOURNAL_COMPLETE;
    char error[SERVICE_ERROR];
    struct server *server = start_server(service, error, sizeof(error));

    if (server == NULL)
        return fail(service, EXIT_FAILURE, error);
    announce_start(config, service->machine, server_address(server));
    announce_access(config, service->secrets.access, server_address(server));
    if (service->store != NULL) {
        announce_recovery(config, server_address(server));
        recovered = recover_state(service, error);
        stop_limit_recovered(&service->limit);
    }
    if (recovered == JOURNAL_COMPLETE && !begin_service(service, server)) {
        snprintf(error, sizeof(error), "%s", announce_no_threads);
        recovered = JOURNAL_FAILED;
    }
    service->complete = recovered == JOURNAL_COMPLETE;
    if (recovered == JOURNAL_FAILED)
        fail(service, EXIT_FAILURE, error);
    else
        wait_for_stop(service);
    stop_server(service, server);
    return recovered == JOURNAL_FAILED ? EXIT_FAILURE : EXIT_SUCCESS;
}

/* Log what was done. */
static void log_totals(const struct service *service)
{
    struct metrics *metrics = service->metrics;
    struct metric *messages = metrics_find(metrics, "lunar_messages_total");
    struct totals totals = {
        .seconds = (clock_us(CLOCK_MONOTONIC) - service->start) / 1000000,
        .requests =
            metric_total(metrics_find(metrics, "lunar_http_requests_total")),
        .refused =
            metric_total(metrics_find(metrics, "lunar_http_refused_total")),
        .rockets = table_count(service->table),
        .data = service->config->data,
        .topic = service->config->topic,
    };

    for (size_t i = 0; i < API_RESULT_COUNT; i++)
        totals.messages[i] = metric_value(messages, i);
    totals_log(&totals);
}

/* The stop has come before the whole state was there. */
static void log_incomplete(const struct config *config)
{
    bool shared = config->topic != NULL;

    log_line(LOG_INFO,
             "stopped before the state was recovered; all of it is still in "
             "%s%s",
             shared ? "topic " : "",
             shared ? config->topic : readable_path(config->data).text);
}

int service_run(const struct config *config, const struct machine *machine,
                struct notify *notify, const struct server_given *given)
{
    struct service service = {
        .config = config,
        .machine = machine,
        .notify = notify,
        .given = given,
        .start = clock_us(CLOCK_MONOTONIC),
    };
    char error[SERVICE_ERROR];
    const char *failure = create_parts(&service, error);

    if (failure == NULL)
        failure = connect_parts(&service);
    int code = failure == NULL
                   ? serve(&service)
                   : fail(&service, service.refused ? EXIT_USAGE : EXIT_FAILURE,
                          failure);
    store_close(service.store);
    if (service.has_limit)
        stop_limit_end(&service.limit);
    secrets_close(&service.secrets);
    api_free_live(&service.api);
    workers_free(service.workers);
    metrics_forget(service.metrics, &service.api);
    if (service.complete)
        log_totals(&service);
    else if (code == EXIT_SUCCESS)
        log_incomplete(config);
    metrics_free(service.metrics);
    table_free(service.table);
    if (service.addresses != NULL)
        freeaddrinfo(service.addresses);
    return code;
}
