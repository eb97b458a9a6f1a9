/* SPDX-License-Identifier: Apache-2.0 */
/*
 * All calls block; a timer of the process limits them together.
 */
#include "check_health.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <cjson/cJSON.h>

#include "base/log.h"
#include "base/text.h"
#include "http/url.h"

enum {
    /* Bytes of a response that are read: a problem has far fewer. */
    MAX_RESPONSE = 16 * 1024,
    MAX_STATUS = 128, /* bytes of a status and its reason phrase, escaped */
};

struct check {
    const char *url;
    char *line; /* the result */
    char late[CHECK_HEALTH_LINE], refused[CHECK_HEALTH_LINE];
    /* What the process says if the time ends now: `late`, then `refused`. */
    const char *_Atomic at_the_end;
    char response[MAX_RESPONSE];
    size_t length; /* of the response, as far as it has arrived */
    size_t taken;  /* bytes of it: the lines that take_line() returned */
};

static bool read_url(const char *url, struct http_url *out)
{
    struct text text = text_of(url);

    return text.length < CHECK_HEALTH_URL && http_url_read(text, out);
}

bool check_health_is_url(const char *url)
{
    struct http_url target;

    return read_url(url, &target);
}

bool check_health_own_url(const char *host, uint16_t port,
                          char url[CHECK_HEALTH_URL])
{
    size_t name = strcspn(host, "%");
    bool zone = host[name] == '%';
    bool ipv6 = strchr(host, ':') != NULL;
    int length =
        snprintf(url, CHECK_HEALTH_URL, "http://%s%.*s%s%s%s:%u/health",
                 ipv6 ? "[" : "", (int)name, host, zone ? "%25" : "",
                 zone ? host + name + 1 : "", ipv6 ? "]" : "", port);

    return port != 0 && length < CHECK_HEALTH_URL &&
           strcspn(host, "/?#") == strlen(host) && check_health_is_url(url);
}

/* Set the line to the URL and `what`. Always false. */
__attribute__((format(printf, 2, 3))) static bool
fail_check(const struct check *check, const char *what, ...)
{
    va_list arguments;
    int length = snprintf(check->line, CHECK_HEALTH_LINE, "%s: ", check->url);

    va_start(arguments, what);
    vsnprintf(check->line + length, CHECK_HEALTH_LINE - (size_t)length, what,
              arguments);
    va_end(arguments);
    return false;
}

static bool fail_call(const struct check *check, const char *what)
{
    char reason[128];

    return fail_check(check, "%s: %s", what,
                      strerror_r(errno, reason, sizeof(reason)));
}

static bool is_wildcard(const struct sockaddr *address)
{
    const struct sockaddr_in *ipv4 = (const void *)address;
    const struct sockaddr_in6 *ipv6 = (const void *)address;

    return address->sa_family == AF_INET6
               ? IN6_IS_ADDR_UNSPECIFIED(&ipv6->sin6_addr)
               : ipv4->sin_addr.s_addr == htonl(INADDR_ANY);
}

/*
 * The addresses of the target; NULL, with the line set, if it has none. Those
 * of no host are the loopback ones. A socket for all of IPv6 is one for IPv4
 * too, and the machine may have no IPv6.
 */
static struct addrinfo *resolve(const struct check *check,
                                const struct http_url *target)
{
    struct addrinfo hints = {.ai_family = AF_UNSPEC,
                             .ai_socktype = SOCK_STREAM,
                             .ai_flags = AI_NUMERICSERV};
    struct addrinfo *found = NULL;
    int result = getaddrinfo(target->host, target->port, &hints, &found);

    if (result == 0 && is_wildcard(found->ai_addr)) {
        if (found->ai_family == AF_INET)
            hints.ai_family = AF_INET;
        freeaddrinfo(found);
        result = getaddrinfo(NULL, target->port, &hints, &found);
    }
    if (result == 0)
        return found;
    fail_check(check, "cannot look up the host: %s", gai_strerror(result));
    return NULL;
}

