/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sockets for tests. They never block: each wait is a poll(2) with the rest of
 * a time limit.
 */
#include "lib/connection.h"

#include "lib/gzip_data.h"
#include "lib/harness.h"
#include "lib/tls_client.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

enum {
    BLOCK = 64 * 1024,
    WIDE_WINDOW = 1024 * 1024,
    MAX_HEAD = 64 * 1024,
    MAX_CHUNK_LINE = 18, /* sixteen digits */
    MAX_ROUTES = 256,
};

/* Paths of Unix sockets, each of a service's port. Set by the main thread. */
static struct {
    uint16_t port;
    const char *path;
} routes[MAX_ROUTES];

void connection_route(uint16_t port, const char *path)
{
    size_t at = 0;

    while (routes[at].path != NULL && routes[at].port != port) {
        at++;
        assert_in_range(at, 0, MAX_ROUTES - 2);
    }
    routes[at].port = port;
    routes[at].path = path;
}

static const char *path_of(uint16_t port)
{
    for (size_t i = 0; routes[i].path != NULL; i++)
        if (routes[i].port == port)
            return routes[i].path;
    return NULL;
}

static bool connect_tcp(int fd, uint16_t port, int window)
{
    struct sockaddr_in address = {
        .sin_family = AF_INET,
        .sin_port = htons(port),
        .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
    };
    int on = 1;

    if (window > 0)
        setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &window, sizeof(window));
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    return connect(fd, (struct sockaddr *)&address, sizeof(address)) == 0;
}

/* What its peer may send is limited by the buffer of the peer. */
static bool connect_unix(int fd, const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};

    snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
    return connect(fd, (struct sockaddr *)&address, sizeof(address)) == 0;
}

