/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Puts the parts together. What matters most is the order of the stop, which is
 * argued at server_stop().
 */
#include "server/server.h"

#include <microhttpd.h>
#include <netdb.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "acceptor.h"
#include "address.h"
#include "base/log.h"
#include "base/metrics.h"
#include "connection_metrics.h"
#include "connections.h"
#include "connections_stop.h"
#include "daemon.h"
#include "exchange.h"
#include "linger.h"
#include "listener.h"
#include "open_files.h"
#include "request_log.h"
#include "server_metrics.h"
#include "sweep.h"
#include "tls_handshakes.h"
#include "unix_listener.h"

enum {
    MIN_SEND = 100, /* ms for the last responses of a stop */
};

struct server {
    /* Set at start, then read-only. */
    struct server_context context;
    struct server_address address;
    /* -1: there is none, or the socket is a given one. */
    int socket, placeholder; /* which replaces it at the stop */
    struct unix_listener local;
    struct server_given given;
    struct sweep *sweep;
    /*
     * libmicrohttpd listens on one socket a daemon, and TLS is of a whole
     * daemon. So is the limit of connections: over it clients wait in the
     * queue of their socket, and a crowd at one does not shut out the other.
     * All else is of both, such as the list of connections.
     */
    struct MHD_Daemon *daemon, *local_daemon;
    struct acceptor *acceptor, *local_acceptor; /* of given sockets */
    _Atomic size_t unsent; /* of the exchanges, see mhd_responses.h */
    struct server_metrics metrics;
    struct metrics *registry; /* of the metrics; may be NULL */
    struct request_log log;
    bool stopping; /* owned by the thread that stops the server */
};

unsigned server_fit_connections(unsigned wanted, unsigned sockets)
{
    return open_files_fit(wanted, sockets);
}

/* Free the parts, in the reverse order of their creation, if they exist. */
static void release_server(struct server *server)
{
    metrics_forget(server->registry, &server->context);
    linger_free(server->context.linger);
    tls_handshakes_free(server->context.handshakes);
    sweep_free(server->sweep);
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

static bool start_acceptors(struct server *server)
{
    const struct server_given *given = &server->given;
    struct connections *connections = server->context.connections;

    if (given->tcp > 0)
        server->acceptor =
            acceptor_start(given->tcp, PEER_TCP, server->daemon, connections);
    if (given->unix_socket > 0)
        server->local_acceptor = acceptor_start(
            given->unix_socket, PEER_UNIX, server->local_daemon, connections);
    return (given->tcp <= 0 || server->acceptor != NULL) &&
           (given->unix_socket <= 0 || server->local_acceptor != NULL);
}

static void stop_acceptors(struct server *server)
{
    acceptor_stop(server->acceptor);
    acceptor_stop(server->local_acceptor);
    server->acceptor = server->local_acceptor = NULL;
}

/* They close their sockets. */
static void stop_daemons(struct server *server)
{
    if (server->daemon != NULL) {
        MHD_stop_daemon(server->daemon);
        server->socket = -1;
    }
    if (server->local_daemon != NULL) {
        MHD_stop_daemon(server->local_daemon);
        server->local.socket = -1;
    }
}

static bool has_tcp(const struct server *server)
{
    return server->socket >= 0 || server->given.tcp > 0;
}

static bool has_unix(const struct server *server)
{
    return server->local.socket >= 0 || server->given.unix_socket > 0;
}

static bool start_daemons(struct server *server,
                          const struct server_options *options)
{
    const struct server_context *context = &server->context;
    bool started = true;

    if (has_tcp(server)) {
        server->daemon =
            daemon_start(context, options, server->socket, PEER_TCP);
        started = server->daemon != NULL;
    }
    if (started && has_unix(server)) {
        server->local_daemon =
            daemon_start(context, options, server->local.socket, PEER_UNIX);
        started = server->local_daemon != NULL;
    }
    if (started && start_acceptors(server))
        return true;
    stop_acceptors(server);
    tls_handshakes_stop(server->context.handshakes);
    stop_daemons(server);
    return false;
}

static bool start_parts(struct server *server,
                        const struct server_options *options)
{
    server->placeholder = listener_open_placeholder();
    server->context.connections =
        connections_new(options->max_connections, options->per_connection);
    if (server->context.connections != NULL)
        server->sweep = sweep_start(server->context.connections,
                                    options->idle_seconds, &server->log);
    server->context.linger = linger_start(LINGER_QUIET_SECONDS, LINGER_SECONDS);
    if (server->placeholder < 0 || server->sweep == NULL ||
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
    const struct server_given *given = &options->given;

    if (given->tcp <= 0 && options->addresses != NULL) {
        server->socket = listener_open(options->addresses, options->host,
                                       options->port, error, size);
        if (server->socket < 0)
            return false;
    }
    return given->unix_socket > 0 || options->unix_socket.path == NULL ||
           unix_listener_open(&server->local, &options->unix_socket, error,
                              size) == 0;
}

/* There is at least one. */
static unsigned count_sockets(const struct server_options *options)
{
    const struct server_given *given = &options->given;
    bool tcp = options->addresses != NULL || given->tcp > 0;
    bool local = options->unix_socket.path != NULL || given->unix_socket > 0;

    return tcp && local ? 2 : 1;
}

static void find_address(struct server *server,
                         const struct server_options *options)
{
    struct server_address *address = &server->address;

    if (has_tcp(server)) {
        *address = server_address_of(server->socket >= 0 ? server->socket
                                                         : server->given.tcp);
        address->tls = options->tls != NULL;
        return;
    }
    *address = (struct server_address){.reach = SERVER_LOOPBACK};
    char shown[sizeof(address->text) - sizeof("unix:")];
    snprintf(
        address->text, sizeof(address->text), "unix:%s",
        log_escape(text_of(options->unix_socket.path), shown, sizeof(shown)));
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
    server->given = wanted->given;
    server->context.sockets = count_sockets(wanted);
    options.max_connections = server_fit_connections(wanted->max_connections,
                                                     server->context.sockets);
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
    server->socket = server->local.socket = server->placeholder = -1;
    if (!listen_on_sockets(server, &options, error, error_size)) {
        release_server(server);
        return NULL;
    }
    find_address(server, &options);
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
                 options.threads * server->context.sockets + 2);
        release_server(server);
        return NULL;
    }
    return server;
}

