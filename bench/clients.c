/* SPDX-License-Identifier: Apache-2.0 */
#include "clients.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "client/tls.h"
#include "flags.h"

enum { HANDSHAKE_MS = 10000 };

uint64_t clients_now(void)
{
    struct timespec time;

    clock_gettime(CLOCK_MONOTONIC, &time);
    return (uint64_t)time.tv_sec * SECOND + (uint64_t)time.tv_nsec;
}

static struct client_tls *start_tls(const struct clients *clients, int fd)
{
    char error[CLIENT_ERROR];
    enum client_step step = CLIENT_STEP_FAILED;
    struct client_tls *tls =
        client_tls_new(fd, "localhost", &clients->options, error);

    if (tls != NULL)
        step = client_tls_handshake(tls, error);
    while (step == CLIENT_STEP_AGAIN) {
        struct pollfd ready = {.fd = fd, .events = client_tls_events(tls)};

        if (poll(&ready, 1, HANDSHAKE_MS) <= 0)
            die("no answer to the TLS handshake");
        step = client_tls_handshake(tls, error);
    }
    if (step == CLIENT_STEP_FAILED)
        die("can't connect: %s", error);
    return tls;
}

void clients_connect(const struct clients *clients, struct client *client,
                     void *data)
{
    const struct sockaddr_in address = {
        .sin_family = AF_INET,
        .sin_port = htons((uint16_t)clients->port),
        .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
    };
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = data};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    int on = 1;

    /* On one machine connect(2) does not wait for the server. */
    if (fd < 0 || setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on)) ||
        connect(fd, (const struct sockaddr *)&address, sizeof(address)) ||
        fcntl(fd, F_SETFL, O_NONBLOCK))
        die_errno("can't connect");
    *client = (struct client){.fd = fd};
    if (clients->options.ca_file != NULL || clients->insecure != 0)
        client->tls = start_tls(clients, fd);
    if (epoll_ctl(clients->epoll, EPOLL_CTL_ADD, fd, &event))
        die_errno("can't connect");
}

void clients_send(struct client *client, const char *request, size_t length)
{
    char error[CLIENT_ERROR];
    size_t sent = 0;

    if (client->tls == NULL) {
        if (send(client->fd, request, length, MSG_NOSIGNAL) != (ssize_t)length)
            die_errno("send");
        return;
    }
    if (client_tls_send(client->tls, (struct text){request, length}, &sent,
                        error) == CLIENT_STEP_FAILED)
        die("%s", error);
    if (sent != length)
        die("send: the socket's buffer is full");
}

ssize_t clients_receive(struct client *client, char *bytes, size_t size)
{
    char error[CLIENT_ERROR];

    if (client->tls == NULL)
        return recv(client->fd, bytes, size, 0);
    switch (client_tls_receive(client->tls, bytes, &size, error)) {
    case CLIENT_STEP_DONE:
        return (ssize_t)size;
    case CLIENT_STEP_AGAIN:
        errno = EAGAIN;
        return -1;
    default:
        die("%s", error);
    }
}

void clients_close(struct client *client)
{
    client_tls_free(client->tls);
    close(client->fd);
    *client = (struct client){.fd = -1};
}

static void write_fields(char *out)
{
    /* NOLINTNEXTLINE(concurrency-mt-unsafe): nothing sets variables. */
    const char *token = getenv("TOKEN");
    bool has_token = token != NULL && *token != '\0';
    int length = snprintf(out, CLIENTS_MAX_FIELDS, "Host: localhost\r\n%s%s%s",
                          has_token ? "Authorization: Bearer " : "",
                          has_token ? token : "", has_token ? "\r\n" : "");

    if (length >= CLIENTS_MAX_FIELDS)
        die("the token in the variable TOKEN is too long");
}

void clients_start(struct clients *clients)
{
    clients->epoll = epoll_create1(EPOLL_CLOEXEC);
    if (clients->epoll < 0)
        die_errno("can't start");
    clients->options.unverified = clients->insecure != 0;
    write_fields(clients->fields);
}

static int compare_delays(const void *left, const void *right)
{
    uint32_t a = *(const uint32_t *)left;
    uint32_t b = *(const uint32_t *)right;

    return a < b ? -1 : a > b;
}

void clients_sort(uint32_t *delays, size_t count)
{
    qsort(delays, count, sizeof(*delays), compare_delays);
}

double clients_percentile(const uint32_t *sorted, uint64_t count,
                          uint64_t mille)
{
    uint64_t rank = (count * mille + 999) / 1000;

    return rank == 0 ? 0 : sorted[rank - 1] / 1e4;
}
