/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bare_mhd: the baseline of the benchmarks, the least that an HTTP service on
 * libmicrohttpd can do. It reads and drops the body of each request, and sends
 * one fixed response, which is as long as a real one and is created once. The
 * difference to lunar.service is the cost of lunar.service's own work.
 *
 * The options of libmicrohttpd that affect speed must be the same here and in
 * src/server/server.c: flags, threads, memory per connection, time-outs, stack
 * size, length of the listen queue; with TLS its priorities (tls_session.c).
 *
 * The environment variables BARE_CERT and BARE_KEY name files of PEM: then it
 * serves TLS.
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <microhttpd.h>

#include "flags.h"

enum {
    BACKLOG = 4096,
    STACK_SIZE = 1024 * 1024,
    CONNECTION_MEMORY = 16 * 1024,
};

static const char priorities[] =
    "NORMAL:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2:"
    "-KX-ALL:+ECDHE-ECDSA:+ECDHE-RSA:"
    "-CIPHER-ALL:+AES-128-GCM:+AES-256-GCM:+CHACHA20-POLY1305:"
    "-MAC-ALL:+AEAD:"
    "-GROUP-ALL:+GROUP-X25519:+GROUP-SECP256R1:+GROUP-SECP384R1:"
    "+GROUP-SECP521R1:-SIGN-RSA-SHA1:-SIGN-ECDSA-SHA1";

struct bare {
    /* Set at start, then read-only. */
    uint64_t port;    /* 0: any free port */
    uint64_t threads; /* event loops */
    uint64_t max_connections;
    uint64_t keep_alive; /* while fewer connections are open; 0: always */
    uint64_t reply_bytes;
    char *reply;
    char *certificate, *key; /* PEM; NULL: no TLS */
    struct MHD_Response *response;
    struct MHD_Response *last_response; /* with Connection: close */

    atomic_uint open; /* connections; counted only if `keep_alive` > 0 */
};

static const char default_reply[] =
    "{\"channel\":\"0e9e9df5-38fd-52e2-916f-c858b9eb4ea5\","
    "\"messageNumber\":1234567,\"processed\":true,"
    "\"result\":\"applied\"}";

/* The default reply, repeated or cut to `reply_bytes`. */
static void make_reply(struct bare *bare)
{
    size_t length = sizeof(default_reply) - 1;

    bare->reply = malloc(bare->reply_bytes);
    if (bare->reply == NULL)
        die("no memory for a reply");
    for (size_t i = 0; i < bare->reply_bytes; i++)
        bare->reply[i] = default_reply[i % length];
}

/* MHD neither copies nor frees a persistent buffer. */
static struct MHD_Response *make_response(struct bare *bare, bool last)
{
    struct MHD_Response *response = MHD_create_response_from_buffer(
        bare->reply_bytes, bare->reply, MHD_RESPMEM_PERSISTENT);

    if (response == NULL ||
        MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE,
                                "application/json") != MHD_YES ||
        (last && MHD_add_response_header(response, MHD_HTTP_HEADER_CONNECTION,
                                         "close") != MHD_YES))
        die("no memory for a response");
    return response;
}

static bool is_last(struct bare *bare)
{
    return bare->keep_alive > 0 && atomic_load(&bare->open) >= bare->keep_alive;
}

/*
 * MHD calls this once with the header fields, then with each part of the body,
 * then with an empty part. A response queued in the first call would close the
 * connection.
 */
/* NOLINTNEXTLINE(readability-function-size): MHD gives the parameters. */
static enum MHD_Result handle_request(void *context,
                                      struct MHD_Connection *connection,
                                      const char *url, const char *method,
                                      const char *version,
                                      const char *upload_data,
                                      size_t *upload_data_size, void **request)
{
    static char headers_seen;
    struct bare *bare = context;

    (void)url, (void)method, (void)version, (void)upload_data;
    if (*request == NULL) {
        *request = &headers_seen;
        return MHD_YES;
    }
    if (*upload_data_size > 0) {
        *upload_data_size = 0;
        return MHD_YES;
    }
    return MHD_queue_response(connection, MHD_HTTP_ACCEPTED,
                              is_last(bare) ? bare->last_response
                                            : bare->response);
}

static void count_connection(void *context, struct MHD_Connection *connection,
                             void **socket_context,
                             enum MHD_ConnectionNotificationCode code)
{
    struct bare *bare = context;

    (void)connection, (void)socket_context;
    if (code == MHD_CONNECTION_NOTIFY_STARTED)
        atomic_fetch_add(&bare->open, 1);
    else
        atomic_fetch_sub(&bare->open, 1);
}

