/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One thread with one epoll set. Between due times it sleeps, with a timeout
 * in nanoseconds, and leaves the CPU to the server.
 */
#include "pacer.h"

#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "client.h"
#include "flags.h"

enum {
    REQUEST_SIZE = FLEET_MAX_MESSAGE + 256,
    EVENTS = 64,
    /* Without any event for so long, the server counts as stuck. */
    STUCK_SECONDS = 10,
    OTHER_FILES = 32,
    /* Time for the server to accept the idle connections. */
    SETTLE_MILLISECONDS = 500,
};

#define SECOND UINT64_C(1000000000)

struct connection {
    int fd;       /* -1: closed; the next request opens it again */
    bool busy;    /* waits for a response; if not, it is in the free queue */
    bool idle;    /* never sends a request */
    bool retried; /* this is the second attempt of the request */
    uint64_t due;
    size_t length, sent; /* bytes of the request */
    struct connection *next;
    char request[REQUEST_SIZE];
    struct client_reply reply;
};

struct pacer {
    const struct pacer_options *options;
    struct fleet fleet;
    int epoll;
    struct connection *connections;
    /* The queue of free connections: not busy, not idle. */
    struct connection *first_free, **last_free;
    uint64_t begun, ends;
    uint64_t sent;
    struct pacer_result result;
};

static uint64_t now(void)
{
    struct timespec time;

    clock_gettime(CLOCK_MONOTONIC, &time);
    return (uint64_t)time.tv_sec * SECOND + (uint64_t)time.tv_nsec;
}

static void push_free(struct pacer *pacer, struct connection *connection)
{
    connection->busy = false;
    connection->next = NULL;
    *pacer->last_free = connection;
    pacer->last_free = &connection->next;
}

static struct connection *pop_free(struct pacer *pacer)
{
    struct connection *connection = pacer->first_free;

    pacer->first_free = connection->next;
    if (pacer->first_free == NULL)
        pacer->last_free = &pacer->first_free;
    connection->busy = true;
    return connection;
}

static void watch_connection(const struct pacer *pacer,
                             struct connection *connection, int operation,
                             uint32_t events)
{
    struct epoll_event event = {.events = events, .data.ptr = connection};

    if (epoll_ctl(pacer->epoll, operation, connection->fd, &event) != 0)
        die_errno("epoll_ctl");
}

static void open_connection(const struct pacer *pacer,
                            struct connection *connection, bool blocking)
{
    connection->fd = client_connect(pacer->options->port, blocking);
    if (connection->fd < 0)
        die_errno("can't connect");
    watch_connection(pacer, connection, EPOLL_CTL_ADD, EPOLLIN);
}

static void close_connection(struct connection *connection)
{
    close(connection->fd);
    connection->fd = -1;
}

/* Send the rest of the request. */
static void send_rest(struct pacer *pacer, struct connection *connection)
{
    size_t left = connection->length - connection->sent;
    ssize_t size = send(connection->fd, connection->request + connection->sent,
                        left, MSG_NOSIGNAL | MSG_DONTWAIT);

    if (size < 0 && errno != EAGAIN && errno != EPIPE && errno != ECONNRESET)
        die_errno("send");
    if (size > 0)
        connection->sent += (size_t)size;
    /* If the server closed the connection, EPOLLIN reports it. */
    watch_connection(pacer, connection, EPOLL_CTL_MOD,
                     connection->sent < connection->length ? EPOLLIN | EPOLLOUT
                                                           : EPOLLIN);
}

static void send_request(struct pacer *pacer, struct connection *connection)
{
    ssize_t size;

    connection->sent = 0;
    client_begin(&connection->reply);
    if (connection->fd < 0)
        open_connection(pacer, connection, false);
    /* Nearly always the whole request is sent at once, without epoll. */
    size = send(connection->fd, connection->request, connection->length,
                MSG_NOSIGNAL | MSG_DONTWAIT);
    if (size == (ssize_t)connection->length)
        connection->sent = connection->length;
    else
        send_rest(pacer, connection);
}

