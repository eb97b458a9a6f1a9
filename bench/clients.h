/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the clients of the service have in common that measure delays: a clock,
 * connections of an epoll set, with or without TLS, header fields, and
 * percentiles.
 */
#ifndef LUNAR_BENCH_CLIENTS_H
#define LUNAR_BENCH_CLIENTS_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "client/connection.h"

#define SECOND UINT64_C(1000000000) /* of clients_now() */

/* The monotonic time in nanoseconds. */
uint64_t clients_now(void);

/* Bytes, with NUL: as much as fleet_request() takes. */
enum { CLIENTS_MAX_FIELDS = 128 };

/* The service that is measured: a port of this machine. */
struct clients {
    uint64_t port;
    /* Either of them means https://, to a certificate for localhost. */
    struct client_options options; /* .ca_file: PEM, or NULL */
    uint64_t insecure;             /* 1: take any certificate */
    /* Set by clients_start(). */
    int epoll;
    char fields[CLIENTS_MAX_FIELDS]; /* header lines of each request */
};

/* Three flags (flags.h) of the programs that have a struct clients. */
#define CLIENTS_FLAGS(clients)                                                 \
    {"port", &(clients)->port, 1, UINT16_MAX},                                 \
        {"ca-file", &(clients)->options.ca_file, 0, 0},                        \
    {                                                                          \
        "insecure", &(clients)->insecure, 0, 1                                 \
    }

/*
 * Make the epoll set, and the header lines: Host, and Authorization with the
 * token of the environment variable TOKEN, if it has one. Dies on failure.
 */
void clients_start(struct clients *clients);

struct client {
    int fd;                 /* -1: closed */
    struct client_tls *tls; /* NULL: http:// */
};

/*
 * Connect, with the whole handshake of TLS, and add the connection to the epoll
 * set, with `data`. Dies on failure. The caller calls clients_close().
 */
void clients_connect(const struct clients *clients, struct client *client,
                     void *data);

/* Send a request, which has to fit into the socket's buffer. Dies if not. */
void clients_send(struct client *client, const char *request, size_t length);

/*
 * As recv(2) that does not wait: EAGAIN if nothing has arrived for the caller,
 * as tickets of TLS do. With room for a record of TLS (16 KiB), or for all that
 * comes, no byte is left that the epoll set does not know of.
 */
ssize_t clients_receive(struct client *client, char *bytes, size_t size);

void clients_close(struct client *client);

/* Sort delays for clients_percentile(). They are in units of 100 ns. */
void clients_sort(uint32_t *delays, size_t count);

/* The milliseconds within which so many of 1,000 delays are; 0 without any. */
double clients_percentile(const uint32_t *sorted, uint64_t count,
                          uint64_t mille);

#endif
