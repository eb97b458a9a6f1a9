/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Messages in bulk to a server on this machine: POST /messages with
 * application/x-ndjson, over one or a few connections, each a thread. All
 * bodies are made before, so that what is measured is the server and the
 * kernel. One line of JSON on stdout.
 */
#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#include "client.h"
#include "flags.h"
#include "fleet.h"

enum { HEAD_SIZE = 256, REPLY_SECONDS = 60 };

struct options {
    uint64_t port, connections, requests, messages;
    uint64_t rockets, round, first, unchecked;
};

/* A request: its head and its body, in the order in which they are sent. */
struct body {
    struct body *next;
    size_t length;
    uint64_t messages;
    char bytes[];
};

/* One connection's work. */
struct sender {
    const struct options *options;
    pthread_t thread;
    struct body *bodies; /* `count` of them */
    uint64_t count;
    struct fleet fleet;
    pthread_barrier_t *barrier; /* all are ready */
};

/* What the program has used, in microseconds. */
struct used {
    uint64_t user, system;
};

static double now(void)
{
    struct timespec time;

    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static uint64_t microseconds(struct timeval time)
{
    return (uint64_t)time.tv_sec * 1000000 + (uint64_t)time.tv_usec;
}

static struct used used_so_far(void)
{
    struct rusage usage;

    getrusage(RUSAGE_SELF, &usage);
    return (struct used){microseconds(usage.ru_utime),
                         microseconds(usage.ru_stime)};
}

/*
 * The head goes right before the body, whose length it has: the body is
 * written first, behind room for any head.
 */
static struct body *make_body(uint64_t messages, struct fleet *fleet,
                              uint64_t port)
{
    size_t size = HEAD_SIZE + messages * FLEET_MAX_MESSAGE, end = HEAD_SIZE;
    struct body *made = malloc(sizeof(*made) + size);
    char head[HEAD_SIZE], *bytes;
    int length;

    if (made == NULL)
        die("no memory for %" PRIu64 " messages", messages);
    bytes = made->bytes;
    for (uint64_t i = 0; i < messages; i++) {
        end += fleet_next(fleet, bytes + end);
        bytes[end++] = '\n';
    }
    length = snprintf(head, sizeof(head),
                      "POST /messages HTTP/1.1\r\nHost: 127.0.0.1:%" PRIu64
                      "\r\nContent-Type: application/x-ndjson\r\n"
                      "Content-Length: %zu\r\n\r\n",
                      port, end - HEAD_SIZE);
    memmove(bytes + length, bytes + HEAD_SIZE, end - HEAD_SIZE);
    memcpy(bytes, head, (size_t)length);
    made->next = NULL;
    made->length = end - HEAD_SIZE + (size_t)length;
    made->messages = messages;
    return made;
}

/* False where the server does not read on: its answer may say why. */
static bool send_all(int fd, const struct body *body)
{
    size_t sent = 0;

    while (sent < body->length) {
        ssize_t size =
            send(fd, body->bytes + sent, body->length - sent, MSG_NOSIGNAL);
        if (size < 0 && errno != EINTR)
            return false;
        if (size > 0)
            sent += (size_t)size;
    }
    return true;
}

/* The number behind "name": in an answer of a server that we know. */
static uint64_t member(const char *body, const char *name)
{
    const char *found = strstr(body, name);

    return found == NULL ? UINT64_MAX
                         : strtoull(found + strlen(name), NULL, 10);
}

static void check_reply(const struct client_reply *reply, uint64_t messages,
                        bool unchecked)
{
    if (reply->status != 202)
        die("expected status 202, got %u: %s", reply->status, reply->body);
    if (!unchecked && member(reply->body, "\"applied\":") != messages)
        die("expected %" PRIu64 " messages to be applied: %s", messages,
            reply->body);
}

static void send_body(int *fd, const struct sender *sender,
                      const struct body *body)
{
    const struct timeval patience = {.tv_sec = REPLY_SECONDS};
    enum client_state state = CLIENT_MORE;
    struct client_reply reply;
    bool sent;

    if (*fd < 0) {
        *fd = client_connect((uint16_t)sender->options->port, true);
        if (*fd < 0)
            die_errno("can't connect");
        setsockopt(*fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
    }
    client_begin(&reply);
    sent = send_all(*fd, body);
    errno = 0;
    while (state == CLIENT_MORE && errno != EAGAIN)
        state = client_read(&reply, *fd);
    if (state != CLIENT_DONE)
        die("no answer%s", reply.problem != NULL ? reply.problem : "");
    check_reply(&reply, body->messages, sender->options->unchecked != 0);
    if (!sent)
        die("not all of the body was read");
    if (reply.close) {
        close(*fd);
        *fd = -1;
    }
}

static void *run_sender(void *context)
{
    struct sender *sender = context;
    struct body **end = &sender->bodies;
    int fd = -1;

    for (uint64_t i = 0; i < sender->count; i++) {
        *end = make_body(sender->options->messages, &sender->fleet,
                         sender->options->port);
        end = &(*end)->next;
    }
    /* Once for main() to look at the clock, and once to begin. */
    pthread_barrier_wait(sender->barrier);
    pthread_barrier_wait(sender->barrier);
    for (struct body *body = sender->bodies; body != NULL; body = body->next)
        send_body(&fd, sender, body);
    if (fd >= 0)
        close(fd);
    return NULL;
}

static void start_sender(struct sender *sender, uint64_t share,
                         const struct options *options,
                         pthread_barrier_t *barrier)
{
    sender->options = options;
    sender->barrier = barrier;
    sender->count = options->requests / options->connections;
    sender->fleet = fleet_share((uint32_t)options->round, options->rockets,
                                options->first, share, options->connections);
    if (pthread_create(&sender->thread, NULL, run_sender, sender) != 0)
        die("can't start %" PRIu64 " threads", options->connections);
}

static void finish_sender(struct sender *sender, uint64_t *messages,
                          uint64_t *bytes)
{
    for (struct body *body = sender->bodies, *next; body != NULL; body = next) {
        next = body->next;
        *messages += body->messages;
        *bytes += body->length;
        free(body);
    }
}

static void run(const struct options *options)
{
    uint64_t messages = 0, bytes = 0;
    struct sender *senders = calloc(options->connections, sizeof(*senders));
    pthread_barrier_t barrier;

    if (senders == NULL)
        die("no memory");
    pthread_barrier_init(&barrier, NULL, (unsigned)options->connections + 1);
    for (uint64_t i = 0; i < options->connections; i++)
        start_sender(&senders[i], i, options, &barrier);
    pthread_barrier_wait(&barrier);
    struct used before = used_so_far();
    double begun = now();
    pthread_barrier_wait(&barrier);
    for (uint64_t i = 0; i < options->connections; i++)
        pthread_join(senders[i].thread, NULL);
    double seconds = now() - begun;
    struct used after = used_so_far();

    for (uint64_t i = 0; i < options->connections; i++)
        finish_sender(&senders[i], &messages, &bytes);
    free(senders);
    pthread_barrier_destroy(&barrier);
    printf("{\"messages\": %" PRIu64 ", \"bytes\": %" PRIu64
           ", \"seconds\": %.6f, \"user_us\": %" PRIu64
           ", \"system_us\": %" PRIu64 "}\n",
           messages, bytes, seconds, after.user - before.user,
           after.system - before.system);
}

int main(int argc, char *argv[])
{
    struct options options = {8088, 1, 5, 200000, 20, 1, 1, 0};
    const struct flag flags[] = {
        {.name = "port",
         .help = "of the server, on 127.0.0.1",
         .number = &options.port,
         .min = 1,
         .max = UINT16_MAX},
        {.name = "connections",
         .help = "that send at the same time",
         .number = &options.connections,
         .min = 1,
         .max = 64},
        {.name = "requests",
         .help = "over all connections",
         .number = &options.requests,
         .min = 1,
         .max = 10000},
        {.name = "messages",
         .help = "in each",
         .number = &options.messages,
         .min = 1,
         .max = 10000000},
        {.name = "rockets",
         .help = "that they are of, each of one connection",
         .number = &options.rockets,
         .min = 1,
         .max = 100000000},
        {.name = "round",
         .help = "part of their names: another one, other rockets",
         .number = &options.round,
         .max = UINT32_MAX},
        {.name = "first",
         .help = "number of each one's first message",
         .number = &options.first,
         .min = 1,
         .max = 1000000000},
        {.name = "unchecked",
         .help = "1: any answer with status 202 will do",
         .number = &options.unchecked,
         .max = 1},
        {.name = NULL},
    };

    flags_read(argc, argv, flags,
               "Sends messages in bulk, in order, each one another one, and "
               "checks that\nall were applied.");
    if (options.requests % options.connections != 0 ||
        options.rockets < options.connections)
        die("each connection needs as many requests as the others, and a "
            "rocket");
    run(&options);
    return 0;
}
