/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The parser of heads knows only what the measured servers send. Anything
 * else is CLIENT_BAD and ends the measurement.
 */
#include "client.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "flags.h"

int client_connect(uint16_t port, bool blocking)
{
    const struct sockaddr_in address = {
        .sin_family = AF_INET,
        .sin_port = htons(port),
        .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
    };
    int on = 1;
    int fd =
        socket(AF_INET,
               SOCK_STREAM | SOCK_CLOEXEC | (blocking ? 0 : SOCK_NONBLOCK), 0);

    if (fd < 0)
        return -1;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    if (connect(fd, (const struct sockaddr *)&address, sizeof(address)) == 0 ||
        errno == EINPROGRESS)
        return fd;
    int number = errno;
    close(fd);
    errno = number;
    return -1;
}

void client_allow_files(size_t files)
{
    struct rlimit limit;

    if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur >= files)
        return;
    limit.rlim_cur = files;
    if (limit.rlim_max < files)
        limit.rlim_max = files;
    if (setrlimit(RLIMIT_NOFILE, &limit) != 0)
        die_errno("can't raise the limit of open files, see ulimit -n");
}

void client_begin(struct client_reply *reply)
{
    /* `bytes` needs no reset: only the first `kept` of them are valid. */
    reply->status = 0;
    reply->close = false;
    reply->body = NULL;
    reply->problem = NULL;
    reply->head = 0;
    reply->body_left = 0;
    reply->kept = 0;
}

/* The value of a field in the string `head`, NULL if it is absent. */
static const char *find_field(const char *head, const char *name)
{
    size_t length = strlen(name);

    for (const char *line = strstr(head, "\r\n"); line != NULL;
         line = strstr(line, "\r\n")) {
        line += 2;
        if (strncasecmp(line, name, length) == 0 && line[length] == ':')
            return line + length + 1 + strspn(line + length + 1, " \t");
    }
    return NULL;
}

static enum client_state reply_bad(struct client_reply *reply,
                                   const char *problem)
{
    reply->problem = problem;
    return CLIENT_BAD;
}

/* Parse the head, if it is complete, and count the bytes of the body. */
static enum client_state read_head(struct client_reply *reply)
{
    char *end = strstr(reply->bytes, "\r\n\r\n");
    const char *value;

    if (end == NULL)
        return reply->kept < CLIENT_REPLY_KEPT
                   ? CLIENT_MORE
                   : reply_bad(reply, "the head is too long");
    if (strncmp(reply->bytes, "HTTP/1.1 ", 9) != 0)
        return reply_bad(reply, "not HTTP/1.1");
    /* End the string after the last field line, for find_field(). */
    end[2] = '\0';
    reply->head = (size_t)(end + 4 - reply->bytes);
    reply->status = (unsigned)strtoul(reply->bytes + 9, NULL, 10);
    reply->body = end + 4;
    value = find_field(reply->bytes, "Connection");
    reply->close = value != NULL && strncasecmp(value, "close", 5) == 0;
    value = find_field(reply->bytes, "Content-Length");
    if (value == NULL)
        return reply_bad(reply, "no Content-Length");

    uint64_t length = strtoull(value, NULL, 10);
    size_t received = reply->kept - reply->head;
    if (received > length)
        return reply_bad(reply, "longer than its Content-Length");
    reply->body_left = length - received;
    return reply->body_left == 0 ? CLIENT_DONE : CLIENT_MORE;
}

/* Count `size` received bytes, of which `kept` were appended to `bytes`. */
static enum client_state count_received(struct client_reply *reply, size_t size,
                                        size_t kept)
{
    reply->kept += kept;
    reply->bytes[reply->kept] = '\0';
    if (reply->head == 0)
        return read_head(reply);
    if (size > reply->body_left)
        return reply_bad(reply, "longer than its Content-Length");
    reply->body_left -= size;
    return reply->body_left == 0 ? CLIENT_DONE : CLIENT_MORE;
}

enum client_state client_read(struct client_reply *reply, int fd)
{
    static _Thread_local char dropped[64 * 1024];
    size_t room = CLIENT_REPLY_KEPT - reply->kept;
    ssize_t size = room > 0 ? recv(fd, reply->bytes + reply->kept, room, 0)
                            : recv(fd, dropped, sizeof(dropped), 0);

    if (size > 0)
        return count_received(reply, (size_t)size, room > 0 ? (size_t)size : 0);
    if (size < 0 && (errno == EAGAIN || errno == EINTR))
        return CLIENT_MORE;
    return CLIENT_CLOSED;
}
