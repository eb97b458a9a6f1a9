/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sends requests over a number of connections, and records the latency of
 * each. In an open loop they are sent at a fixed rate, whether or not the
 * server keeps up; in a closed loop each connection sends the next request
 * when it has the response.
 *
 * In an open loop, request number i is due at i / rate after the start. It is
 * sent on the connection that has been free for longest, or waits until one
 * is free. Its latency counts from its due time. So a stall of the server
 * counts for all requests that it delays.
 */
#ifndef LUNAR_BENCH_PACER_H
#define LUNAR_BENCH_PACER_H

#include <signal.h>
#include <stddef.h>
#include <stdint.h>

#include "fleet.h"

struct pacer_options {
    uint16_t port;
    const char *get;    /* target of GET; NULL: POST /messages */
    struct fleet fleet; /* source of the messages */
    uint64_t connections;
    uint64_t rate;     /* requests/s; 0: closed loop */
    uint64_t requests; /* most requests */
    double seconds;    /* most time in which to send */
    uint64_t idle;     /* further connections, which send nothing */

    /* A signal handler sets it: send no more requests, and finish. */
    const volatile sig_atomic_t *stop;
};

struct pacer_result {
    uint64_t answered; /* requests with a response: all that were sent */
    double seconds;    /* from the first due time to the last response */
    uint32_t *latency; /* of `answered` requests, unordered; in 100 ns */
    uint32_t *late;    /* from due to sent, likewise */
    uint64_t reopened; /* connections that the server closed */
    uint64_t retried;  /* requests on such a connection, sent again */
    uint64_t idle_reopened;
};

/*
 * Open the connections, send the requests and close the connections. Dies if
 * a response has a status other than 202 (GET: 200), or a message was not
 * applied.
 * Ownership: the caller frees `latency` and `late` with free(3).
 */
struct pacer_result pacer_run(const struct pacer_options *options);

#endif