/* With SO_SNDTIMEO, connect(2) has a time limit as well. */
static bool open_socket(struct connection *connection, uint16_t port,
                        const char *path, int window)
{
    struct timeval patience = {.tv_sec = CONNECTION_PATIENCE / 1000};
    int fd =
        socket(path == NULL ? AF_INET : AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    *connection = (struct connection){.socket = fd};
    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
    if (fd >= 0 &&
        (path == NULL ? connect_tcp(fd, port, window)
                      : connect_unix(fd, path)) &&
        fcntl(fd, F_SETFL, O_NONBLOCK) == 0)
        return true;
    connection_close(connection);
    return false;
}

/* A Unix socket has no TLS. */
static bool open_connection(struct connection *connection, uint16_t port,
                            int window)
{
    const char *path = path_of(port);

    if (!open_socket(connection, port, path, window))
        return false;
    if (path != NULL || !tls_client_is_wanted())
        return true;
    connection->tls = tls_client_open(connection->socket, CONNECTION_PATIENCE);
    if (connection->tls == NULL)
        connection_close(connection);
    return connection->socket >= 0;
}

bool connection_open_plain(struct connection *connection, uint16_t port)
{
    return open_socket(connection, port, NULL, 0);
}

bool connection_open(struct connection *connection, uint16_t port)
{
    return open_connection(connection, port, 0);
}

bool connection_open_path(struct connection *connection, const char *path)
{
    return open_socket(connection, 0, path, 0);
}

bool connection_open_narrow(struct connection *connection, uint16_t port)
{
    return open_connection(connection, port, CONNECTION_SMALL_WINDOW);
}

void connection_widen(struct connection *connection)
{
    int window = WIDE_WINDOW;

    setsockopt(connection->socket, SOL_SOCKET, SO_RCVBUF, &window,
               sizeof(window));
}

void connection_close(struct connection *connection)
{
    tls_client_free(connection->tls);
    if (connection->socket >= 0)
        close(connection->socket);
    free(connection->data);
    *connection = (struct connection){.socket = -1};
}

/* As send(2). */
static ssize_t send_part(struct connection *connection, const char *data,
                         size_t length)
{
    return connection->tls != NULL
               ? tls_client_send(connection->tls, data, length)
               : send(connection->socket, data, length, MSG_NOSIGNAL);
}

size_t connection_push(struct connection *connection, const char *data,
                       size_t length)
{
    size_t sent = 0;
    ssize_t part = 1;

    while (sent < length && part > 0) {
        part = send_part(connection, data + sent, length - sent);
        if (part > 0)
            sent += (size_t)part;
    }
    return sent;
}

bool connection_send(struct connection *connection, const char *data,
                     size_t length)
{
    int64_t deadline = process_clock() + CONNECTION_PATIENCE;

    while (length > 0) {
        ssize_t sent = send_part(connection, data, length);
        if (sent > 0) {
            data += sent;
            length -= (size_t)sent;
        } else if (errno != EAGAIN ||
                   !process_poll(connection->socket, POLLOUT, deadline)) {
            return false;
        }
    }
    return true;
}

bool connection_send_text(struct connection *connection, const char *text)
{
    return connection_send(connection, text, strlen(text));
}

bool connection_print(struct connection *connection, const char *format, ...)
{
    va_list arguments;
    char *text = NULL;

    va_start(arguments, format);
    int length = vasprintf(&text, format, arguments);
    va_end(arguments);
    if (length < 0)
        return false;
    bool sent = connection_send(connection, text, (size_t)length);
    free(text);
    return sent;
}

void connection_finish(struct connection *connection)
{
    if (connection->tls != NULL)
        tls_client_finish(connection->tls);
    shutdown(connection->socket, SHUT_WR);
}

bool connection_request(struct connection *connection, const char *method,
                        const char *target, const char *fields)
{
    return connection_print(connection,
                            "%s %s HTTP/1.1\r\nHost: localhost\r\n%s\r\n",
                            method, target, fields);
}

bool connection_get(struct connection *connection, const char *target)
{
    return connection_request(connection, "GET", target, "");
}

bool connection_post_with(struct connection *connection, const char *fields,
                          const char *body)
{
    return connection_print(connection,
                            "POST /messages HTTP/1.1\r\nHost: localhost\r\n"
                            "%sContent-Length: %zu\r\n\r\n%s",
                            fields, strlen(body), body);
}

bool connection_post_bytes(struct connection *connection, const char *fields,
                           const char *body, size_t length)
{
    return connection_print(connection,
                            "POST /messages HTTP/1.1\r\nHost: localhost\r\n"
                            "%sContent-Length: %zu\r\n\r\n",
                            fields, length) &&
           connection_send(connection, body, length);
}

bool connection_post_gzip(struct connection *connection, const char *fields,
                          const char *text, size_t length)
{
    size_t size;
    char *data = gzip_data(text, length, false, &size);
    bool sent = connection_post_bytes(connection, fields, data, size);

    free(data);
    return sent;
}

bool connection_send_chunks(struct connection *connection, const char *data,
                            size_t length, size_t size)
{
    bool sent = true;

    for (size_t at = 0; sent && at < length; at += size) {
        size_t chunk = length - at < size ? length - at : size;
        sent = connection_print(connection, "%zx\r\n", chunk) &&
               connection_send(connection, data + at, chunk) &&
               connection_send_text(connection, "\r\n");
    }
    return sent;
}

bool connection_post(struct connection *connection, const char *body)
{
    return connection_post_with(connection,
                                "Content-Type: application/json\r\n", body);
}

bool connection_fill(struct connection *connection, size_t most,
                     int64_t deadline)
{
    size_t needed = connection->length + most;

    if (connection->capacity < needed) {
        connection->capacity = 2 * needed;
        connection->data = realloc(connection->data, connection->capacity);
        if (connection->data == NULL)
            abort();
    }
    while (!connection->ended) {
        char *end = connection->data + connection->length;
        ssize_t got = connection->tls != NULL
                          ? tls_client_receive(connection->tls, end, most)
                          : recv(connection->socket, end, most, 0);
        if (got > 0) {
            connection->length += (size_t)got;
            return true;
        }
        connection->ended = got == 0 || errno != EAGAIN;
        if (!connection->ended &&
            !process_poll(connection->socket, POLLIN, deadline))
            break;
    }
    return false;
}

/* A response that is being received. */
struct reader {
    struct connection *connection;
    struct response *response;
    int64_t deadline;
    size_t at;       /* bytes of the connection's data that are read */
    size_t capacity; /* of the body */
    bool broken;     /* the bytes are not a response */
};

/* Wait until another `length` bytes have arrived. */
static bool await_bytes(const struct reader *reader, size_t length)
{
    while (reader->connection->length - reader->at < length)
        if (!connection_fill(reader->connection, BLOCK, reader->deadline))
            return false;
    return true;
}

/*
 * Wait for `end`, within the next `most` bytes. Return the number of bytes up
 * to its end, or 0.
 */
static size_t await_end(struct reader *reader, const char *end, size_t most)
{
    const struct connection *connection = reader->connection;

    for (;;) {
        size_t length = connection->length - reader->at;
        const char *start = connection->data + reader->at;
        const char *found = length == 0
                                ? NULL
                                : memmem(start, length < most ? length : most,
                                         end, strlen(end));

        if (found != NULL)
            return (size_t)(found - start) + strlen(end);
        reader->broken = length >= most;
        if (reader->broken || !await_bytes(reader, length + 1))
            return 0;
    }
}

/* Append the next `length` bytes, which have arrived, to the body. */
static void append_body(struct reader *reader, size_t length)
{
    struct response *response = reader->response;

    if (reader->capacity <= response->body_length + length) {
        reader->capacity = 2 * (response->body_length + length) + 1;
        response->body = realloc(response->body, reader->capacity);
    }
    if (response->body == NULL)
        abort();
    memcpy(response->body + response->body_length,
           reader->connection->data + reader->at, length);
    response->body_length += length;
    response->body[response->body_length] = '\0';
    reader->at += length;
}

static bool read_chunks(struct reader *reader)
{
    const struct connection *connection = reader->connection;
    size_t size = 0;

    do {
        size_t line = await_end(reader, "\r\n", MAX_CHUNK_LINE);
        if (line == 0)
            return false;
        const char *digits = connection->data + reader->at;
        size = strtoul(digits, NULL, 16);
        reader->broken =
            line == 2 || strspn(digits, "0123456789abcdefABCDEF") != line - 2;
        reader->at += line;
        if (reader->broken || !await_bytes(reader, size + 2))
            return false;
        append_body(reader, size);
        reader->broken = memcmp(connection->data + reader->at, "\r\n", 2) != 0;
        reader->at += 2;
    } while (size > 0 && !reader->broken);
    return !reader->broken;
}

static bool read_response(struct reader *reader, bool head)
{
    struct connection *connection = reader->connection;
    struct response *response = reader->response;

    reader->at = await_end(reader, "\r\n\r\n", MAX_HEAD);
    if (reader->at == 0)
        return false;
    reader->broken =
        !response_read_head(response, connection->data, reader->at, head);
    if (reader->broken)
        return false;
    size_t length = response->body_length;
    response->body_length = 0;
    if (response->framing == RESPONSE_CHUNKED)
        return read_chunks(reader);
    if (response->framing == RESPONSE_UNTIL_CLOSE) {
        while (connection_fill(connection, BLOCK, reader->deadline))
            continue;
        length = connection->length - reader->at;
        if (!connection->ended)
            return false;
    }
    if (!await_bytes(reader, length))
        return false;
    append_body(reader, length);
    return true;
}

static enum connection_result receive_response(struct connection *connection,
                                               struct response *response,
                                               bool head)
{
    struct reader reader = {
        connection, response, process_clock() + CONNECTION_PATIENCE,
        0,          0,        false};

    *response = (struct response){0};
    if (read_response(&reader, head)) {
        connection->length -= reader.at;
        memmove(connection->data, connection->data + reader.at,
                connection->length);
        return CONNECTION_ANSWERED;
    }
    response_release(response);
    if (reader.broken)
        return CONNECTION_GARBLED;
    if (!connection->ended)
        return CONNECTION_LATE;
    return connection->length == 0 ? CONNECTION_CLOSED : CONNECTION_CUT;
}

enum connection_result connection_receive(struct connection *connection,
                                          struct response *response)
{
    return receive_response(connection, response, false);
}

enum connection_result connection_receive_head(struct connection *connection,
                                               struct response *response)
{
    return receive_response(connection, response, true);
}

void connection_expect(struct connection *connection, struct response *response)
{
    assert_int_equal(connection_receive(connection, response),
                     CONNECTION_ANSWERED);
}

void connection_expect_status(struct connection *connection, unsigned status)
{
    struct response response;

    connection_expect(connection, &response);
    response_expect_status(&response, status);
    response_release(&response);
}

void connection_expect_closed(struct connection *connection)
{
    int64_t deadline = process_clock() + CONNECTION_PATIENCE;

    if (connection->length > 0 ||
        connection_fill(connection, BLOCK, deadline)) {
        fail_msg("expected the end of the connection, got: %.*s",
                 (int)connection->length, connection->data);
    }
    assert_true(connection->ended);
}

bool connection_has_news(const struct connection *connection)
{
    return (connection->tls != NULL && tls_client_has_data(connection->tls)) ||
           process_poll(connection->socket, POLLIN, 0);
}

bool connection_is_closed(struct connection *connection)
{
    while (connection_fill(connection, BLOCK, 0)) {
        /* Discard bytes sent before the end. */
        connection->length = 0;
    }
    return connection->ended;
}

void connection_raise_limit(void)
{
    struct rlimit limit;

    if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
        limit.rlim_cur = limit.rlim_max;
        setrlimit(RLIMIT_NOFILE, &limit);
    }
}