/* A listening socket on 127.0.0.1, -1 on failure. Sets `port`. */
static int open_socket(struct bare *bare)
{
    struct sockaddr_in address = {
        .sin_family = AF_INET,
        .sin_port = htons((uint16_t)bare->port),
        .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
    };
    socklen_t size = sizeof(address);
    int on = 1;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

    if (fd < 0)
        return -1;
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
    if (bind(fd, (const struct sockaddr *)&address, size) != 0 ||
        listen(fd, BACKLOG) != 0 ||
        getsockname(fd, (struct sockaddr *)&address, &size) != 0) {
        close(fd);
        return -1;
    }
    bare->port = ntohs(address.sin_port);
    return fd;
}

/* The file that the environment variable names; NULL without one. */
static char *read_setting(const char *name)
{
    enum { MOST = 64 * 1024 };
    /* NOLINTNEXTLINE(concurrency-mt-unsafe): there are no threads yet. */
    const char *path = getenv(name);
    char *text = path == NULL ? NULL : calloc(1, MOST);
    FILE *file = path == NULL ? NULL : fopen(path, "re");

    if (path == NULL)
        return NULL;
    if (text == NULL || file == NULL || fread(text, 1, MOST - 1, file) == 0)
        die("can't read %s, which %s names", path, name);
    fclose(file);
    return text;
}

static struct MHD_Daemon *start_daemon(struct bare *bare, int fd)
{
    /* MHD rejects a pool of one thread; no pool is equivalent. */
    unsigned pool = bare->threads > 1 ? (unsigned)bare->threads : 0;

    const struct MHD_OptionItem tls[] = {
        {MHD_OPTION_HTTPS_PRIORITIES, 0, (void *)priorities},
        {MHD_OPTION_HTTPS_MEM_CERT, 0, bare->certificate},
        {MHD_OPTION_HTTPS_MEM_KEY, 0, bare->key},
        {MHD_OPTION_END, 0, NULL},
    };
    bool secure = bare->certificate != NULL;

    return MHD_start_daemon(
        (secure ? MHD_USE_TLS : 0U) | MHD_USE_ERROR_LOG |
            MHD_USE_EPOLL_INTERNAL_THREAD | MHD_ALLOW_SUSPEND_RESUME,
        0, NULL, NULL, handle_request, bare, MHD_OPTION_LISTEN_SOCKET, fd,
        MHD_OPTION_THREAD_POOL_SIZE, pool, MHD_OPTION_THREAD_STACK_SIZE,
        (size_t)STACK_SIZE, MHD_OPTION_CONNECTION_LIMIT,
        (unsigned)bare->max_connections, MHD_OPTION_CONNECTION_TIMEOUT, 0U,
        MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)CONNECTION_MEMORY,
        MHD_OPTION_NOTIFY_CONNECTION,
        bare->keep_alive > 0 ? count_connection : NULL, bare, MHD_OPTION_ARRAY,
        secure ? tls : tls + 3, MHD_OPTION_END);
}

int main(int argc, char *argv[])
{
    struct bare bare = {
        .threads = 2,
        .max_connections = 10000,
        .reply_bytes = sizeof(default_reply) - 1,
    };
    const struct flag flags[] = {
        {"port", &bare.port, 0, UINT16_MAX},
        {"threads", &bare.threads, 1, 1024},
        {"max-connections", &bare.max_connections, 16, 1000000},
        {"keep-alive", &bare.keep_alive, 0, 1000000},
        {"reply-bytes", &bare.reply_bytes, 1, 100000000},
        {NULL, NULL, 0, 0},
    };
    struct MHD_Daemon *daemon;
    sigset_t stop;
    int signal_number, fd;

    flags_read(argc, argv, flags);
    bare.certificate = read_setting("BARE_CERT");
    bare.key = read_setting("BARE_KEY");
    make_reply(&bare);
    bare.response = make_response(&bare, false);
    bare.last_response = make_response(&bare, true);
    /* Block the signals before other threads start; they inherit the mask. */
    sigemptyset(&stop);
    sigaddset(&stop, SIGINT);
    sigaddset(&stop, SIGTERM);
    pthread_sigmask(SIG_BLOCK, &stop, NULL);
    fd = open_socket(&bare);
    daemon = fd < 0 ? NULL : start_daemon(&bare, fd);
    if (daemon == NULL)
        die("can't listen on port %u of 127.0.0.1", (unsigned)bare.port);
    printf("bare_mhd: listening on http%s://127.0.0.1:%u\n",
           bare.certificate != NULL ? "s" : "", (unsigned)bare.port);
    fflush(stdout);
    sigwait(&stop, &signal_number);
    MHD_stop_daemon(daemon);
    MHD_destroy_response(bare.response);
    MHD_destroy_response(bare.last_response);
    free(bare.reply);
    free(bare.certificate);
    free(bare.key);
    return 0;
}
