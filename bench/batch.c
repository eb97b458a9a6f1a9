/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bench_batch: sends batches to a server on this machine, POST /messages with
 * application/x-ndjson, over one or a few connections, with a thread for each.
 * All bodies are made before the clock starts, so that only the server and the
 * kernel are measured. Prints the figures as one line of JSON.
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

/* A request, head and body. */
struct batch_request {
    struct batch_request *next;
    size_t length;
    uint64_t messages;
    char bytes[];
};

/* The thread of one connection, and its requests. */
struct sender {
    const struct options *options;
    pthread_t thread;
    struct batch_request *requests; /* `count` of them, in order */
    uint64_t count;
    struct fleet fleet;
    pthread_barrier_t *barrier;
};

/* CPU time of this process, in microseconds. */
struct cpu_time {
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

static struct cpu_time cpu_time_now(void)
{
    struct rusage usage;

    getrusage(RUSAGE_SELF, &usage);
    return (struct cpu_time){microseconds(usage.ru_utime),
                             microseconds(usage.ru_stime)};
}

/*
 * The head has the length of the body. So the body is written first, after
 * space for any head, and then moved to follow the head.
 */
static struct batch_request *make_request(uint64_t messages,
                                          struct fleet *fleet, uint64_t port)
{
    size_t size = HEAD_SIZE + messages * FLEET_MAX_MESSAGE, end = HEAD_SIZE;
    struct batch_request *made = malloc(sizeof(*made) + size);
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

/* False if the server stops reading; its response may say why. */
static bool send_all(int fd, const struct batch_request *request)
{
    size_t sent = 0;

    while (sent < request->length) {
        ssize_t size = send(fd, request->bytes + sent, request->length - sent,
                            MSG_NOSIGNAL);
        if (size < 0 && errno != EINTR)
            return false;
        if (size > 0)
            sent += (size_t)size;
    }
    return true;
}

/*
 * The number after `name`, which is a member name with its quotes and colon,
 * in a compact JSON text. UINT64_MAX if there is no such member.
 */
static uint64_t read_member(const char *body, const char *name)
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
    if (!unchecked && read_member(reply->body, "\"applied\":") != messages)
        die("expected %" PRIu64 " messages to be applied: %s", messages,
            reply->body);
}

static void send_request(int *fd, const struct sender *sender,
                         const struct batch_request *request)
{
    const struct timeval timeout = {.tv_sec = REPLY_SECONDS};
    enum client_state state = CLIENT_MORE;
    struct client_reply reply;
    bool sent;

    if (*fd < 0) {
        *fd = client_connect((uint16_t)sender->options->port, true);
        if (*fd < 0)
            die_errno("can't connect");
        setsockopt(*fd, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof(timeout));
    }
    client_begin(&reply);
    sent = send_all(*fd, request);
    errno = 0;
    while (state == CLIENT_MORE && errno != EAGAIN)
        state = client_read(&reply, *fd);
    if (state != CLIENT_DONE)
        die("no valid response%s%s", reply.problem != NULL ? ": " : "",
            reply.problem != NULL ? reply.problem : "");
    check_reply(&reply, request->messages, sender->options->unchecked != 0);
    if (!sent)
        die("the server did not read the whole body");
    if (reply.close) {
        close(*fd);
        *fd = -1;
    }
}

static void *run_sender(void *context)
{
    struct sender *sender = context;
    struct batch_request **end = &sender->requests;
    int fd = -1;

    for (uint64_t i = 0; i < sender->count; i++) {
        *end = make_request(sender->options->messages, &sender->fleet,
                            sender->options->port);
        end = &(*end)->next;
    }
    /* Between the two, the main thread reads the clocks. */
    pthread_barrier_wait(sender->barrier);
    pthread_barrier_wait(sender->barrier);
    for (struct batch_request *request = sender->requests; request != NULL;
         request = request->next)
        send_request(&fd, sender, request);
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

/* Free the requests, and add up what was sent. */
static void release_sender(struct sender *sender, uint64_t *messages,
                           uint64_t *bytes)
{
    struct batch_request *next;

    for (struct batch_request *request = sender->requests; request != NULL;
         request = next) {
        next = request->next;
        *messages += request->messages;
        *bytes += request->length;
        free(request);
    }
}

static void run_senders(const struct options *options)
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
    struct cpu_time before = cpu_time_now();
    double begun = now();
    pthread_barrier_wait(&barrier);
    for (uint64_t i = 0; i < options->connections; i++)
        pthread_join(senders[i].thread, NULL);
    double seconds = now() - begun;
    struct cpu_time after = cpu_time_now();

    for (uint64_t i = 0; i < options->connections; i++)
        release_sender(&senders[i], &messages, &bytes);
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
         .help = "port of the server, on 127.0.0.1",
         .number = &options.port,
         .min = 1,
         .max = UINT16_MAX},
        {.name = "connections",
         .help = "number of connections that send at the same time",
         .number = &options.connections,
         .min = 1,
         .max = 64},
        {.name = "requests",
         .help = "number of requests, of all connections together",
         .number = &options.requests,
         .min = 1,
         .max = 10000},
        {.name = "messages",
         .help = "messages in each request",
         .number = &options.messages,
         .min = 1,
         .max = 10000000},
        {.name = "rockets",
         .help = "number of rockets; each has one connection",
         .number = &options.rockets,
         .min = 1,
         .max = 100000000},
        {.name = "round",
         .help = "part of the rocket ids; another round, other rockets",
         .number = &options.round,
         .max = UINT32_MAX},
        {.name = "first",
         .help = "number of the first message of each rocket",
         .number = &options.first,
         .min = 1,
         .max = 1000000000},
        {.name = "unchecked",
         .help = "1: check only the status of responses, not the result",
         .number = &options.unchecked,
         .max = 1},
        {.name = NULL},
    };

    flags_read(argc, argv, flags,
               "Sends distinct messages in batches, in order, and checks that "
               "all were\napplied.");
    if (options.requests % options.connections != 0 ||
        options.rockets < options.connections)
        die("-requests must be a multiple of -connections, and -rockets at "
            "least as many as -connections");
    run_senders(&options);
    return 0;
}
