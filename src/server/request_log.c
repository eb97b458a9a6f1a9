/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The limit is a token bucket for each group of addresses: each second pays for
 * one warning, and the last REQUEST_LOG_AT_ONCE seconds are kept.
 */
#include "request_log.h"

#include <assert.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

#include "address.h"
#include "base/log.h"
#include "base/metrics.h"
#include "base/sync.h"
#include "connection.h"
#include "http/problem.h"
#include "server_metrics.h"

/* Bytes of client, method, target and status, with a NUL. */
enum { MAX_START = SERVER_ADDRESS_TEXT + REQUEST_LOG_TARGET + 32 };

void request_log_init(struct request_log *log,
                      const struct server_metrics *metrics)
{
    *log = (struct request_log){.metrics = metrics};
    sync_mutex_init(&log->lock);
}

void request_log_release(struct request_log *log)
{
    pthread_mutex_destroy(&log->lock);
}

/* The beginning of all lines: client, method, target, status. */
static const char *write_start(const struct request_line *line,
                               char out[MAX_START])
{
    static const char *const methods[] = {
        [HTTP_GET] = "GET",         [HTTP_HEAD] = "HEAD",
        [HTTP_POST] = "POST",       [HTTP_OPTIONS] = "OPTIONS",
        [HTTP_OTHER] = "(another)", [0] = "(unknown)",
    };
    char client[SERVER_ADDRESS_TEXT] = "(unknown)";
    char target[REQUEST_LOG_TARGET];
    char status[sizeof("no response")] = "no response";

    if (line->client != NULL)
        address_write(line->client, client);
    if (line->status != 0)
        snprintf(status, sizeof(status), "%u", line->status);
    snprintf(out, MAX_START, "%s %s %s %s", client, methods[line->method],
             log_escape(line->target, target, sizeof(target)), status);
    return out;
}

/*
 * The group of an address, without its port. Of IPv6 only the network of 64
 * bits, as a client can have all addresses of it.
 */
static size_t group_of(const struct sockaddr *client)
{
    const struct sockaddr_in6 *ipv6 = (const void *)client;
    uint32_t words[2] = {0, 0};
    struct in_addr ipv4;

    if (client != NULL && address_get_ipv4(client, &ipv4))
        words[1] = ipv4.s_addr;
    else if (client != NULL)
        memcpy(words, &ipv6->sin6_addr, sizeof(words));
    /* Multiplicative hashing; the upper bits are the mixed ones. */
    uint32_t hash = (ntohl(words[0]) * 31 + ntohl(words[1])) * 2654435769U;
    return hash >> 16 & (REQUEST_LOG_GROUPS - 1);
}

/* Whether a warning about `client` may be logged. If not, it is counted. */
static bool pay_warning(struct request_log *log, const struct sockaddr *client)
{
    const uint64_t kept = (uint64_t)REQUEST_LOG_AT_ONCE * REQUEST_LOG_SECOND;
    uint64_t *used = &log->paid[group_of(client)];

    static_assert((REQUEST_LOG_GROUPS & (REQUEST_LOG_GROUPS - 1)) == 0,
                  "a power of two");
    if (!log_wants(LOG_WARN))
        return false;
    uint64_t now = connection_clock();
    sync_lock(&log->lock);
    if (now > *used + kept)
        *used = now - kept;
    bool paid = now >= *used + REQUEST_LOG_SECOND;
    if (paid)
        *used += REQUEST_LOG_SECOND;
    else
        log->left_out++;
    sync_unlock(&log->lock);
    return paid;
}

static bool is_refused(const struct request_line *line, const char *note)
{
    bool reads = line->method == HTTP_GET || line->method == HTTP_HEAD;

    if (line->status == 404 && reads)
        return false;
    return line->status >= 400 || line->status == 0 || note != NULL;
}

void request_log_response(struct request_log *log,
                          const struct request_line *line, const char *note)
{
    char start[MAX_START], escaped[LOG_MAX_LINE];

    if (!is_refused(line, note))
        return;
    metric_add(log->metrics->refused, 0, 1);
    if (note == NULL)
        note = problem_title(line->status);
    if (pay_warning(log, line->client))
        log_line(LOG_WARN, "%s: %s", write_start(line, start),
                 log_escape(text_of(note), escaped, sizeof(escaped)));
}

void request_log_unknown(struct request_log *log)
{
    sync_lock(&log->lock);
    log->unknown++;
    sync_unlock(&log->lock);
}

void request_log_refused(struct request_log *log,
                         const struct request_line *line)
{
    sync_lock(&log->lock);
    log->unknown--;
    /* Refusals end in their order, as the response is short. */
    if (log->unknown_before > 0)
        log->unknown_before--;
    sync_unlock(&log->lock);
    request_log_response(log, line, "libmicrohttpd could not read the request");
}

/*
 * How many refusals have no request. One that was counted at the last report
 * had a second for its request to end.
 */
static uint64_t take_unknown_locked(struct request_log *log, bool last)
{
    int64_t taken = log->unknown;

    if (!last && log->unknown_before < taken)
        taken = log->unknown_before;
    if (taken < 0)
        taken = 0;
    log->unknown -= taken;
    log->unknown_before = log->unknown;
    return (uint64_t)taken;
}

void request_log_report(struct request_log *log, bool last)
{
    sync_lock(&log->lock);
    uint64_t left_out = log->left_out;
    uint64_t unknown = take_unknown_locked(log, last);
    log->left_out = 0;
    sync_unlock(&log->lock);
    server_metrics_unread(log->metrics, unknown);
    if (left_out > 0)
        log_line(LOG_WARN, "further refused requests, not logged: %ju",
                 (uintmax_t)left_out);
    if (unknown > 0)
        log_line(LOG_WARN,
                 "refused requests whose first line libmicrohttpd could not "
                 "read: %ju",
                 (uintmax_t)unknown);
}

void request_log_end(struct request_log *log, const struct request_line *line,
                     const struct request_end *end)
{
    char start[MAX_START];

    server_metrics_request(log->metrics, line, end);
    if (log_wants(LOG_DEBUG))
        log_line(LOG_DEBUG,
                 "%s: %ju bytes received, %ju in the response, %ju.%03u ms%s",
                 write_start(line, start), (uintmax_t)end->received,
                 (uintmax_t)end->response, (uintmax_t)(end->duration / 1000),
                 (unsigned)(end->duration % 1000),
                 end->sent ? "" : ", cut off");
}
