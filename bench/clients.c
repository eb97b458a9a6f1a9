/* SPDX-License-Identifier: Apache-2.0 */
#include "clients.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>

#include "flags.h"

uint64_t clients_now(void)
{
    struct timespec time;

    clock_gettime(CLOCK_MONOTONIC, &time);
    return (uint64_t)time.tv_sec * SECOND + (uint64_t)time.tv_nsec;
}

int clients_connect(uint64_t port, int epoll, void *data)
{
    const struct sockaddr_in address = {
        .sin_family = AF_INET,
        .sin_port = htons((uint16_t)port),
        .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
    };
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = data};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    int on = 1;

    /* On one machine connect(2) does not wait for the server. */
    if (fd < 0 || setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on)) ||
        connect(fd, (const struct sockaddr *)&address, sizeof(address)) ||
        epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event))
        die_errno("can't connect");
    return fd;
}

void clients_fields(char *out)
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
