/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A connection to another service: the only way by which this service asks
 * others. It looks up the host, connects, speaks TLS if the URL is https://,
 * and verifies the certificate. Every wait has a deadline, and can be ended by
 * whoever asks. HTTP is the caller's part; request.h writes the head.
 *
 * TLS is 1.2 or 1.3, by GnuTLS, which libmicrohttpd loads anyway; libcurl would
 * cost every start 3 ms and 25 more libraries, for a few requests.
 *
 * Locking: none; a connection is of one thread.
 */
#ifndef LUNAR_CLIENT_CONNECTION_H
#define LUNAR_CLIENT_CONNECTION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/text.h"
#include "http/url.h"

enum {
    CLIENT_ERROR = 512,  /* bytes of an error, with its NUL */
    CLIENT_TICK_MS = 50, /* between two calls of `goes_on`, at most */
};

enum client_result {
    CLIENT_OK,
    CLIENT_FAILED,      /* the error says why, and what to do where it can */
    CLIENT_INTERRUPTED, /* `goes_on` has returned false */
};

/* All borrowed until the connection is closed. */
struct client_options {
    /* A file in PEM with the authorities to trust; NULL: the system's. */
    const char *ca_file;
    bool unverified; /* take any certificate: the other side may be anybody */
    /* Asked at each wait; NULL: nothing interrupts. */
    bool (*goes_on)(void *context);
    void *context;
};

struct client_tls;

/* Embedded. Private. Zeroed, it is closed. */
struct client_connection {
    const struct client_options *options; /* NULL: closed */
    int fd;
    struct client_tls *tls; /* NULL: plain http:// */
};

/*
 * Connect to the host of `url`; one that stands for all addresses of this
 * machine, as 0.0.0.0, means its loopback address. With https://, return once
 * the certificate is verified: it is of a trusted authority, in its time, and
 * for this host by its subjectAltName (RFC 9525 section 6; the common name does
 * not count). An error has no URL in it: "cannot connect: Connection refused".
 * `deadline` is in microseconds of the monotonic clock, here and below, and is
 * that of the look-up, the connection and TLS together.
 * The caller calls client_close(), also after a failure.
 */
enum client_result client_connect(struct client_connection *connection,
                                  const struct http_url *url,
                                  const struct client_options *options,
                                  uint64_t deadline, char error[CLIENT_ERROR]);

/*
 * The same to the Unix socket at `path`, without TLS. While its queue is full,
 * try again until the deadline.
 */
enum client_result client_connect_unix(struct client_connection *connection,
                                       const char *path,
                                       const struct client_options *options,
                                       uint64_t deadline,
                                       char error[CLIENT_ERROR]);

/* Send all of `bytes`. */
enum client_result client_send(struct client_connection *connection,
                               struct text bytes, uint64_t deadline,
                               char error[CLIENT_ERROR]);

/*
 * Receive what comes next: up to `*count` bytes, which becomes their number; 0
 * at the end. Under TLS an end without the close_notify of the other side
 * (RFC 8446 section 6.1) is a failure, as somebody may have cut what it sent.
 */
enum client_result client_receive(struct client_connection *connection,
                                  char *bytes, size_t *count, uint64_t deadline,
                                  char error[CLIENT_ERROR]);

/*
 * Whether others may read what is sent: plain http://, and not to this machine.
 */
bool client_is_exposed(const struct client_connection *connection);

/* Does nothing if it is closed. */
void client_close(struct client_connection *connection);

/*
 * Whether `file`, as in `ca_file`, has certificates of authorities. False with
 * an error that names it.
 */
bool client_check_authorities(const char *file, char error[CLIENT_ERROR]);

#endif
