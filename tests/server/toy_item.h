/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The toy's deferreds, streams and sinks. They live as long as the toy, so
 * that a call after the end is seen, and not undefined.
 */
#ifndef LUNAR_TEST_TOY_ITEM_H
#define LUNAR_TEST_TOY_ITEM_H

#include <pthread.h>
#include <stdatomic.h>

#include "base/text.h"
#include "http/body.h"
#include "http/deferred.h"
#include "http/response.h"
#include "toy.h"

enum { TOY_SCRIPT = 256, TOY_QUEUE = 1024 };

enum toy_wake { TOY_NOW, TOY_SOON, TOY_HELD };

struct toy_item {
    /* Set at the start, then read-only. */
    struct http_deferred deferred;
    struct http_stream stream;
    struct http_sink sink;
    struct toy_items *all;
    enum toy_wake wake;
    char script[TOY_SCRIPT];
    size_t expected;  /* bytes that a sink is to get; 0: unknown */
    pthread_t thread; /* the connection's */
    /* Owned by the connection's thread. */
    size_t step, position;
    bool wrong; /* a byte was not the one that was sent */
    bool last;  /* the stream has made its last block */
    /* Guarded by the items' lock. */
    struct toy_item *next;
    struct http_waiter *waiter; /* while it waits */
    bool inside;                /* a call is under way */
    bool cancelled;             /* ever */
    bool wait_cancelled;        /* this wait was */
    size_t counts[TOY_EVENTS];
};

struct toy_items {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    pthread_t waker;
    bool threads; /* set at the start, then read-only */
    /* Set under `lock`, before the requests that they are about. */
    bool ignore_cancel, wake_at_cancel;
    bool hold_no_more;
    /* Guarded by `lock`. */
    struct toy_item *first;
    struct toy_item *queue[TOY_QUEUE]; /* to be woken soon */
    size_t queued;
    bool wake_all;         /* the waker is to wake all that are held */
    bool stopped;          /* the waker is to end */
    _Atomic bool stopping; /* the server stops */
    size_t counts[TOY_EVENTS];
    size_t taken;      /* bytes, by sinks */
    const char *fault; /* the first */
};

void toy_items_init(struct toy_items *items, bool threads);

/* True if everything was as it must be. */
bool toy_items_release(struct toy_items *items);

/* Record that a contract was broken. From any thread. */
void toy_items_blame(struct toy_items *items, const char *fault);

/* For the request with these segments, "/KIND/WAKE/SCRIPT/SIZE". */
struct toy_item *toy_item_new(struct toy_items *items,
                              const struct text *segments);

#endif
