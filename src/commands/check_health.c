/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One deadline for all of it. What has arrived by then is judged.
 */
#include "commands/check_health.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/text.h"
#include "client/connection.h"
#include "client/request.h"
#include "config/config.h"
#include "console/announce.h"

enum {
    /* Bytes of a response that are read: a problem has far fewer. */
    MAX_RESPONSE = 16 * 1024,
    MAX_REQUEST = HTTP_URL_TEXT + HTTP_URL_HOST + 160,
    MAX_LINE = 1024,  /* bytes of the result, with its NUL */
    MAX_STATUS = 128, /* bytes of a status and its reason phrase, escaped */
};

struct check {
    const char *url;
    char *line; /* the result */
    struct client_connection connection;
    uint64_t deadline; /* as in client/connection.h */
    char response[MAX_RESPONSE];
    size_t length; /* of the response, as far as it has arrived */
    size_t taken;  /* bytes of it: the lines that take_line() returned */
};

bool check_health_own_url(const char *host, uint16_t port, bool secure,
                          char url[HTTP_URL_TEXT])
{
    size_t name = strcspn(host, "%");
    bool zone = host[name] == '%';
    bool ipv6 = strchr(host, ':') != NULL;
    struct http_url target;
    int length = snprintf(url, HTTP_URL_TEXT, "http%s://%s%.*s%s%s%s:%u/health",
                          secure ? "s" : "", ipv6 ? "[" : "", (int)name, host,
                          zone ? "%25" : "", zone ? host + name + 1 : "",
                          ipv6 ? "]" : "", port);

    return port != 0 && length < HTTP_URL_TEXT &&
           strcspn(host, "/?#") == strlen(host) &&
           http_url_read(text_of(url), &target);
}

/* Set the line to the URL and `what`. Always false. */
__attribute__((format(printf, 2, 3))) static bool
fail_check(const struct check *check, const char *what, ...)
{
    va_list arguments;
    char url[HTTP_URL_TEXT];
    int length =
        snprintf(check->line, MAX_LINE,
                 "%s: ", log_escape(text_of(check->url), url, sizeof(url)));

    va_start(arguments, what);
    vsnprintf(check->line + length, MAX_LINE - (size_t)length, what, arguments);
    va_end(arguments);
    return false;
}

static bool fail_late(const struct check *check)
{
    return fail_check(check, "no response within %d s", CHECK_HEALTH_SECONDS);
}

/*
 * A connection, or what else has an error of its own, has failed. Only the
 * deadline is the check's.
 */
static bool fail_part(const struct check *check, const char *what,
                      const char *error)
{
    if (clock_us(CLOCK_MONOTONIC) >= check->deadline)
        return fail_late(check);
    return fail_check(check, "%s%s", what, error);
}

static bool send_request(struct check *check, const struct http_url *target)
{
    const struct client_request get = {.url = target, .version = "1.1"};
    char request[MAX_REQUEST], error[CLIENT_ERROR];
    size_t length = client_write_get(&get, request, sizeof(request));

    if (client_send(&check->connection, (struct text){request, length},
                    check->deadline, error) == CLIENT_OK)
        return true;
    return fail_part(check, "", error);
}

/*
 * Receive more. False at the end, and also if there is no room: `*ended`; or
 * with an error.
 */
static bool receive_more(struct check *check, bool *ended,
                         char error[CLIENT_ERROR])
{
    size_t count = sizeof(check->response) - check->length;

    *ended = count == 0;
    if (*ended ||
        client_receive(&check->connection, check->response + check->length,
                       &count, check->deadline, error) != CLIENT_OK)
        return false;
    check->length += count;
    *ended = count == 0;
    return !*ended;
}

/*
 * Take the next line of the response, without its end; absent if it is not
 * complete.
 */
static struct text take_line(struct check *check)
{
    struct text rest = {check->response + check->taken,
                        check->length - check->taken};
    struct text line = text_split(&rest, '\n');

    if (rest.data == NULL)
        return rest;
    check->taken += line.length + 1;
    if (line.length > 0 && line.data[line.length - 1] == '\r')
        line.length--;
    return line;
}

/*
 * Remove the version from the front of a status line (RFC 9112 section 4), so
 * that it begins with the status. False if it is none.
 */
static bool take_version(struct text *line)
{
    uint64_t status;

    if (!text_take_prefix(line, TEXT("HTTP/1.")) || line->length < 5 ||
        !text_is_digit(line->data[0]) || line->data[1] != ' ')
        return false;
    *line = text_skip(*line, 2);
    struct text code = {line->data, 3};
    return text_read_unsigned(code, 999, &status) && status >= 100 &&
           (line->length == 3 || line->data[3] == ' ');
}

