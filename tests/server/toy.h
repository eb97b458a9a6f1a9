/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An application for tests of the server: its requests say what it does, and
 * when it makes the connection wait. It counts all calls and checks them
 * against the contracts of http/deferred.h and http/body.h.
 *
 *     /plain/TEXT            the body of the request, or TEXT without one
 *     /refused               403, before the body
 *     /deferred/WAKE/TEXT    deferred, then TEXT; "S..." gives a stream, "D..."
 *                            another deferred
 *     /stream/WAKE/SCRIPT    a stream
 *     .../long               the same two, and long-lived
 *     /stream/WAKE/SCRIPT/sized  a stream whose length is known
 *     /sink/WAKE/SCRIPT/SIZE a sink, then how many bytes it took. SIZE is how
 *                            many will come, and is 0 for a chunked body
 *
 * WAKE says who ends a wait: "now" (the call that begins it), "soon" (another
 * thread, at a random moment, with up to TOY_GROUP at a time), "held"
 * (toy_wake_held(), toy_wake_together() or a cancel) or "commit" (a thread that
 * wakes all that wait for it together, after some milliseconds, whatever is
 * cancelled).
 *
 * A stream does a letter of its script a call: w waits; s makes a few bytes, k
 * some kilobytes, b a block; d makes the last ones, e ends without; f fails, m
 * says that there is more and makes nothing; at an r it begins again. Once it
 * is cancelled it fails or, with a g in its script, makes its last bytes or,
 * with a q, ends without. A sink does a letter a call as well, over and over
 * again: it takes nothing (0), one byte (1), half of the part (h) or all (A),
 * and waits; or takes all (a); x fails, m takes half and does not wait, which
 * no sink may do. A last D leaves a deferred.
 */
#ifndef LUNAR_TEST_TOY_H
#define LUNAR_TEST_TOY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What happened, counted over all deferreds, streams and sinks. */
enum toy_event {
    TOY_STARTED,   /* deferreds */
    TOY_WAITED,    /* waits that began */
    TOY_WOKEN,     /* and were woken */
    TOY_CANCELLED, /* and were cancelled */
    TOY_CALLED,    /* calls of next and take */
    TOY_TAKEN,     /* bytes that sinks took */
    TOY_FINISHED,  /* ended by finish */
    TOY_FREED,     /* ended by free */
    TOY_ENDED,     /* in either way */
    TOY_EVENTS
};

struct metrics;
struct toy;

/*
 * Serves the toy in event loops, or with a thread for each connection. A loop's
 * oldest connection is an idle one of the toy's, as libmicrohttpd treats it
 * otherwise than the others: it does not read from it after a resume.
 */
struct toy *toy_start(bool per_connection, unsigned loops);

/* The same, for as many connections. */
struct toy *toy_start_limited(bool per_connection, unsigned loops,
                              unsigned max_connections);
uint16_t toy_port(const struct toy *toy);

/* Those of the server, also after its stop. The toy has one route, "toy". */
struct metrics *toy_metrics(const struct toy *toy);

/* Close the clients that are there all the time; so does a stop. */
void toy_close_bystanders(struct toy *toy);

/* Stop the server. Returns the milliseconds that it took. */
int64_t toy_stop(struct toy *toy);

/*
 * The same on another thread, and the wait for its end: it is tried until what
 * waits is woken. How often it has been tried in vain so far.
 */
void toy_begin_stop(struct toy *toy);
int64_t toy_end_stop(struct toy *toy);
unsigned toy_overdue(const struct toy *toy);

/*
 * After the stop: whether all calls were as they must be, and everything was
 * ended once; prints what was not. Frees the toy.
 */
bool toy_free(struct toy *toy);

/* Wait until `event` has happened `count` times; fails if it does not. */
void toy_wait(struct toy *toy, enum toy_event event, size_t count);

size_t toy_count(struct toy *toy, enum toy_event event);

/*
 * Wake all that are held, one by one, or all together, in the order in which
 * their requests have come. Returns how many.
 */
size_t toy_wake_held(struct toy *toy);
size_t toy_wake_together(struct toy *toy);

/* True: commits take until it is false. */
void toy_hold_commits(struct toy *toy, bool hold);

/* False: wake them, and from now on hold nothing. True: hold again. */
void toy_hold(struct toy *toy, bool hold);

/*
 * From now on a cancel wakes nothing, and the first one takes some time: the
 * test is to wake what is held.
 */
void toy_ignore_cancel(struct toy *toy);

/* `length` of the bytes of all bodies, and a NUL. The caller frees them. */
char *toy_bytes(size_t length);

/* The length of a stream's body. */
size_t toy_stream_length(const char *script);

/* For cmocka: `*state` is a toy, in one of the two modes. */
int toy_setup_loops(void **state);
int toy_setup_threads(void **state);
int toy_teardown(void **state);

#define TOY_TEST(test)                                                         \
    {#test " (event loops)", test, toy_setup_loops, toy_teardown, NULL},       \
    {                                                                          \
#test " (threads)", test, toy_setup_threads, toy_teardown, NULL        \
    }

#endif
