/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An application for tests of the server: its requests say what it does, and
 * when it makes the connection wait. It counts all calls and checks them
 * against the contracts of http/deferred.h and http/body.h.
 *
 *     /plain/TEXT            the body of the request, or TEXT without one
 *     /refused               403, before the body
 *     /deferred/WAKE/TEXT    deferred, then TEXT; "S..." gives a stream
 *     /stream/WAKE/SCRIPT    a stream
 *     /sink/WAKE/SCRIPT/SIZE a sink, then how many bytes it took. SIZE is how
 *                            many will come, and is 0 for a chunked body
 *
 * WAKE says who ends a wait: "now" (the call that begins it), "soon" (another
 * thread, at a random moment) or "held" (toy_wake_held() or a cancel).
 *
 * A stream does a letter of its script a call: w waits; s makes a few bytes, b
 * a block; d makes the last ones, e ends without; f fails. A sink does so as
 * well, over and over again: it takes nothing (0), one byte (1) or half of the
 * part (h), and waits; or takes all (a). A last D leaves a deferred.
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
    TOY_FINISHED,  /* ended by finish */
    TOY_FREED,     /* ended by free */
    TOY_EVENTS
};

struct toy;

/*
 * Serves the toy in event loops, or with a thread for each connection. Each
 * loop has an idle connection, as libmicrohttpd treats a loop's oldest one
 * otherwise than the others: it does not read from it after a resume.
 */
struct toy *toy_start(bool per_connection, unsigned loops);
uint16_t toy_port(const struct toy *toy);

/* Stop the server. Returns the milliseconds that it took. */
int64_t toy_stop(struct toy *toy);

/*
 * After toy_stop(): whether all calls were as they must be, and everything was
 * ended once; prints what was not. Frees the toy.
 */
bool toy_free(struct toy *toy);

/* Wait until `event` has happened `count` times; fails after a minute. */
void toy_wait(struct toy *toy, enum toy_event event, size_t count);

/* Wait until so many were ended in either way. */
void toy_wait_ended(struct toy *toy, size_t count);

size_t toy_count(struct toy *toy, enum toy_event event);

/* Wake all that are held. Returns how many. */
size_t toy_wake_held(struct toy *toy);

/* Wake them, and whatever is to be held later within the call. */
void toy_hold_no_more(struct toy *toy);

/* Hold what is cancelled, too, until toy_wake_held(). */
void toy_ignore_cancel(struct toy *toy);

/*
 * At the first cancel another thread wakes all that are held, and the cancel
 * takes some time.
 */
void toy_wake_held_at_cancel(struct toy *toy);

/* How many bytes sinks took. */
size_t toy_taken(struct toy *toy);

/* Wait until they took so many. */
void toy_wait_taken(struct toy *toy, size_t count);

/* The byte at a position of all that is sent. */
char toy_byte(size_t position);

/* `length` of them, from the start, and a NUL. The caller frees them. */
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
