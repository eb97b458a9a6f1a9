/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The client end of a connection to the service, over TCP on the IPv4 loopback
 * or over a Unix socket: sends raw bytes and receives responses, each with a
 * time limit. Over TCP all of it is in TLS if the environment variable
 * LUNAR_TEST_TLS is set (lib/tls_client.h).
 *
 * Functions that return a result can be called from any thread of a test. The
 * others fail the test themselves and must be called from its main thread.
 */
#ifndef LUNAR_TEST_CONNECTION_H
#define LUNAR_TEST_CONNECTION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/process.h"
#include "lib/response.h"

enum {
    /* Milliseconds to wait for one response: only a bound. */
    CONNECTION_PATIENCE = PROCESS_PATIENCE,
    CONNECTION_SMALL_WINDOW = 4096,
};

struct tls_client;

struct connection {
    int socket;             /* -1: none */
    struct tls_client *tls; /* NULL: no TLS */
    bool ended;             /* the service closed or reset it */
    char *data;             /* received bytes, not yet returned as a response */
    size_t length, capacity;
};

enum connection_result {
    CONNECTION_ANSWERED,
    CONNECTION_CLOSED,  /* before the first byte of a response */
    CONNECTION_CUT,     /* in the middle of a response */
    CONNECTION_LATE,    /* no complete response in time */
    CONNECTION_GARBLED, /* the bytes received are not a response */
};

/* Return false if the connection was refused. */
bool connection_open(struct connection *connection, uint16_t port);

/* The same over the Unix socket of this path. */
bool connection_open_path(struct connection *connection, const char *path);

/*
 * From now on connections to `port` are made over the Unix socket `path`: so
 * tests of TCP connections become tests of these. Of the windows of these
 * functions there is none then. Ownership: `path` is borrowed for good.
 */
void connection_route(uint16_t port, const char *path);

/* Without TLS, whatever the environment says. */
bool connection_open_plain(struct connection *connection, uint16_t port);

/*
 * Do the same as connection_open() with a receive buffer of about
 * CONNECTION_SMALL_WINDOW bytes.
 */
bool connection_open_narrow(struct connection *connection, uint16_t port);

/* Raise the receive buffer of such a connection to 1 MiB. */
void connection_widen(struct connection *connection);

/* Close the connection. Can be called more than once. */
void connection_close(struct connection *connection);

/*
 * Send all of it. Return false if the service closed the connection, or does
 * not read it in time.
 */
bool connection_send(struct connection *connection, const char *data,
                     size_t length);
bool connection_send_text(struct connection *connection, const char *text);
__attribute__((format(printf, 2, 3))) bool
connection_print(struct connection *connection, const char *format, ...);

/*
 * Send as much as is taken at once; return how much. The next call must go on
 * with the same data from there.
 */
size_t connection_push(struct connection *connection, const char *data,
                       size_t length);

/* Shut down the sending side; with TLS, after a close_notify. */
void connection_finish(struct connection *connection);

/*
 * Send "GET <target>", any request without a body, or "POST /messages" with
 * JSON. `fields` are header lines, each with its CRLF. The results are those of
 * connection_send().
 */
bool connection_get(struct connection *connection, const char *target);
bool connection_request(struct connection *connection, const char *method,
                        const char *target, const char *fields);
bool connection_post(struct connection *connection, const char *body);
bool connection_post_with(struct connection *connection, const char *fields,
                          const char *body);

/*
 * Post a body of any bytes, sent after the head; or of gzip data, to which
 * `text` is compressed.
 */
bool connection_post_bytes(struct connection *connection, const char *fields,
                           const char *body, size_t length);
bool connection_post_gzip(struct connection *connection, const char *fields,
                          const char *text, size_t length);

/*
 * Send a part of a chunked body, in chunks of at most `size` bytes. The last
 * chunk, which ends the body, is not among them.
 */
bool connection_send_chunks(struct connection *connection, const char *data,
                            size_t length, size_t size);

/*
 * Receive at most `most` bytes until `deadline` (process_clock()). Return false
 * when the deadline passes, or when `ended` becomes true.
 */
bool connection_fill(struct connection *connection, size_t most,
                     int64_t deadline);

/*
 * Receive the next response; connection_receive_head() for the response to a
 * HEAD request. Ownership: on CONNECTION_ANSWERED the caller releases
 * `response`.
 */
enum connection_result connection_receive(struct connection *connection,
                                          struct response *response);
enum connection_result connection_receive_head(struct connection *connection,
                                               struct response *response);

/* Expect the next response. Ownership: the caller releases `response`. */
void connection_expect(struct connection *connection,
                       struct response *response);

/* Expect that the next response has this status; ignore its body. */
void connection_expect_status(struct connection *connection, unsigned status);

/* Expect that the service closes the connection without sending more. */
void connection_expect_closed(struct connection *connection);

/* Return whether bytes or the end of the stream can be read now. */
bool connection_has_news(const struct connection *connection);

/*
 * Return whether the service has closed the connection. Discards all that was
 * received before the end.
 */
bool connection_is_closed(struct connection *connection);

/* Raise the test's own limit of open files to the hard limit. */
void connection_raise_limit(void);

#endif