static void write_request(struct pacer *pacer, struct connection *connection)
{
    const struct pacer_options *options = pacer->options;
    char message[FLEET_MAX_MESSAGE];
    size_t length;
    int head;

    if (options->get != NULL) {
        head =
            snprintf(connection->request, REQUEST_SIZE,
                     "GET %s HTTP/1.1\r\nHost: 127.0.0.1:%" PRIu16 "\r\n\r\n",
                     options->get, options->port);
        if (head >= REQUEST_SIZE)
            die("-get: the target must be shorter than %d bytes",
                REQUEST_SIZE - 64);
        connection->length = (size_t)head;
        return;
    }
    length = fleet_next(&pacer->fleet, message);
    head = snprintf(connection->request, REQUEST_SIZE,
                    "POST /messages HTTP/1.1\r\nHost: 127.0.0.1:%" PRIu16
                    "\r\nContent-Type: application/json\r\n"
                    "Content-Length: %zu\r\n\r\n",
                    options->port, length);
    memcpy(connection->request + head, message, length);
    connection->length = (size_t)head + length;
}

/* In a closed loop a request is due as soon as a connection is free. */
static uint64_t due_time(const struct pacer *pacer, uint64_t time)
{
    uint64_t rate = pacer->options->rate;

    return rate == 0 ? time
                     : pacer->begun + pacer->sent / rate * SECOND +
                           pacer->sent % rate * SECOND / rate;
}

static bool has_more(const struct pacer *pacer, uint64_t time)
{
    return pacer->sent < pacer->options->requests && !*pacer->options->stop &&
           due_time(pacer, time) < pacer->ends;
}

/* Send the due requests, as long as a connection is free. */
static void send_due(struct pacer *pacer)
{
    uint64_t time = now(), due;

    while (pacer->first_free != NULL && has_more(pacer, time) &&
           (due = due_time(pacer, time)) <= time) {
        struct connection *connection = pop_free(pacer);

        write_request(pacer, connection);
        connection->due = due;
        connection->retried = false;
        pacer->result.late[pacer->sent++] = (uint32_t)((time - due) / 100);
        send_request(pacer, connection);
        time = now();
    }
}

static void check_reply(const struct pacer *pacer,
                        const struct client_reply *reply)
{
    bool get = pacer->options->get != NULL;

    if (reply->status != (get ? 200 : 202))
        die("expected status %d, got %u: %s", get ? 200 : 202, reply->status,
            reply->body);
    if (!get && strstr(reply->body, "\"result\":\"applied\"") == NULL)
        die("expected \"result\":\"applied\": %s", reply->body);
}

static void finish_request(struct pacer *pacer, struct connection *connection)
{
    struct pacer_result *result = &pacer->result;

    check_reply(pacer, &connection->reply);
    result->latency[result->answered++] =
        (uint32_t)((now() - connection->due) / 100);
    if (connection->reply.close) {
        close_connection(connection);
        result->reopened++;
    }
    push_free(pacer, connection);
}

/*
 * The server may close a kept connection while a request is on its way. The
 * request is sent once more; its latency still counts from its due time.
 */
static void handle_closed(struct pacer *pacer, struct connection *connection)
{
    close_connection(connection);
    if (connection->idle) {
        open_connection(pacer, connection, false);
        pacer->result.idle_reopened++;
        return;
    }
    pacer->result.reopened++;
    if (!connection->busy)
        return;
    if (connection->retried || connection->reply.kept > 0)
        die("the server closed a connection without a response");
    connection->retried = true;
    pacer->result.retried++;
    send_request(pacer, connection);
}

static void handle_events(struct pacer *pacer, struct connection *connection,
                          uint32_t events)
{
    if ((events & EPOLLOUT) != 0)
        send_rest(pacer, connection);
    if ((events & ~(uint32_t)EPOLLOUT) == 0)
        return;
    switch (client_read(&connection->reply, connection->fd)) {
    case CLIENT_MORE:
        break;
    case CLIENT_DONE:
        if (!connection->busy)
            die("a response without a request");
        finish_request(pacer, connection);
        break;
    case CLIENT_CLOSED:
        handle_closed(pacer, connection);
        break;
    case CLIENT_BAD:
        die("invalid response: %s", connection->reply.problem);
    }
}

