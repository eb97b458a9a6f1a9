/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Puts the parts together and connects them to libmicrohttpd. What matters most
 * is the order of the stop, which is argued at server_stop().
 */
#include "server/server.h"

#include <microhttpd.h>
#include <netdb.h>
#include <netinet/in.h>
#include <sodium.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "address.h"
#include "base/log.h"
#include "base/metrics.h"
#include "connection_metrics.h"
#include "connections.h"
#include "exchange.h"
#include "linger.h"
#include "listener.h"
#include "request_log.h"
#include "server_metrics.h"
#include "tls_handshakes.h"
#include "tls_session.h"
#include "unix_listener.h"

enum {
    /* Descriptors of logs, epoll, pipes ..., and connections that linger. */
    OTHER_DESCRIPTORS = 64 + LINGER_CONNECTIONS,
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
    MIN_SEND = 100,       /* ms for the last responses of a stop */
};

struct server {
    /* Set at start, then read-only. */
    struct server_context context;
    struct server_address address;
    int socket, placeholder; /* which replaces it at the stop */
    struct unix_listener local;
    /*
     * libmicrohttpd listens on one socket a daemon, and TLS is of a whole
     * daemon. So is the limit of connections: over it clients wait in the
     * queue of their socket, and a crowd at one does not shut out the other.
     * All else is of both, such as the list of connections.
     */
    struct MHD_Daemon *daemon, *local_daemon;
    _Atomic size_t unsent; /* of the exchanges, see mhd_responses.h */
    struct server_metrics metrics;
    struct metrics *registry; /* of the metrics; may be NULL */
    struct request_log log;
    bool drained; /* owned by the thread that stops the server */
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

static struct MHD_Daemon *start_daemon(const struct server *server,
                                       const struct server_options *options,
                                       int socket, bool with_tls)
{
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
    /* Those that are not always given. MHD warns of a pool of 0 threads. */
    struct MHD_OptionItem some[3] = {{MHD_OPTION_END, 0, NULL}};
    struct MHD_OptionItem *next = some;
    if (pool > 0)
        *next++ = (struct MHD_OptionItem){MHD_OPTION_THREAD_POOL_SIZE,
                                          (intptr_t)pool, NULL};
    if (with_tls)
        *next++ = (struct MHD_OptionItem){MHD_OPTION_HTTPS_PRIORITIES, 0,
                                          (void *)tls_session_priorities};
    *next = (struct MHD_OptionItem){MHD_OPTION_END, 0, NULL};
    if (with_tls)
        flags |= MHD_USE_TLS;
    void *context = (void *)&server->context;
    return MHD_start_daemon(
        flags, 0, socket == server->local.socket ? admit_unix : NULL, context,
        step_request, context,
        /* First, so that it also gets errors about the other options. */
        MHD_OPTION_EXTERNAL_LOGGER, log_mhd, context, MHD_OPTION_LISTEN_SOCKET,
        socket, MHD_OPTION_THREAD_STACK_SIZE, (size_t)STACK_SIZE,
        MHD_OPTION_CONNECTION_LIMIT, options->max_connections,
        /* Time limits are those of connections.h. */
        MHD_OPTION_CONNECTION_TIMEOUT, 0U, MHD_OPTION_CONNECTION_MEMORY_LIMIT,
        (size_t)CONNECTION_MEMORY, MHD_OPTION_NOTIFY_CONNECTION,
        notify_connection, context, MHD_OPTION_URI_LOG_CALLBACK, begin_request,
        context, MHD_OPTION_UNESCAPE_CALLBACK, leave_escaped, NULL,
        MHD_OPTION_NOTIFY_COMPLETED, end_request, NULL, MHD_OPTION_ARRAY, some,
        /* Not in the array, whose values are no functions. */
        with_tls ? MHD_OPTION_HTTPS_CERT_CALLBACK : MHD_OPTION_END,
        tls_session_pick_certificate, MHD_OPTION_END);
}

unsigned server_fit_connections(unsigned wanted, unsigned sockets)
{
    rlim_t needed = (rlim_t)wanted * sockets + OTHER_DESCRIPTORS;
    struct rlimit limit;

    if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur >= needed)
        return wanted;