/* A connection to the first address that takes one; -1 with the line set. */
static int connect_any(const struct check *check,
                       const struct addrinfo *addresses)
{
    for (const struct addrinfo *next = addresses; next != NULL;
         next = next->ai_next) {
        int fd = socket(next->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
        if (fd >= 0 && connect(fd, next->ai_addr, next->ai_addrlen) == 0)
            return fd;
        fail_call(check, "cannot connect");
        if (fd >= 0)
            close(fd);
    }
    return -1;
}

static bool send_request(const struct check *check,
                         const struct http_url *target, int fd)
{
    char request[CHECK_HEALTH_URL + HTTP_URL_HOST + 128];
    char host[HTTP_URL_HOST + HTTP_URL_PORT + 3];
    bool slash = target->path.length > 0 && target->path.data[0] == '/';

    http_url_write_host(target, host);
    int length = snprintf(request, sizeof(request),
                          "GET %s%.*s HTTP/1.1\r\n"
                          "Host: %s\r\n"
                          "User-Agent: lunar.service/" LUNAR_VERSION "\r\n"
                          "Connection: close\r\n\r\n",
                          slash ? "" : "/", (int)target->path.length,
                          target->path.data, host);
    struct text rest = {request, (size_t)length};

    while (rest.length > 0) {
        ssize_t sent =
            TEMP_FAILURE_RETRY(send(fd, rest.data, rest.length, MSG_NOSIGNAL));
        if (sent < 0)
            return fail_call(check, "cannot send the request");
        rest = text_skip(rest, (size_t)sent);
    }
    return true;
}

/* As recv(2); 0 if there is no room either, where recv(2) would wait. */
static ssize_t receive_more(struct check *check, int fd)
{
    size_t room = sizeof(check->response) - check->length;
    ssize_t count = 0;

    if (room > 0)
        count = TEMP_FAILURE_RETRY(
            recv(fd, check->response + check->length, room, 0));
    if (count > 0)
        check->length += (size_t)count;
    return count;
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

/*
 * The body, parsed, if it is JSON; cJSON takes some more for it. Ownership: the
 * caller deletes it.
 */
static cJSON *parse_body(struct check *check)
{
    struct text line;

    do
        line = take_line(check);
    while (line.length > 0);
    if (line.data == NULL)
        return NULL;
    return cJSON_ParseWithLength(check->response + check->taken,
                                 check->length - check->taken);
}

/* Add the `detail` of a problem (RFC 9457) to the line, if there is one. */
static void add_detail(struct check *check, const char *status)
{
    char escaped[CHECK_HEALTH_LINE];
    cJSON *problem = parse_body(check);
    const char *detail = cJSON_GetStringValue(
        cJSON_GetObjectItemCaseSensitive(problem, "detail"));

    if (detail != NULL)
        fail_check(check, "%s: %s", status,
                   log_escape(text_of(detail), escaped, sizeof(escaped)));
    cJSON_Delete(problem);
}

/* Receive the whole next line. False, with the result set, if there is none. */
static bool receive_line(struct check *check, int fd, struct text *line)
{
    while ((*line = take_line(check)).data == NULL) {
        ssize_t count = receive_more(check, fd);
        if (count < 0)
            return fail_call(check, "no response");
        if (count == 0 && check->length == check->taken)
            return fail_check(check, "no response: the connection was closed");
        if (count == 0)
            return fail_check(check, "the response is not HTTP");
    }
    return true;
}

/*
 * Receive the status line, without the version. Any number of interim
 * responses, 1xx without a body, may precede it (RFC 9110 section 15.2).
 */
static bool receive_status(struct check *check, int fd, struct text *line)
{
    struct text field;

    while (receive_line(check, fd, line)) {
        if (!take_version(line))
            return fail_check(check, "the response is not HTTP");
        if (line->data[0] != '1')
            return true;
        do
            if (!receive_line(check, fd, &field))
                return false;
        while (field.length > 0);
    }
    return false;
}

/*
 * Receive the response and judge it. A 200 is known by its first line; of
 * others the rest may say why.
 */
static bool receive_response(struct check *check, int fd)
{
    char status[MAX_STATUS];
    struct text line;

    if (!receive_status(check, fd, &line))
        return false;
    log_escape(line, status, sizeof(status));
    fail_check(check, "%s", status);
    if (strncmp(status, "200", 3) == 0)
        return true;

    memcpy(check->refused, check->line, sizeof(check->refused));
    check->at_the_end = check->refused;
    while (receive_more(check, fd) > 0)
        continue;
    add_detail(check, status);
    return false;
}

static bool ask(struct check *check, const struct http_url *target)
{
    struct addrinfo *addresses = resolve(check, target);
    int fd = addresses != NULL ? connect_any(check, addresses) : -1;
    bool good = fd >= 0 && send_request(check, target, fd) &&
                receive_response(check, fd);

    if (addresses != NULL)
        freeaddrinfo(addresses);
    if (fd >= 0)
        close(fd);
    return good;
}

static void print_part(const char *part)
{
    /* There is nothing to do if it fails. */
    ssize_t written = write(STDERR_FILENO, part, strlen(part));

    (void)written;
}

/*
 * The signal of the timer: end the process with what is known by now, without a
 * line if nobody reads stderr.
 */
static void end_late(int number, siginfo_t *info, void *context)
{
    struct pollfd err = {.fd = STDERR_FILENO, .events = POLLOUT};

    (void)number;
    (void)context;
    if (info->si_code != SI_TIMER)
        return;
    const struct check *check = info->si_value.sival_ptr;
    if (poll(&err, 1, 0) > 0) {
        print_part("lunar.service: ");
        print_part(check->at_the_end);
        print_part("\n");
    }
    _exit(EXIT_FAILURE);
}

/*
 * False if there is no timer to be had. Not with SA_RESTART: ThreadSanitizer
 * calls the handler only once the interrupted call has returned.
 */
static bool start_timer(struct check *check, timer_t *timer)
{
    const struct itimerspec time = {.it_value.tv_sec = CHECK_HEALTH_SECONDS};
    struct sigevent event = {.sigev_notify = SIGEV_SIGNAL,
                             .sigev_signo = SIGALRM,
                             .sigev_value.sival_ptr = check};
    struct sigaction action = {.sa_sigaction = end_late,
                               .sa_flags = SA_SIGINFO};
    sigset_t set;

    sigemptyset(&action.sa_mask);
    if (sigaction(SIGALRM, &action, NULL) != 0)
        return false;
    /* Whoever started this process may have blocked it; one may be pending. */
    sigemptyset(&set);
    sigaddset(&set, SIGALRM);
    pthread_sigmask(SIG_UNBLOCK, &set, NULL);
    return timer_create(CLOCK_MONOTONIC, &event, timer) == 0 &&
           timer_settime(*timer, 0, &time, NULL) == 0;
}

bool check_health(const char *url, char line[CHECK_HEALTH_LINE])
{
    struct check check = {.url = url, .line = line, .at_the_end = check.late};
    struct http_url target;
    timer_t timer;

    if (!read_url(url, &target))
        return fail_check(&check, "not a URL that can be asked");
    snprintf(check.late, sizeof(check.late), "%s: no response within %d s", url,
             CHECK_HEALTH_SECONDS);
    if (!start_timer(&check, &timer))
        return fail_call(&check, "cannot limit the time");
    bool good = ask(&check, &target);
    timer_delete(timer);
    return good;
}
