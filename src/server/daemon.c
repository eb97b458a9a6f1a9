/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The options of libmicrohttpd, and its callbacks: they hand connections and
 * requests to exchanges, and what it only logs to those who have to act on it.
 */
#include "daemon.h"

#include <microhttpd.h>
#include <netinet/in.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

#include "acceptor.h"
#include "base/log.h"
#include "base/metrics.h"
#include "connections.h"
#include "exchange.h"
#include "request_log.h"
#include "server/server.h"
#include "server_metrics.h"
#include "tls_session.h"

enum {
    /* Handlers need little: nested JSON has at most 64 levels. */
    STACK_SIZE = 1024 * 1024,
    /*
     * MHD's memory for a connection: the request's head (cookies twice), then
     * the response's. MHD zeroes all of it after each request, and the half
     * used for reading once more, which at its default of 32 KiB takes a third
     * of its own time. Less than this would be too little for a target of
     * HTTP_MAX_TARGET, other fields, and a Link in the response.
     */
    CONNECTION_MEMORY = 16 * 1024,
    SCARCITY_PAUSE = 100, /* ms between tries to accept a connection */
};

static struct exchange *exchange_of(struct MHD_Connection *connection)
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
    return info == NULL ? NULL : info->socket_context;
}

/* A connection was opened, or is about to be closed. */
static void notify_connection(void *context, struct MHD_Connection *connection,
                              void **socket_context,
                              enum MHD_ConnectionNotificationCode code)
{
    const struct server_context *shared = context;

    if (code == MHD_CONNECTION_NOTIFY_CLOSED) {
        if (*socket_context == NULL)
            metric_add(shared->metrics->closed, CONNECTION_END_ERROR, 1);
        exchange_free(*socket_context);
        *socket_context = NULL;
        return;
    }
    metric_add(shared->metrics->opened, 0, 1);
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
    *socket_context = exchange_new(shared, connection, info->connect_fd);
    /* No sweep would ever close it. The loop notices the end. */
    if (*socket_context == NULL)
        shutdown(info->connect_fd, SHUT_RDWR);
}

/* A request's first line was read. Returns the request's context. */
static void *begin_request(void *context, const char *target,
                           struct MHD_Connection *connection)
{
    struct exchange *exchange = exchange_of(connection);

    (void)context;
    if (exchange != NULL)
        exchange_begin(exchange, target);
    return exchange;
}

/* NOLINTNEXTLINE(readability-function-size): the parameters are MHD's. */
static enum MHD_Result step_request(void *context,
                                    struct MHD_Connection *connection,
                                    const char *url, const char *method,
                                    const char *version, const char *data,
                                    size_t *size, void **request_context)
{
    struct exchange *exchange = *request_context;

    (void)context;
    (void)connection;
    (void)url;
    if (exchange == NULL ||
        !exchange_step(exchange, method, version, data, size))
        return MHD_NO;
    return MHD_YES;
}

static void end_request(void *context, struct MHD_Connection *connection,
                        void **request_context,
                        enum MHD_RequestTerminationCode code)
{
    (void)context;
    (void)connection;
    if (*request_context != NULL)
        exchange_end(*request_context,
                     code == MHD_REQUEST_TERMINATED_COMPLETED_OK);
    *request_context = NULL;
}

/* Targets are decoded by http_request_set_target(). */
static size_t leave_escaped(void *context, struct MHD_Connection *connection,
                            char *text)
{
    (void)context;
    (void)connection;
    return strlen(text);
}

static bool begins_with(const char *text, const char *beginning)
{
    return strncmp(text, beginning, strlen(beginning)) == 0;
}

/*
 * If accept(2) fails for want of descriptors or memory, or a connection's
 * thread cannot be created, MHD only logs it. After that a loop that has
 * connections waits for the end of one of them; but a loop without any calls
 * accept(2) again at once, and so does the thread that accepts with a thread a
 * connection. Neither serves a connection meanwhile, so it can pause here.
 */
static void handle_scarcity(const struct server_context *context,
                            const char *format)
{
    static const char refused[] = "Hit process or system resource limit at ";
    static const char no_thread[] = "Failed to create a new thread because";
    struct timespec moment = {.tv_nsec = SCARCITY_PAUSE * 1000000L};

    bool at_accept = begins_with(format, refused);
    /* At the start MHD logs the same of its own threads. */
    bool at_thread = begins_with(format, no_thread) &&
                     connections_count(context->connections) > 0;
    if (at_accept || at_thread)
        connections_make_room(context->connections);
    if (at_accept && (context->per_connection ||
                      begins_with(format + sizeof(refused) - 1, "FIRST")))
        clock_nanosleep(CLOCK_MONOTONIC, 0, &moment, NULL);
}

