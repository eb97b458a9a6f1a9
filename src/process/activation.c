/* SPDX-License-Identifier: Apache-2.0 */
#include "process/activation.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/log.h"
#include "base/readable.h"
#include "base/text.h"
#include "config/table.h"

static const char remedy[] =
    "a .socket unit for this service has ListenStream= and Accept=no";

__attribute__((format(printf, 2, 3))) static bool
explain(char error[ACTIVATION_ERROR], const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(error, ACTIVATION_ERROR, format, arguments);
    va_end(arguments);
    return false;
}

int activation_count(const char *pid, const char *fds, long own,
                     char error[ACTIVATION_ERROR])
{
    uint64_t number, count;

    if (pid == NULL || fds == NULL)
        return 0;
    if (!text_read_unsigned(text_of(pid), INT32_MAX, &number)) {
        explain(error, "LISTEN_PID is not a process: a service manager sets "
                       "it; without one, unset it");
        return -1;
    }
    if (number != (uint64_t)own)
        return 0;
    if (!text_read_unsigned(text_of(fds), INT32_MAX - ACTIVATION_FIRST,
                            &count)) {
        explain(error, "LISTEN_FDS is not a number of sockets: a service "
                       "manager sets it; without one, unset it");
        return -1;
    }
    if (count > ACTIVATION_MAX) {
        explain(error,
                "the service manager passes %ju sockets, but one for TCP and "
                "one Unix socket are all that can be served",
                (uintmax_t)count);
        return -1;
    }
    return (int)count;
}

/* A socket option that is a number, or -1. */
static int option_of(int fd, int name)
{
    int value;
    socklen_t size = sizeof(value);

    return getsockopt(fd, SOL_SOCKET, name, &value, &size) == 0 ? value : -1;
}

/*
 * Where a Unix socket is, or "" if it has no name. An abstract name begins with
 * a NUL, which is shown as systemd writes it, and may have more of them: there
 * it is cut.
 */
static void write_path(int fd, char path[CONFIG_MAX_SOCKET])
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    socklen_t size = sizeof(address);

    path[0] = '\0';
    if (getsockname(fd, (struct sockaddr *)&address, &size) != 0 ||
        size <= offsetof(struct sockaddr_un, sun_path))
        return;
    if (address.sun_path[0] == '\0')
        address.sun_path[0] = '@';
    snprintf(path, CONFIG_MAX_SOCKET, "%.*s",
             (int)(size - offsetof(struct sockaddr_un, sun_path)),
             address.sun_path);
}

/* Take one descriptor. */
static bool find_one(struct activation *activation, int fd,
                     char error[ACTIVATION_ERROR])
{
    int domain = option_of(fd, SO_DOMAIN);
    bool local = domain == AF_UNIX;
    int *place =
        local ? &activation->given.unix_socket : &activation->given.tcp;

    if (fcntl(fd, F_GETFD) < 0)
        return explain(error,
                       "LISTEN_FDS promises descriptor %d, which is not open: "
                       "is a program between the service manager and the "
                       "service that closes it?",
                       fd);
    if (domain < 0)
        return explain(error, "descriptor %d of LISTEN_FDS is not a socket: %s",
                       fd, remedy);
    if (option_of(fd, SO_TYPE) != SOCK_STREAM ||
        (!local && ((domain != AF_INET && domain != AF_INET6) ||
                    option_of(fd, SO_PROTOCOL) != IPPROTO_TCP)))
        return explain(error,
                       "descriptor %d of LISTEN_FDS is neither a TCP socket "
                       "nor a Unix stream socket: %s",
                       fd, remedy);
    if (option_of(fd, SO_ACCEPTCONN) != 1)
        return explain(error,
                       "descriptor %d of LISTEN_FDS is a socket that does not "
                       "listen: %s",
                       fd, remedy);
    if (*place != 0)
        return explain(error,
                       "the service manager passes two %s sockets, but only "
                       "one can be served%s",
                       local ? "Unix" : "TCP",
                       local ? ""
                             : ": for all addresses of the machine, IPv4 and "
                               "IPv6, use ListenStream=PORT alone");
    *place = fd;
    if (local)
        write_path(fd, activation->path);
    return true;
}

bool activation_find(struct activation *activation, int first, int count,
                     char error[ACTIVATION_ERROR])
{
    *activation = (struct activation){.path = ""};
    for (int fd = first; fd < first + count; fd++)
        if (!find_one(activation, fd, error))
            return false;
    return true;
}

/* O_NONBLOCK is of the socket, also of the manager's, which only waits. */
static bool prepare(int fd, char error[ACTIVATION_ERROR])
{
    int flags = fcntl(fd, F_GETFL);

    if (fcntl(fd, F_SETFD, FD_CLOEXEC) == 0 && flags >= 0 &&
        fcntl(fd, F_SETFL, flags | O_NONBLOCK) == 0)
        return true;
    return explain(error, "cannot set up descriptor %d of LISTEN_FDS", fd);
}

bool activation_take(struct activation *activation,
                     char error[ACTIVATION_ERROR])
{
    static const char *const variables[] = {"LISTEN_PID", "LISTEN_FDS",
                                            "LISTEN_FDNAMES",
                                            /* systemd 258 */
                                            "LISTEN_PIDFDID"};
    /* NOLINTNEXTLINE(concurrency-mt-unsafe): there are no threads yet. */
    const char *pid = getenv("LISTEN_PID"), *fds = getenv("LISTEN_FDS");
    int count = activation_count(pid, fds, getpid(), error);

    for (size_t i = 0; i < sizeof(variables) / sizeof(variables[0]); i++)
        unsetenv(variables[i]); /* NOLINT(concurrency-mt-unsafe): the same */
    if (count < 0 ||
        !activation_find(activation, ACTIVATION_FIRST, count, error))
        return false;
    for (int fd = ACTIVATION_FIRST; fd < ACTIVATION_FIRST + count; fd++)
        if (!prepare(fd, error))
            return false;
    return true;
}

static bool is_given(const char *name, const struct config_report *report)
{
    const struct config_option *option = config_table_find(text_of(name));

    return report->origins[option - config_table].source > CONFIG_BY_MACHINE;
}

void activation_apply(const struct activation *activation,
                      struct config *config, const struct config_report *report)
{
    const struct server_given *given = &activation->given;
    char *path = config->unix_socket.path;

    if (given->tcp > 0)
        log_line(LOG_INFO,
                 "the TCP socket is the service manager's, which keeps it "
                 "open: clients that come during a restart wait");
    if (given->tcp > 0 &&
        (is_given("host", report) || is_given("port", report)))
        log_line(LOG_WARN,
                 "-host and -port are not used: the service manager passes a "
                 "socket (see ListenStream= of the .socket unit)");
    if (given->unix_socket == 0)
        return;
    log_line(LOG_INFO,
             "the Unix socket is the service manager's, which keeps it open");
    if (path[0] != '\0' && strcmp(path, activation->path) != 0)
        log_line(LOG_WARN,
                 "of -listen=unix:%s only the scopes are used: the service "
                 "manager passes unix:%s",
                 readable_path(path).text,
                 readable_path(activation->path).text);
    memcpy(path, activation->path, CONFIG_MAX_SOCKET);
}