    /* Raising the hard limit takes a privilege. */
    struct rlimit raised = limit;
    raised.rlim_cur = needed;
    if (raised.rlim_max < needed)
        raised.rlim_max = needed;
    if (setrlimit(RLIMIT_NOFILE, &raised) == 0)
        return wanted;
    raised.rlim_cur = raised.rlim_max = limit.rlim_max;
    if (setrlimit(RLIMIT_NOFILE, &raised) == 0)
        limit = raised;

    unsigned fitting = 16;
    if (limit.rlim_cur > OTHER_DESCRIPTORS + 16 * sockets)
        fitting = (unsigned)(limit.rlim_cur - OTHER_DESCRIPTORS) / sockets;
    /* Not again for a number that was made to fit. */
    if (fitting != wanted)
        log_line(LOG_WARN,
                 "at most %u connections at a time, not %u: the limit of open "
                 "files is %ju (see ulimit -n)",
                 fitting, wanted, (uintmax_t)limit.rlim_cur);
    return fitting;
}

/* Free the parts, in the reverse order of their creation, if they exist. */
static void release_server(struct server *server)
{
    metrics_forget(server->registry, &server->context);
    linger_free(server->context.linger);
    tls_handshakes_free(server->context.handshakes);
    connections_free(server->context.connections);
    /* MHD may have closed it on failure; no other has its number by now. */
    if (server->socket >= 0)
        close(server->socket);
    unix_listener_remove(&server->local);
    if (server->local.socket >= 0)
        close(server->local.socket);
    if (server->placeholder >= 0)
        close(server->placeholder);
    request_log_release(&server->log);
    free(server);
}

static bool start_daemons(struct server *server,
                          const struct server_options *options)
{
    server->daemon =
        start_daemon(server, options, server->socket, options->tls != NULL);
    if (server->daemon != NULL && server->local.socket >= 0)
        server->local_daemon =
            start_daemon(server, options, server->local.socket, false);
    if (server->daemon != NULL &&
        (server->local.socket < 0 || server->local_daemon != NULL))
        return true;
    tls_handshakes_stop(server->context.handshakes);
    if (server->daemon != NULL) {
        MHD_stop_daemon(server->daemon);
        server->socket = -1;
    }
    return false;
}

static bool start_parts(struct server *server,
                        const struct server_options *options)
{
    server->placeholder = listener_open_placeholder();
    server->context.connections =
        connections_start(options->max_connections, options->per_connection,
                          options->idle_seconds, &server->log);
    server->context.linger = linger_start(LINGER_QUIET_SECONDS, LINGER_SECONDS);
    if (server->placeholder < 0 || server->context.connections == NULL ||
        server->context.linger == NULL)
        return false;
    if (options->tls != NULL && !options->per_connection)
        server->context.handshakes = tls_handshakes_start();
    if (options->tls != NULL && !options->per_connection &&
        server->context.handshakes == NULL)
        return false;
    return start_daemons(server, options);
}

struct addrinfo *server_resolve(const char *host, uint16_t port, char *error,
                                size_t error_size)
{
    return listener_resolve(host, port, error, error_size);
}

enum server_reach server_reach_of(const struct addrinfo *addresses)
{
    enum server_reach widest = SERVER_LOOPBACK;

    for (; addresses != NULL; addresses = addresses->ai_next) {
        enum server_reach reach = address_reach(addresses->ai_addr);
        if (reach > widest)
            widest = reach;
    }
    return widest;
}

static bool listen_on_sockets(struct server *server,
                              const struct server_options *options, char *error,
                              size_t size)
{
    server->local.socket = -1;
    server->socket = listener_open(options->addresses, options->host,
                                   options->port, error, size);
    return server->socket >= 0 &&
           (options->unix_socket.path == NULL ||
            unix_listener_open(&server->local, &options->unix_socket, error,
                               size) == 0);
}

