/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A client's end of a TCP connection to the service on the IPv4 loopback:
 * raw bytes out, responses in, each with a time limit.
 *
 * The functions that return something can be used in any thread of a test;
 * the others fail the test by themselves and are for its main thread.
 */
#ifndef LUNAR_TEST_CONNECTION_H
#define LUNAR_TEST_CONNECTION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "response.h"

enum {
    /* Milliseconds for one answer. Only a bound, as INSTANCE_PATIENCE. */
    CONNECTION_PATIENCE = 60 * 1000,
    CONNECTION_SMALL_WINDOW = 4096,
};

struct connection {
    int socket; /* -1: none */
    bool ended; /* the service closed it, or broke it off */
    char *data; /* received, and not yet part of a response */
    size_t length, capacity;
};

enum connection_result {
    CONNECTION_ANSWERED,
    CONNECTION_CLOSED, /* without a byte of an answer */
    CONNECTION_CUT,    /* within an answer */
    CONNECTION_LATE,
    CONNECTION_GARBLED, /* what came is not a response */
};

/* False if it was refused. */
bool connection_open(struct connection *connection, uint16_t port);

/* The same with a receive buffer of about CONNECTION_SMALL_WINDOW bytes. */
bool connection_open_narrow(struct connection *connection, uint16_t port);

/* Let such a connection take as much at a time as others do. */
void connection_widen(struct connection *connection);

/* Can be called again. */
void connection_close(struct connection *connection);

/* False if the service closed the connection, or takes nothing any more. */
bool connection_send(struct connection *connection, const char *data,
                     size_t length);
bool connection_send_text(struct connection *connection, const char *text);
__attribute__((format(printf, 2, 3))) bool
connection_print(struct connection *connection, const char *format, ...);

/* Say that nothing more will be sent. */
void connection_finish(struct connection *connection);

/*
 * Send "GET <target>", or "POST /messages" with JSON. `fields` are header
 * lines, each with its CRLF.
 */
bool connection_get(struct connection *connection, const char *target);
bool connection_request(struct connection *connection, const char *method,
                        const char *target, const char *fields);
bool connection_post(struct connection *connection, const char *body);
bool connection_post_with(struct connection *connection, const char *fields,
                          const char *body);

/* The start of such a POST, whose body is to have `length` bytes. */
bool connection_post_head(struct connection *connection, size_t length);

/*
 * Take at most `most` bytes that come until `deadline` (process_clock()).
 * Returns false if it passes, or with `ended` set.
 */
bool connection_fill(struct connection *connection, size_t most,
                     int64_t deadline);

/* Ownership: with CONNECTION_ANSWERED the caller releases `response`. */
enum connection_result connection_receive(struct connection *connection,
                                          struct response *response);
enum connection_result connection_receive_head(struct connection *connection,
                                               struct response *response);

/* The next answer, which must come. */
void connection_expect(struct connection *connection,
                       struct response *response);

/* The next answer, which must have this status; its body is not looked at. */
void connection_expect_status(struct connection *connection, unsigned status);

/* The service must close the connection, and send nothing before. */
void connection_expect_closed(struct connection *connection);

/* Whether bytes or the end wait to be read, right now. */
bool connection_has_news(const struct connection *connection);

/* Whether the service has closed the connection by now. */
bool connection_is_closed(struct connection *connection);

/* Allow as many open files as the system lets us have. */
void connection_raise_limit(void);

#endif
