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

/* The fields of a line, and their strings. */
struct line_fields {
    char client[SERVER_ADDRESS_TEXT];
    char proxy[SERVER_ADDRESS_TEXT];
    char target[REQUEST_LOG_TARGET];
    struct log_field all[10];
    size_t count;
};

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

static void add_field(struct line_fields *fields, struct log_field field)
{
    assert(fields->count < sizeof(fields->all) / sizeof(fields->all[0]));
    fields->all[fields->count++] = field;
}

static void add_string(struct line_fields *fields, const char *name,
                       enum log_place place, const char *string)
{
    add_field(fields, (struct log_field){.name = name,
                                         .place = place,
                                         .kind = LOG_STRING,
                                         .string = string});
}

static void add_number(struct line_fields *fields, const char *name,
                       enum log_place place, enum log_kind kind,
                       uint64_t number)
{
    add_field(fields, (struct log_field){name, place, kind, .number = number});
}

static void add_unknown(struct line_fields *fields, const char *name,
                        const char *shown)
{
    add_field(fields, (struct log_field){.name = name,
                                         .place = LOG_IN_FRONT,
                                         .kind = LOG_NULL,
                                         .string = shown});
}

/*
 * A client may send its token in the URL by mistake. The service does not take
 * it there, but whoever reads the log could use it. `target` is escaped; what
 * is cut off from the end of a token that is shown in part cannot be guessed.
 */
static const char *hide_tokens(char *target)
{
    static const char prefix[] = "lunar_", shown[] = "***";
    const size_t hidden = sizeof(shown) - 1;
    char *at = target;

    while ((at = strstr(at, prefix)) != NULL) {
        at += sizeof(prefix) - 1;
        size_t length = 0;
        while (text_is_letter((unsigned char)at[length]) ||
               text_is_digit((unsigned char)at[length]) || at[length] == '-' ||
               at[length] == '_')
            length++;
        if (length < REQUEST_LOG_TOKEN)
            continue;
        memcpy(at, shown, hidden);
        memmove(at + hidden, at + length, strlen(at + length) + 1);
    }
    return target;
}

/* The fields of all lines. */
static void start_fields(const struct request_line *line,
                         struct line_fields *fields)
{
    static const char *const methods[] = {
        [HTTP_GET] = "GET",         [HTTP_HEAD] = "HEAD",
        [HTTP_POST] = "POST",       [HTTP_OPTIONS] = "OPTIONS",
        [HTTP_OTHER] = "(another)",
    };

    fields->count = 0;
    if (line->client != NULL)
        add_string(fields, "client", LOG_IN_FRONT,
                   address_write(line->client, fields->client));
    else
        add_unknown(fields, "client", "(unknown)");
    if (line->method != 0)
        add_string(fields, "method", LOG_IN_FRONT, methods[line->method]);
    else
        add_unknown(fields, "method", "(unknown)");
    log_escape_word(line->target, fields->target, sizeof(fields->target));
    add_string(fields, "target", LOG_IN_FRONT, hide_tokens(fields->target));
    if (line->status != 0)
        add_number(fields, "status", LOG_IN_FRONT, LOG_NUMBER, line->status);
    else
        add_unknown(fields, "status", "no response");
    if (line->proxy != NULL)
        add_string(fields, "proxy", LOG_LEFT_OUT,
                   address_write(line->proxy, fields->proxy));
    if (line->request_id != NULL)
        add_string(fields, "requestId", LOG_BEHIND, line->request_id);
}

/*
 * The group of an address, without its port. Of IPv6 only the network of 64
 * bits, as a client can have all addresses of it. Who uses the Unix socket has
 * no address.
 */
static size_t group_of(const struct sockaddr *client)
{
    const struct sockaddr_in6 *ipv6 = (const void *)client;
    uint32_t words[2] = {0, 0};
    struct in_addr ipv4;

    if (client != NULL && address_get_ipv4(client, &ipv4))
        words[1] = ipv4.s_addr;
    else if (client != NULL && client->sa_family == AF_INET6)
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
    struct line_fields fields;
    char escaped[LOG_MAX_LINE];

    if (!is_refused(line, note))
        return;
    metric_add(log->metrics->refused, 0, 1);
    if (note == NULL)
        note = problem_title(line->status);
    if (!pay_warning(log, line->client))
        return;
    start_fields(line, &fields);
    log_event(LOG_WARN, fields.all, fields.count, "%s",
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

static void log_count(uint64_t count, const char *name, const char *message)
{
    const struct log_field field = {name, LOG_LEFT_OUT, LOG_NUMBER,
                                    .number = count};

    if (count > 0)
        log_event(LOG_WARN, &field, 1, "%s: %ju", message, (uintmax_t)count);
}

void request_log_report(struct request_log *log, bool last)
{
    sync_lock(&log->lock);
    uint64_t left_out = log->left_out;
    uint64_t unknown = take_unknown_locked(log, last);
    log->left_out = 0;
    sync_unlock(&log->lock);
    server_metrics_unread(log->metrics, unknown);
    log_count(left_out, "notLogged", "further refused requests, not logged");
    log_count(unknown, "notRead",
              "refused requests whose first line libmicrohttpd could not read");
}

static void log_end(const struct request_line *line,
                    const struct request_end *end)
{
    struct line_fields fields;

    start_fields(line, &fields);
    add_number(&fields, "receivedBytes", LOG_LEFT_OUT, LOG_NUMBER,
               end->received);
    add_number(&fields, "sentBytes", LOG_LEFT_OUT, LOG_NUMBER, end->response);
    add_number(&fields, "durationMs", LOG_LEFT_OUT, LOG_THOUSANDTHS,
               end->duration);
    add_number(&fields, "complete", LOG_LEFT_OUT, LOG_BOOLEAN, end->sent);
    log_event(LOG_DEBUG, fields.all, fields.count,
              "%ju bytes received, %ju in the response, %ju.%03u ms%s",
              (uintmax_t)end->received, (uintmax_t)end->response,
              (uintmax_t)(end->duration / 1000),
              (unsigned)(end->duration % 1000), end->sent ? "" : ", cut off");
}

void request_log_end(struct request_log *log, const struct request_line *line,
                     const struct request_end *end)
{
    server_metrics_request(log->metrics, line, end);
    if (log_wants(LOG_DEBUG))
        log_end(line, end);
}