/* Add the `detail` of a problem (RFC 9457) to the line, if there is one. */
static void add_detail(struct check *check, const char *status)
{
    char detail[MAX_LINE];
    struct text line;

    do
        line = take_line(check);
    while (line.length > 0);
    struct text body = {check->response + check->taken,
                        check->length - check->taken};
    if (line.data != NULL && client_read_detail(body, detail, sizeof(detail)))
        fail_check(check, "%s: %s", status, detail);
}

/* Whether the URL is of http://. A port for TLS closes such a connection. */
static bool is_plain(const struct check *check)
{
    return strncasecmp(check->url, "http://", strlen("http://")) == 0;
}

/* Receive the whole next line. False, with the result set, if there is none. */
static bool receive_line(struct check *check, struct text *line)
{
    char error[CLIENT_ERROR];

    while ((*line = take_line(check)).data == NULL) {
        bool ended;
        if (receive_more(check, &ended, error))
            continue;
        if (!ended)
            return fail_part(check, "no response: ", error);
        if (check->length == check->taken)
            return fail_check(
                check, "no response: the connection was closed%s",
                is_plain(check) ? "; does the port speak https://?" : "");
        return fail_check(check, "the response is not HTTP");
    }
    return true;
}

/*
 * Receive the status line, without the version. Any number of interim
 * responses, 1xx without a body, may precede it (RFC 9110 section 15.2).
 */
static bool receive_status(struct check *check, struct text *line)
{
    struct text field;

    while (receive_line(check, line)) {
        if (!take_version(line))
            return fail_check(check, "the response is not HTTP");
        if (line->data[0] != '1')
            return true;
        do
            if (!receive_line(check, &field))
                return false;
        while (field.length > 0);
    }
    return false;
}

/*
 * Receive the response and judge it. A 200 is known by its first line; of
 * others the rest may say why.
 */
static bool receive_response(struct check *check)
{
    char status[MAX_STATUS], error[CLIENT_ERROR];
    struct text line;
    bool ended;

    if (!receive_status(check, &line))
        return false;
    log_escape(line, status, sizeof(status));
    fail_check(check, "%s", status);
    if (strncmp(status, "200", 3) == 0)
        return true;

    while (receive_more(check, &ended, error))
        continue;
    add_detail(check, status);
    return false;
}

/* Connect, and set `*target` to what is asked for there. */
static bool connect_check(struct check *check,
                          const struct client_options *options,
                          struct http_url *target)
{
    char error[CLIENT_ERROR];
    struct text path = text_of(check->url);
    enum client_result result;

    if (text_take_prefix(&path, TEXT("unix:"))) {
        *target = (struct http_url){
            .host = "localhost", .port = "80", .path = TEXT("/health")};
        result = client_connect_unix(&check->connection, path.data, options,
                                     check->deadline, error);
    } else if (http_url_read(path, target)) {
        result = client_connect(&check->connection, target, options,
                                check->deadline, error);
    } else {
        return fail_check(check, "not a URL that can be asked");
    }
    return result == CLIENT_OK || fail_part(check, "", error);
}

/*
 * Ask `url`. True if the response is a 200. `line` says what came of it,
 * without a line feed, on one line whatever the server sent.
 */
static bool ask(const char *url, const struct client_options *options,
                char line[MAX_LINE])
{
    struct check check = {
        .url = url,
        .line = line,
        .deadline = clock_us(CLOCK_MONOTONIC) +
                    CHECK_HEALTH_SECONDS * UINT64_C(1000000),
    };
    struct http_url target;

    bool good = connect_check(&check, options, &target) &&
                send_request(&check, &target) && receive_response(&check);
    client_close(&check.connection);
    return good;
}

/* Where the service with these settings is. False if they do not say. */
static bool find_own_url(const struct config *config, char url[HTTP_URL_TEXT])
{
    const char *path = config->unix_socket.path;

    if (!config->no_port)
        return check_health_own_url(config->host, config->port,
                                    config->tls_cert != NULL, url);
    snprintf(url, HTTP_URL_TEXT, "unix:%s", path);
    return path[0] != '\0';
}

int commands_check_health(const struct config *config)
{
    char own[HTTP_URL_TEXT], line[MAX_LINE];
    const char *url = config->check_url;
    /* Its own certificate need not have the address of -host. */
    const struct client_options options = {
        .ca_file = config->ca_file,
        .unverified = url == NULL,
    };

    if (url == NULL && !find_own_url(config, own))
        return announce_failure(
            EXIT_USAGE,
            config->no_port
                ? "-check-health: -port=none needs -listen=unix:PATH as well, "
                  "or give the socket, as in "
                  "-check-health=unix:/run/lunar/socket"
                : "-check-health: -host and -port do not say where the "
                  "service is; give its URL, as in "
                  "-check-health=http://127.0.0.1:8088/health");
    if (!ask(url != NULL ? url : own, &options, line))
        return announce_failure(EXIT_FAILURE, line);
    puts(line);
    return EXIT_SUCCESS;
}
