/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whether clients of other machines may reach the service is decided here, as
 * the address is known before anything is opened.
 */
#include "start.h"

#include <assert.h>
#include <stdio.h>

#include "base/log.h"
#include "base/log_metrics.h"
#include "base/metrics.h"
#include "base/readable.h"
#include "base/workers.h"
#include "config/config.h"
#include "console/announce.h"
#include "process/notify.h"
#include "process/signals.h"
#include "replica/replica.h"
#include "server/server.h"
#include "service/service.h"
#include "store/store.h"
#include "table/table.h"

enum {
    MAX_SHOWN = 128, /* bytes of -host in an error */
    WORKERS = 2,     /* threads for jobs that would block an event loop */
};

static_assert((int)SERVICE_ERROR >= (int)JOURNAL_ERROR, "for those of a store");

static const char no_memory[] = "out of memory at the start";

/* A slow disk may need longer than the manager waits without this. */
static void tell_opening(struct service *service)
{
    struct readable_path path = readable_path(service->config->data);
    char text[sizeof(path) + 16];

    snprintf(text, sizeof(text), "opening %s", path.text);
    notify_starting(service->notify, text);
}

/* Open the store of -data. NULL, or an error. */
static const char *open_store(struct service *service,
                              char error[JOURNAL_ERROR])
{
    const struct config *config = service->config;
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
    tell_opening(service);
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
 * Find out at which addresses to listen, if there is to be a port, and whether
 * the flags allow that clients reach it. A name can have several addresses, of
 * which one is usable, perhaps another one each time. NULL, or an error.
 */
static const char *find_address(struct service *service,
                                char error[SERVICE_ERROR])
{
    const struct config *config = service->config;

    if (service->given->tcp <= 0 && config->no_port)
        return NULL;
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

/* How many sockets the service listens on; at least one. */
static unsigned count_sockets(const struct service *service)
{
    bool tcp = service->given->tcp > 0 || service->addresses != NULL;
    bool local = service->given->unix_socket > 0 ||
                 service->config->unix_socket.path[0] != '\0';

    return tcp && local ? 2 : 1;
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
    service->max_connections =
        server_fit_connections(config->max_connections, count_sockets(service));
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

const char *start_parts(struct service *service, char error[SERVICE_ERROR])
{
    const char *failure = create_parts(service, error);

    return failure != NULL ? failure : connect_parts(service);
}

struct server *start_server(struct service *service, char error[SERVICE_ERROR])
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

    return server_start(&options, &app, error, SERVICE_ERROR);
}
