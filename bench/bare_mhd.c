/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The least that an HTTP service on libmicrohttpd can do: the event loops of
 * lunar.service, each request's body read to its end and dropped, and one
 * fixed reply as long as a real one. What lunar.service needs beyond this is
 * what it costs. Not a server for any other use: it looks at nothing.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <microhttpd.h>

enum { MAX_THREADS = 1024, MAX_CONNECTIONS = 10000 };

struct options {
    uint16_t port;    /* 0: any that is free */
    unsigned threads; /* event loops, at least 1 */
};

static const char reply[] =
    "{\"channel\":\"0e9e9df5-38fd-52e2-916f-c858b9eb4ea5\","
    "\"messageNumber\":1234567,\"processed\":true,"
    "\"result\":\"applied\"}";

/*
 * The response is made anew each time, as one that differs has to be. MHD
 * only reads a persistent buffer.
 */
static enum MHD_Result queue_reply(struct MHD_Connection *connection)
{
    struct MHD_Response *response = MHD_create_response_from_buffer(
        sizeof(reply) - 1, (void *)reply, MHD_RESPMEM_PERSISTENT);
    enum MHD_Result result;

    if (response == NULL)
        return MHD_NO;
    result = MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE,
                                     "application/json");
    if (result == MHD_YES)
        result = MHD_queue_response(connection, MHD_HTTP_ACCEPTED, response);
    MHD_destroy_response(response);
    return result;
}

/*
 * MHD calls once with the headers, then for each part of the body, and last
 * with an empty part. A reply to the first call would close the connection.
 */
/* NOLINTNEXTLINE(readability-function-size): MHD gives the parameters. */
static enum MHD_Result answer(void *context, struct MHD_Connection *connection,
                              const char *url, const char *method,
                              const char *version, const char *upload_data,
                              size_t *upload_data_size, void **request)
{
    static char headers_seen;

    (void)context, (void)url, (void)method, (void)version, (void)upload_data;
    if (*request == NULL) {
        *request = &headers_seen;
        return MHD_YES;
    }
    if (*upload_data_size > 0) {
        *upload_data_size = 0;
        return MHD_YES;
    }
    return queue_reply(connection);
}

/* The number after `name` in "name=number". False if it is none of these. */
static bool read_number(const char *argument, const char *name,
                        unsigned long min, unsigned long max,
                        unsigned long *number)
{
    size_t length = strlen(name);
    char *end;
    unsigned long value;

    if (strncmp(argument, name, length) != 0 || argument[length] < '0' ||
        argument[length] > '9')
        return false;
    errno = 0;
    value = strtoul(argument + length, &end, 10);
    if (errno != 0 || *end != '\0' || value < min || value > max)
        return false;
    *number = value;
    return true;
}

static bool read_options(int argc, char *argv[], struct options *options)
{
    long cores = sysconf(_SC_NPROCESSORS_ONLN);

    options->port = 0;
    options->threads = cores > 0 ? (unsigned)cores : 1;
    for (int i = 1; i < argc; i++) {
        unsigned long number;

        if (read_number(argv[i], "-port=", 0, UINT16_MAX, &number))
            options->port = (uint16_t)number;
        else if (read_number(argv[i], "-threads=", 1, MAX_THREADS, &number))
            options->threads = (unsigned)number;
        else
            return false;
    }
    return true;
}

static struct MHD_Daemon *start(const struct options *options)
{
    const struct sockaddr_in address = {
        .sin_family = AF_INET,
        .sin_port = htons(options->port),
        .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
    };
    unsigned flags = MHD_USE_EPOLL_INTERNAL_THREAD | MHD_USE_ERROR_LOG;

    /* MHD takes a pool of one for a mistake: without a pool it is the same. */
    return MHD_start_daemon(
        flags, options->port, NULL, NULL, answer, NULL, MHD_OPTION_SOCK_ADDR,
        (const struct sockaddr *)&address, MHD_OPTION_CONNECTION_LIMIT,
        (unsigned)MAX_CONNECTIONS, MHD_OPTION_THREAD_POOL_SIZE,
        options->threads > 1 ? options->threads : 0U, MHD_OPTION_END);
}

int main(int argc, char *argv[])
{
    struct options options;
    struct MHD_Daemon *daemon;
    sigset_t stop;
    int signal_number;

    if (!read_options(argc, argv, &options)) {
        fprintf(stderr, "usage: bare_mhd [-port=N] [-threads=N]\n");
        return 2;
    }
    /* Blocked before there are threads, so that none of them is hit. */
    sigemptyset(&stop);
    sigaddset(&stop, SIGINT);
    sigaddset(&stop, SIGTERM);
    pthread_sigmask(SIG_BLOCK, &stop, NULL);
    daemon = start(&options);
    if (daemon == NULL) {
        fprintf(stderr, "bare_mhd: can't listen on 127.0.0.1:%u\n",
                (unsigned)options.port);
        return 1;
    }
    printf(
        "bare_mhd: listening on http://127.0.0.1:%u\n",
        (unsigned)MHD_get_daemon_info(daemon, MHD_DAEMON_INFO_BIND_PORT)->port);
    fflush(stdout);
    sigwait(&stop, &signal_number);
    MHD_stop_daemon(daemon);
    return 0;
}