struct server_address server_address_of(int socket)
{
    struct server_address address = {.tls = false};

    address_of_socket(socket, &address);
    return address;
}

const struct server_address *server_address(const struct server *server)
{
    return &server->address;
}

unsigned server_stuck(struct server *server)
{
    return connections_stuck(server->context.connections);
}

void server_note(struct server *server)
{
    connections_note(server->context.connections);
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

/* A service that starts now may use all addresses. */
static void shut_listeners(struct server *server)
{
    if (server->acceptor != NULL || server->local_acceptor != NULL) {
        stop_acceptors(server);
        log_line(LOG_INFO, "accepting no more: clients wait for the next start "
                           "at the socket, which stays open");
    }
    if (server->socket >= 0)
        listener_shut(server->socket);
    if (server->local.socket < 0)
        return;
    unix_listener_remove(&server->local);
    listener_shut(server->local.socket);
}

static void replace_listeners(const struct server *server)
{
    if (server->socket >= 0)
        listener_replace(server->socket, server->placeholder);
    if (server->local.socket >= 0)
        listener_replace(server->local.socket, server->placeholder);
}

/* The first three steps of server_stop(). */
static void end_requests(struct server *server)
{
    struct connections *connections = server->context.connections;

    connections_stop_keep_alive(connections);
    shut_listeners(server);
    /* Not earlier; if it is not done at all, the stop is short anyway. */
    if (!connections_stop_idle(connections))
        replace_listeners(server);
    connections_stop_await(connections, SERVER_STOP_MS - SERVER_CANCEL_MS -
                                            CONNECTIONS_LAST_CALL);
    server->stopping = true;
}

/*
 * 1. Each response from now on says that it is the last of its connection.
 *    This goes first, so that a client that notices the stop also sees that.
 * 2. No more connections are accepted; idle ones are closed. A given socket
 *    only has no acceptor any more: its other owner has it listen on.
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

    bool first = !server->stopping;
    if (first)
        end_requests(server);
    uint64_t cancelled = connection_clock();
    unsigned waiting = connections_stop_waits(connections, SERVER_CANCEL_MS);
    if (waiting > 0 && first)
        log_line(LOG_WARN,
                 "%u requests still wait, for a commit or a worker, although "
                 "the time for the stop is over",
                 waiting);
    if (waiting > 0)
        return false;
    unsigned left =
        connections_stop_await(connections, time_to_send(cancelled));
    if (left > 0)
        log_line(LOG_WARN, "%u connections did not end in time", left);
    tls_handshakes_stop(server->context.handshakes);
    stop_daemons(server);
    request_log_report(&server->log, true);
    release_server(server);
    return true;
}
