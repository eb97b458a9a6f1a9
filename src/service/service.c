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

#include <stdio.h>
#include <stdlib.h>

#include "api/api.h"
#include "base/clock.h"
#include "console/announce.h"
#include "parts.h"
#include "process/notify.h"
#include "replica/replica.h"
#include "start.h"
#include "stop.h"
#include "store/store.h"
#include "watched_recovery.h"

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

/* Returns `code`, after the reason was told to everybody. */
static int fail(const struct service *service, int code, const char *reason)
{
    announce_failure(code, reason);
    notify_failed(service->notify, reason);
    return code;
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

/* Listen, recover the state, and serve until a signal. */
static int serve(struct service *service)
{
    const struct config *config = service->config;
    enum journal_replayed recovered = JOURNAL_COMPLETE;
    char error[SERVICE_ERROR];
    struct server *server = start_server(service, error);

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
        stop_wait(service);
    stop_server(service, server);
    return recovered == JOURNAL_FAILED ? EXIT_FAILURE : EXIT_SUCCESS;
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
    const char *failure = start_parts(&service, error);
    int code = failure == NULL
                   ? serve(&service)
                   : fail(&service, service.refused ? EXIT_USAGE : EXIT_FAILURE,
                          failure);
    stop_parts(&service, code != EXIT_SUCCESS);
    return code;
}
