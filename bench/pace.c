/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bench_pace: measures the latency of POST /messages at a fixed rate, in an
 * open loop. Request number i is due at i / rate after the start. It is sent on
 * the connection that has been free for longest, or waits until one is free.
 * Its latency counts from its due time, so a stall of the server counts for all
 * requests that it delays.
 *
 * With -rate=0 in a closed loop: a request is due when a connection is free, as
 * with senders that wait for each response. wrk does the same, but adds to its
 * latencies those of requests that a stall has kept from being sent, so its
 * percentiles are others.
 *
 * One thread with one epoll set: between due times it sleeps, and leaves the
 * CPU to the server. Each response is checked. The figures are one line of
 * JSON, with -samples=1 also the latency of each request, in ms.
 */
#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <time.h>

#include "clients.h"
#include "flags.h"
#include "fleet.h"

enum {
    MAX_CONNECTIONS = 1024,
    REPLY_SIZE = 4096,
    EVENTS = 64,
    STUCK_SECONDS = 10,   /* without a response */
    CLOSED_RATE = 200000, /* requests/s, at most, in a closed loop */
};

struct connection {
    struct client client; /* closed: the next request opens it again */
    bool busy;    /* waits for a response; if not, it is in the free queue */
    uint64_t due; /* of its request */
    uint64_t number;
    size_t received;
    char reply[REPLY_SIZE + 1];
};

struct pacer {
    /* Set at start, then read-only. */
    struct clients clients;
    uint64_t connection_count, rate, milliseconds, samples;
    uint64_t begun, most; /* the start, and how many requests are to be sent */
    uint64_t ends;        /* in a closed loop: no more requests behind it */

    struct fleet fleet;
    uint64_t sent, answered;
    uint32_t *latencies; /* from due to answered, by number; in 100 ns */
    uint32_t *delays;    /* from due to sent, of `sent` */
    struct connection connections[MAX_CONNECTIONS];
    /* The free connections: a ring, as long as there are connections. */
    struct connection *free[MAX_CONNECTIONS];
    uint64_t taken, returned; /* how often one was */
};

static volatile sig_atomic_t stop;

static void stop_sending(int signal_number)
{
    (void)signal_number;
    stop = 1;
}

static void return_connection(struct pacer *pacer,
                              struct connection *connection)
{
    connection->busy = false;
    pacer->free[pacer->returned++ % pacer->connection_count] = connection;
}

static bool has_more(const struct pacer *pacer)
{
    return pacer->sent < pacer->most && !stop &&
           (pacer->rate > 0 || clients_now() < pacer->ends);
}

/* When the next request can be sent: it is due, and a connection is free. */
static uint64_t next_time(const struct pacer *pacer)
{
    if (!has_more(pacer) || pacer->taken == pacer->returned)
        return UINT64_MAX;
    if (pacer->rate == 0)
        return clients_now();
    return pacer->begun + pacer->sent / pacer->rate * SECOND +
           pacer->sent % pacer->rate * SECOND / pacer->rate;
}

static void send_next(struct pacer *pacer, uint64_t due)
{
    struct connection *connection =
        pacer->free[pacer->taken++ % pacer->connection_count];
    char request[FLEET_MAX_REQUEST];
    size_t length =
        fleet_request(&pacer->fleet, pacer->clients.fields, request);

    if (connection->client.fd < 0)
        clients_connect(&pacer->clients, &connection->client, connection);
    connection->busy = true;
    connection->due = due;
    connection->number = pacer->sent;
    connection->received = 0;
    pacer->delays[pacer->sent++] = (uint32_t)((clients_now() - due) / 100);
    /* The connection has nothing else to send, so all of it fits. */
    clients_send(&connection->client, request, length);
}

/* True if the response is complete. Dies if it is not the expected one. */
static bool check_reply(const char *reply, size_t received)
{
    const char *body = strstr(reply, "\r\n\r\n");
    const char *length = strcasestr(reply, "\r\nContent-Length:");

    if (body == NULL && received < REPLY_SIZE)
        return false;
    if (body == NULL || length == NULL || length > body)
        die("invalid response: %s", reply);
    body += 4;
    size_t expected =
        (size_t)(body - reply) + strtoull(strchr(length, ':') + 1, NULL, 10);
    if (received < expected && received < REPLY_SIZE)
        return false;
    if (received != expected || strncmp(reply, "HTTP/1.1 202 ", 13) != 0 ||
        strstr(body, "\"result\":\"applied\"") == NULL)
        die("expected 202 and \"result\":\"applied\": %s", reply);
    return true;
}

