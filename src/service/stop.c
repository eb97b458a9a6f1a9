/* SPDX-License-Identifier: Apache-2.0 */
/*
 * service.c says why the order is this one.
 */
#include "stop.h"

#include <assert.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/metrics.h"
#include "base/readable.h"
#include "base/workers.h"
#include "config/config.h"
#include "console/totals.h"
#include "process/notify.h"
#include "process/signals.h"
#include "replica/replica.h"
#include "server/server.h"
#include "service/service.h"
#include "store/store.h"
#include "table/table.h"

enum { MAX_TEXT = 128 /* bytes of what the service manager is told */ };

static_assert(SERVER_STOP_MS + LOG_STOP_MS < SERVICE_STOP_MS,
              "a stop after the drain, with some time to free the parts");
static_assert(SERVICE_STOP_MS < SERVICE_DISK_MS, "only for hanging disks");
static_assert(REPLICA_ANSWER_MS + 3000 < SERVICE_TOPIC_MS,
              "only for what hangs longer than it should");

/* The stop begins, and the drain before it, if it has one. */
static void tell_stop(const struct service *service, unsigned drain)
{
    const unsigned spare = 2000; /* to free the parts */
    uint64_t ms = service->has_limit ? service->limit.ms : SERVICE_STOP_MS;
    char text[MAX_TEXT];

    if (drain > 0)
        snprintf(text, sizeof(text),
                 "draining for %u s: not ready, but still serving", drain);
    else
        snprintf(text, sizeof(text), "stopping: finishing requests");
    notify_stopping(service->notify, text, ms + spare + drain * UINT64_C(1000));
}

void stop_wait(struct service *service)
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

void stop_server(struct service *service, struct server *server)
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

void stop_parts(struct service *service, bool failed)
{
    store_close(service->store);
    if (service->has_limit)
        stop_limit_end(&service->limit);
    secrets_close(&service->secrets);
    api_free_live(&service->api);
    workers_free(service->workers);
    metrics_forget(service->metrics, &service->api);
    if (service->complete)
        log_totals(service);
    else if (!failed)
        log_incomplete(service->config);
    metrics_free(service->metrics);
    table_free(service->table);
    if (service->addresses != NULL)
        freeaddrinfo(service->addresses);
}
