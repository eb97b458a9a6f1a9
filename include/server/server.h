/* SPDX-License-Identifier: Apache-2.0 */
/*
 * HTTP: sockets, threads, connections and their limits, on libmicrohttpd.
 * Serves an application of which it knows no more than http/app.h.
 */
#ifndef LUNAR_SERVER_SERVER_H
#define LUNAR_SERVER_SERVER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "http/app.h"
#include "http/networks.h"
#include "http/site_policy.h"

enum {
    SERVER_STOP_MS = 4500,  /* for requests in flight at a stop */
    SERVER_CANCEL_MS = 500, /* of these, for what has to be cancelled */
    SERVER_ADDRESS_TEXT = 128,
};

struct addrinfo;
struct metrics;
struct server_tls;

/* A Unix socket, beside the TCP one or alone; without TLS. */
struct server_unix_socket {
    const char *path; /* NULL: there is none */
    unsigned mode;    /* permissions of the file, as 0660 */
};

/*
 * Sockets of a service manager that listen already; 0: there is none. They are
 * not shut at the stop: clients that are not accepted by then wait for the next
 * instance. Ownership: borrowed.
 */
struct server_given {
    int tcp;         /* instead of host, port and addresses */
    int unix_socket; /* instead of the path and the mode */
};

struct server_options {
    const char *host; /* this and the port: for errors */
    uint16_t port;
    /*
     * Listen on the first usable one. NULL: there is no TCP socket, or a given
     * one; then there must be a Unix socket, and no TLS.
     */
    const struct addrinfo *addresses;
    unsigned threads;         /* event loops, at least 1 */
    bool per_connection;      /* a thread for each connection instead */
    unsigned max_connections; /* of each socket */
    unsigned idle_seconds;    /* at least 1: idle connections are closed then */
    /*
     * What pages of other sites may do. Host is checked by it if it lists names
     * or the address is a loopback one. NULL: no other site may post, and no
     * Host is checked.
     */
    const struct site_policy *sites;
    /*
     * Proxies whose Forwarded and X-Forwarded-* fields say who the client is,
     * and which URL it used. NULL: none.
     */
    const struct networks *proxies;
    struct server_tls *tls; /* of the TCP socket; NULL: no TLS */
    struct server_unix_socket unix_socket;
    struct server_given given;
    struct metrics *metrics; /* gets the server's families; may be NULL */
};

/* Who can connect, as far as the address decides it. */
enum server_reach {
    SERVER_LOOPBACK, /* only programs on this machine */
    SERVER_ONE_ADDRESS,
    SERVER_ALL_ADDRESSES, /* of the machine */
};

struct server_address {
    enum server_reach reach;
    bool tls;
    uint16_t port; /* 0: there is no TCP socket, only a Unix one */
    /*
     * As a URL has it: "127.0.0.1:8088", "[::1]:8088" or
     * "[fe80::1%25eth0]:8088". For all addresses "[::]:8088", or "0.0.0.0:8088"
     * if IPv6 is not meant or the machine has none. Of a Unix socket
     * "unix:PATH", escaped, and cut where that makes it too long; its reach is
     * SERVER_LOOPBACK.
     */
    char text[SERVER_ADDRESS_TEXT];
};

struct server;

/* Find out the address of a listening TCP socket; `tls` is false. */
struct server_address server_address_of(int socket);

/*
 * Raise the limit of open files to fit `wanted` connections at each of as many
 * listening sockets. Returns how many fit: fewer if it cannot be raised, which
 * is logged. server_start() does the same; before it, for limits that depend
 * on the number.
 */
unsigned server_fit_connections(unsigned wanted, unsigned sockets);

/*
 * Find the addresses of `host`, a name or an address. It may block for as long
 * as DNS does. Returns NULL on failure, and sets `error` as server_start().
 * Ownership: the caller frees the result with freeaddrinfo(3).
 */
struct addrinfo *server_resolve(const char *host, uint16_t port, char *error,
                                size_t error_size);

/*
 * Who can connect to any of these addresses, at most: which of them is usable
 * is only known when the server listens.
 */
enum server_reach server_reach_of(const struct addrinfo *addresses);

/*
 * Listen and serve. Returns NULL on failure, and sets `error` to one line for
 * the user that says what to do.
 * Ownership: the application, the policy, the proxies, TLS and the metrics are
 * borrowed and must outlive the server; host, addresses and path only this
 * call.
 */
struct server *server_start(const struct server_options *options,
                            const struct http_app *app, char *error,
                            size_t error_size);

/*
 * The address that it listens on, whatever name was given for it; of the TCP
 * socket, if there is one.
 */
const struct server_address *server_address(const struct server *server);

/*
 * How many connections have been in one callback of ours since server_note(),
 * which an event loop should leave in milliseconds, as others wait for it; with
 * a thread for each connection that thread. Those that wait for the application
 * are in none.
 * Locking: one thread at a time for both, before server_stop(). They wait for
 * the lock of the list of connections.
 */
unsigned server_stuck(struct server *server);
void server_note(struct server *server);

/*
 * Stop listening, or accepting from given sockets; answer requests on open
 * connections with `Connection: close`, give those in flight SERVER_STOP_MS,
 * and free everything. What waits for the application is cancelled
 * SERVER_CANCEL_MS before that time is over. False if it has not woken all of
 * it by then, for example as a disk does not respond. Then the server still
 * runs, and nothing may be freed that it or its application uses. Call again to
 * wait for SERVER_CANCEL_MS more, or end the process by _exit(2).
 */
bool server_stop(struct server *server);

#endif