static void handle_event(struct pacer *pacer, struct connection *connection)
{
    char *reply = connection->reply;
    ssize_t size =
        clients_receive(&connection->client, reply + connection->received,
                        REPLY_SIZE - connection->received);

    if (size < 0 && errno == EAGAIN)
        return;
    if (size <= 0 && !connection->busy) {
        clients_close(&connection->client);
        return;
    }
    if (size <= 0 || !connection->busy)
        die("the server closed a connection, or answered without a request");
    connection->received += (size_t)size;
    reply[connection->received] = '\0';
    if (!check_reply(reply, connection->received))
        return;
    pacer->latencies[connection->number] =
        (uint32_t)((clients_now() - connection->due) / 100);
    pacer->answered++;
    if (strcasestr(reply, "\r\nConnection: close") != NULL)
        clients_close(&connection->client);
    return_connection(pacer, connection);
}

/* Wait for events, at most until the next request; handle them. */
static void wait_for_events(struct pacer *pacer)
{
    struct epoll_event events[EVENTS];
    struct timespec pause = {.tv_sec = STUCK_SECONDS};
    uint64_t time = clients_now(), next = next_time(pacer);

    if (next != UINT64_MAX) {
        uint64_t left = next > time ? next - time : 0;

        pause.tv_sec = (time_t)(left / SECOND);
        pause.tv_nsec = (long)(left % SECOND);
    }
    int count =
        epoll_pwait2(pacer->clients.epoll, events, EVENTS, &pause, NULL);
    if (count < 0 && errno != EINTR)
        die_errno("epoll_pwait2");
    if (count == 0 && next == UINT64_MAX)
        die("no response for %d s", STUCK_SECONDS);
    for (int i = 0; i < count; i++)
        handle_event(pacer, events[i].data.ptr);
}

/* When the first request was due, and all latencies, to compare times. */
static void print_samples(const struct pacer *pacer)
{
    printf("{\"begun\": %.6f, \"latencies\": [", (double)pacer->begun / SECOND);
    for (uint64_t i = 0; i < pacer->answered; i++)
        printf(i == 0 ? "%.4f" : ", %.4f", pacer->latencies[i] / 1e4);
    printf("], ");
}

static void print_result(const struct pacer *pacer)
{
    uint64_t count = pacer->answered;

    if (count == 0)
        die("no request was sent");
    if (pacer->samples != 0)
        print_samples(pacer);
    else
        putchar('{');
    clients_sort(pacer->latencies, count);
    clients_sort(pacer->delays, count);
    printf("\"requests\": %" PRIu64 ", \"seconds\": %.6f, \"p50\": %.4f, "
           "\"p99\": %.4f, \"p99.9\": %.4f, \"late p99\": %.4f}\n",
           count, (double)(clients_now() - pacer->begun) / SECOND,
           clients_percentile(pacer->latencies, count, 500),
           clients_percentile(pacer->latencies, count, 990),
           clients_percentile(pacer->latencies, count, 999),
           clients_percentile(pacer->delays, count, 990));
}

static void start(struct pacer *pacer)
{
    uint64_t rate = pacer->rate > 0 ? pacer->rate : CLOSED_RATE;

    pacer->most = rate * pacer->milliseconds / 1000 + 1;
    pacer->latencies = calloc(pacer->most, sizeof(uint32_t));
    pacer->delays = calloc(pacer->most, sizeof(uint32_t));
    if (pacer->latencies == NULL || pacer->delays == NULL)
        die_errno("can't start");
    for (uint64_t i = 0; i < pacer->connection_count; i++) {
        struct connection *connection = &pacer->connections[i];

        clients_connect(&pacer->clients, &connection->client, connection);
        return_connection(pacer, connection);
    }
    /* By default the kernel may extend each sleep by 50 us. */
    prctl(PR_SET_TIMERSLACK, 1UL);
    pacer->begun = clients_now();
    pacer->ends = pacer->begun + pacer->milliseconds * (SECOND / 1000);
}

int main(int argc, char *argv[])
{
    static struct pacer pacer = {
        .clients.port = 8088,
        .connection_count = 64,
        .rate = 1000,
        .milliseconds = 2000,
        .fleet = {1, 1, 20, 1, 1, 1},
    };
    const struct flag flags[] = {
        CLIENTS_FLAGS(&pacer.clients),
        {"connections", &pacer.connection_count, 1, MAX_CONNECTIONS},
        {"rate", &pacer.rate, 0, 1000000},
        {"milliseconds", &pacer.milliseconds, 1, 60000},
        {"round", &pacer.fleet.round, 0, UINT32_MAX},
        {"samples", &pacer.samples, 0, 1},
        {NULL, NULL, 0, 0},
    };

    flags_read(argc, argv, flags);
    clients_start(&pacer.clients);
    signal(SIGINT, stop_sending);
    start(&pacer);
    while (pacer.answered < pacer.sent || has_more(&pacer)) {
        uint64_t next = next_time(&pacer);

        if (next <= clients_now())
            send_next(&pacer, next);
        else
            wait_for_events(&pacer);
    }
    print_result(&pacer);
    free(pacer.latencies);
    free(pacer.delays);
    return 0;
}