/* MHD refuses some requests by itself. */
static void handle_refusal(const struct server_context *context,
                           const char *format)
{
    static const char refused[] = "Error processing request (HTTP response";

    if (begins_with(format, refused))
        request_log_unknown(context->log);
}

/* MHD's own log, which nearly always says that a client went away. */
__attribute__((format(printf, 2, 0))) static void
log_mhd(void *context, const char *format, va_list arguments)
{
    char line[LOG_MAX_LINE];

    handle_scarcity(context, format);
    handle_refusal(context, format);
    if (!log_wants(LOG_DEBUG))
        return;
    vsnprintf(line, sizeof(line), format, arguments);
    line[strcspn(line, "\n")] = '\0';
    log_line(LOG_DEBUG, "libmicrohttpd: %s", line);
}

/*
 * MHD 0.9.75 copies as many bytes of a client's address as accept(2) says that
 * it has, from where there is room for one of IPv6: the name of a Unix socket
 * may be longer, if a client has bound its own. Hardly any does.
 */
static enum MHD_Result admit_unix(void *context, const struct sockaddr *address,
                                  socklen_t size)
{
    (void)context;
    (void)address;
    return size <= sizeof(struct sockaddr_in6) ? MHD_YES : MHD_NO;
}

struct MHD_Daemon *daemon_start(const struct server_context *shared,
                                const struct server_options *options,
                                int socket, enum peer_kind peers)
{
    bool with_tls = peers == PEER_TCP && options->tls != NULL;
    unsigned flags = MHD_USE_ERROR_LOG;
    /* A pool of one is refused; it is a single loop then. */
    unsigned pool = options->threads > 1 ? options->threads : 0;

    if (options->per_connection) {
        flags |= MHD_USE_THREAD_PER_CONNECTION |
                 MHD_USE_INTERNAL_POLLING_THREAD | MHD_USE_POLL;
        pool = 0;
    } else {
        flags |= MHD_USE_EPOLL_INTERNAL_THREAD | MHD_ALLOW_SUSPEND_RESUME;
    }
    unsigned limit = options->max_connections;
    /* Those that are not always given. MHD warns of a pool of 0 threads. */
    struct MHD_OptionItem some[4] = {{MHD_OPTION_END, 0, NULL}};
    struct MHD_OptionItem *next = some;
    if (pool > 0)
        *next++ = (struct MHD_OptionItem){MHD_OPTION_THREAD_POOL_SIZE,
                                          (intptr_t)pool, NULL};
    if (socket >= 0) {
        *next++ =
            (struct MHD_OptionItem){MHD_OPTION_LISTEN_SOCKET, socket, NULL};
    } else {
        flags |= MHD_USE_NO_LISTEN_SOCKET;
        limit = acceptor_daemon_limit(limit, pool > 0 ? pool : 1);
    }
    if (with_tls)
        *next++ = (struct MHD_OptionItem){MHD_OPTION_HTTPS_PRIORITIES, 0,
                                          (void *)tls_session_priorities};
    *next = (struct MHD_OptionItem){MHD_OPTION_END, 0, NULL};
    if (with_tls)
        flags |= MHD_USE_TLS;
    void *context = (void *)shared;
    return MHD_start_daemon(
        flags, 0, peers == PEER_UNIX ? admit_unix : NULL, context, step_request,
        context,
        /* First, so that it also gets errors about the other options. */
        MHD_OPTION_EXTERNAL_LOGGER, log_mhd, context,
        MHD_OPTION_THREAD_STACK_SIZE, (size_t)STACK_SIZE,
        MHD_OPTION_CONNECTION_LIMIT, limit,
        /* Time limits are those of sweep.h. */
        MHD_OPTION_CONNECTION_TIMEOUT, 0U, MHD_OPTION_CONNECTION_MEMORY_LIMIT,
        (size_t)CONNECTION_MEMORY, MHD_OPTION_NOTIFY_CONNECTION,
        notify_connection, context, MHD_OPTION_URI_LOG_CALLBACK, begin_request,
        context, MHD_OPTION_UNESCAPE_CALLBACK, leave_escaped, NULL,
        MHD_OPTION_NOTIFY_COMPLETED, end_request, NULL, MHD_OPTION_ARRAY, some,
        /* Not in the array, whose values are no functions. */
        with_tls ? MHD_OPTION_HTTPS_CERT_CALLBACK : MHD_OPTION_END,
        tls_session_pick_certificate, MHD_OPTION_END);
}