struct server *server_start(const struct server_options *wanted,
                            const struct http_app *app, char *error,
                            size_t error_size)
{
    struct server_options options = *wanted;
    struct server *server = calloc(1, sizeof(*server));

    if (server == NULL || sodium_init() < 0) {
        snprintf(error, error_size, "out of memory at the start");
        free(server);
        return NULL;
    }
    options.max_connections = server_fit_connections(
        wanted->max_connections, wanted->unix_socket.path == NULL ? 1 : 2);
    server->context.app = *app;
    server->context.unsent = &server->unsent;
    server->context.log = &server->log;
    server->context.metrics = &server->metrics;
    server->registry = options.metrics;
    server_metrics_add(&server->metrics, options.metrics, app);
    connection_metrics_add(options.metrics, &server->context);
    request_log_init(&server->log, &server->metrics);
    server->context.per_connection = options.per_connection;
    server->context.tls = options.tls;
    snprintf(server->context.keep_alive, sizeof(server->context.keep_alive),
             "timeout=%u", options.idle_seconds);
    server->placeholder = -1;
    if (!listen_on_sockets(server, &options, error, error_size)) {
        release_server(server);
        return NULL;
    }
    address_of_socket(server->socket, &server->address);
    server->address.tls = options.tls != NULL;
    server->context.sites = options.sites;
    server->context.proxies = options.proxies;
    server->context.checks_host =
        options.sites != NULL && (options.sites->hosts.data != NULL ||
                                  server->address.reach == SERVER_LOOPBACK);
    if (!start_parts(server, &options)) {
        snprintf(error, error_size,
                 "can't start %u threads: not enough processes (ulimit -u), "
                 "open files (ulimit -n) or memory; try fewer with "
                 "-threads=N",
                 options.threads * (server->local.socket < 0 ? 1 : 2) + 2);
        release_server(server);
        return NULL;
    }
    return server;
}

const struct server_address *server_address(const struct server *server)
{
    return &server->address;
}

/*
 * Milliseconds for the last responses: what is left of SERVER_CANCEL_MS since
 * `cancelled`, or MIN_SEND if the waits took nearly all of it.
 */
static unsigned time_to_send(uint64_t cancelled)
{
    uint64_t spent = (connection_clock() - cancelled) / 1000;

    return spent + MIN_SEND < SERVER_CANCEL_MS
               ? SERVER_CANCEL_MS - (unsigned)spent
               : MIN_SEND;
}

/* A service that starts now may use both addresses. */
static void shut_listeners(const struct server *server)
{
    listener_shut(server->socket);
    if (server->local.socket < 0)
        return;
    unix_listener_remove(&server->local);
    listener_shut(server->local.socket);
}

static void replace_listeners(const struct server *server)
{
    listener_replace(server->socket, server->placeholder);
    if (server->local.socket >= 0)
        listener_replace(server->local.socket, server->placeholder);
}

/* The first three steps of server_stop(). */
static void drain(struct server *server)
{
    struct connections *connections = server->context.connections;

    connections_stop_keep_alive(connections);
    shut_listeners(server);
    /* Not earlier; if it is not done at all, the stop is short anyway. */
    if (!connections_drain(connections))
        replace_listeners(server);
    connections_wait(connections,
                     SERVER_STOP_MS - SERVER_CANCEL_MS - CONNECTIONS_LAST_CALL);
    server->drained = true;
}

/*
 * 1. Each response from now on says that it is the last of its connection.
 *    This goes first, so that a client that notices the stop also sees that.
 * 2. No more connections are accepted; idle ones are closed.
 * 3. Requests in flight end, and so do the waits for the application that end
 *    by themselves, such as those for a commit.
 * 4. Whatever still waits for the application is cancelled, as MHD must not be
 *    stopped while a connection is suspended. From then on none waits. The
 *    loops have a moment to send these responses.
 *    The same holds for handshakes of TLS, which are resumed last.
 * 5. MHD closes the connections that are left, with a notification for each,
 *    and the listening sockets.
 */
bool server_stop(struct server *server)
{
    struct connections *connections = server->context.connections;

    bool first = !server->drained;
    if (first)
        drain(server);
    uint64_t cancelled = connection_clock();
    unsigned waiting = connections_cancel_waits(connections, SERVER_CANCEL_MS);
    if (waiting > 0 && first)
        log_line(LOG_WARN,
                 "%u requests still wait, for a commit or a worker, although "
                 "the time for the stop is over",
                 waiting);
    if (waiting > 0)
        return false;
    unsigned left = connections_wait(connections, time_to_send(cancelled));
    if (left > 0)
        log_line(LOG_WARN, "%u connections did not end in time", left);
    tls_handshakes_stop(server->context.handshakes);
    MHD_stop_daemon(server->daemon);
    if (server->local_daemon != NULL)
        MHD_stop_daemon(server->local_daemon);
    request_log_report(&server->log, true);
    server->socket = server->local.socket = -1;
    release_server(server);
    return true;
}
