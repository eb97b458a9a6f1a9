/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sends requests at a fixed rate over a number of connections, whether the
 * server keeps up or not (open loop), or as fast as answers come (closed
 * loop), and keeps how long each one took.
 *
 * In an open loop, request number i is due at i / rate from the beginning.
 * It goes out on the connection that has been free for longest; while none
 * is, it waits. Its latency counts from when it was due, so what waited
 * behind a stall of the server is not forgotten.
 */
#ifndef LUNAR_BENCH_PACER_H
#define LUNAR_BENCH_PACER_H

#include <signal.h>
#include <stddef.h>
#include <stdint.h>

#include "fleet.h"

struct pacer_options {
    uint16_t port;
    const char *get;    /* the target of GET; NULL: POST /messages */
    struct fleet fleet; /* whose messages are posted */
    uint64_t connections;
    uint64_t rate;     /* requests/s; 0: closed loop */
    uint64_t requests; /* at most so many, all in all */
    double seconds;    /* and for no longer than this */
    uint64_t idle;     /* further connections, which send nothing */

    /* Set from a signal handler: send no more and come to an end. */
    const volatile sig_atomic_t *stop;
};

struct pacer_result {
    uint64_t answered;
    double seconds;    /* from the first due time to the last answer */
    uint32_t *latency; /* ns/100, of `answered` requests, in no order */
    uint32_t *late;    /* ns/100, from due to sent */
    uint64_t reopened; /* connections, since the server closed them */
    uint64_t retried;  /* requests that it closed them on */
    uint64_t idle_reopened;
};

/*
 * All of it. Ends the program where an answer is wrong: its status is not
 * 202 (GET: 200), or a message was not applied.
 * Ownership: `latency` and `late` are the caller's, to free().
 */
struct pacer_result pacer_run(const struct pacer_options *options);

#endif