/* Wait for events, at most until the next request is due; handle them. */
static void wait_for_events(struct pacer *pacer)
{
    struct epoll_event events[EVENTS];
    struct timespec pause = {.tv_sec = STUCK_SECONDS};
    uint64_t time = now(), due;
    bool timed = pacer->first_free != NULL && has_more(pacer, time);

    if (timed) {
        due = due_time(pacer, time);
        pause.tv_sec = 0;
        if (due > time) {
            pause.tv_sec = (time_t)((due - time) / SECOND);
            pause.tv_nsec = (long)((due - time) % SECOND);
        } else {
            pause.tv_nsec = 0;
        }
    }
    int count = epoll_pwait2(pacer->epoll, events, EVENTS, &pause, NULL);
    if (count < 0 && errno != EINTR)
        die_errno("epoll_pwait2");
    if (count == 0 && !timed)
        die("no response for %d s", STUCK_SECONDS);
    for (int i = 0; i < count; i++)
        handle_events(pacer, events[i].data.ptr, events[i].events);
}

/* Open all connections, before the clock starts. */
static void open_all(struct pacer *pacer)
{
    uint64_t active = pacer->options->connections;
    uint64_t count = active + pacer->options->idle;

    client_allow_files(count + OTHER_FILES);
    pacer->epoll = epoll_create1(EPOLL_CLOEXEC);
    pacer->connections = calloc(count, sizeof(*pacer->connections));
    if (pacer->epoll < 0 || pacer->connections == NULL)
        die_errno("can't make the connections");
    for (uint64_t i = 0; i < count; i++) {
        struct connection *connection = &pacer->connections[i];

        /*
         * The idle ones first, so that the active ones do not take their
         * places at a server with a limit.
         */
        connection->idle = i < pacer->options->idle;
        client_begin(&connection->reply);
        open_connection(pacer, connection, true);
        if (!connection->idle)
            push_free(pacer, connection);
    }
}

/* Reset all connections, so that no port is in TIME_WAIT afterwards. */
static void close_all(struct pacer *pacer)
{
    const struct linger reset = {.l_onoff = 1};
    uint64_t count = pacer->options->connections + pacer->options->idle;

    for (uint64_t i = 0; i < count; i++) {
        if (pacer->connections[i].fd < 0)
            continue;
        setsockopt(pacer->connections[i].fd, SOL_SOCKET, SO_LINGER, &reset,
                   sizeof(reset));
        close_connection(&pacer->connections[i]);
    }
    close(pacer->epoll);
    free(pacer->connections);
}

static void allocate_times(struct pacer_result *result, uint64_t requests)
{
    result->latency = calloc(requests, sizeof(*result->latency));
    result->late = calloc(requests, sizeof(*result->late));
    if (result->latency == NULL || result->late == NULL)
        die("no memory for the times of %" PRIu64 " requests", requests);
}

struct pacer_result pacer_run(const struct pacer_options *options)
{
    struct pacer pacer = {.options = options, .fleet = options->fleet};

    pacer.last_free = &pacer.first_free;
    allocate_times(&pacer.result, options->requests);
    /* By default the kernel may extend each sleep by 50 us. */
    prctl(PR_SET_TIMERSLACK, 1UL);
    open_all(&pacer);
    if (options->idle > 0)
        usleep(SETTLE_MILLISECONDS * 1000);
    pacer.begun = now();
    pacer.ends = pacer.begun + (uint64_t)(options->seconds * (double)SECOND);
    while (pacer.result.answered < pacer.sent || has_more(&pacer, now())) {
        send_due(&pacer);
        wait_for_events(&pacer);
    }
    pacer.result.seconds = (double)(now() - pacer.begun) / (double)SECOND;
    close_all(&pacer);
    return pacer.result;
}
