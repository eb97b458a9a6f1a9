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
#include "lib/connection.h"
#include "toy.h"

enum {
    TOY_SCRIPT = 256,
    TOY_QUEUE = 1024,
    TOY_GROUP = 8,
    TOY_MEMORY = 100, /* bytes that each request has for the application */
    TOY_BYSTANDERS = 24,
};

enum toy_wake { TOY_NOW, TOY_SOON, TOY_HELD, TOY_COMMIT };

struct toy_item {
    /* Set at the start, then read-only. */
    struct http_deferred deferred;
    struct http_stream stream;
    struct http_sink sink;
    struct toy *toy;
    struct toy_item *next;
    unsigned char *memory; /* of its request: TOY_MEMORY times its tag */
    unsigned char tag;
    enum toy_wake wake;
    bool long_lived;
    char script[TOY_SCRIPT];
    size_t expected;  /* bytes that a sink is to get; 0: unknown */
    pthread_t thread; /* the connection's */
    /* Owned by the connection's thread. */
    size_t step, position;
    bool last; /* the stream has made its last block */
    /* Guarded by the toy's lock. */
    struct http_waiter *waiter; /* while it waits */
    bool inside;                /* a call is under way */
    bool cancelled;             /* ever */
    bool wait_cancelled;        /* this wait was */
    size_t counts[TOY_EVENTS];
};

struct toy {
    /* Set at the start, then read-only. */
    struct server *server;
    struct metrics *metrics;
    struct server_tls *tls; /* NULL: without */
    bool threads;
    pthread_t waker, committer;
    /* Owned by the test's thread. */
    struct connection bystanders[TOY_BYSTANDERS];
    pthread_t stop;
    int64_t stop_ms; /* that it took */
    _Atomic bool stopping;
    _Atomic unsigned overdue; /* calls of server_stop() that were in vain */
    pthread_mutex_t lock;
    pthread_cond_t changed;
    /* Guarded by `lock`. */
    bool ignores_cancel, holds_nothing, holds_commits;
    struct toy_item *first;
    size_t items;                      /* how many there are */
    struct toy_item *queue[TOY_QUEUE]; /* to be woken soon */
    size_t queued;
    struct toy_item *pending[TOY_QUEUE]; /* to be committed */
    size_t pending_count;
    bool stopped; /* the threads that wake are to end */
    size_t counts[TOY_EVENTS];
    const char *fault; /* the first */
};

/* Record `fault` if a contract was broken. From any thread. */
void toy_check(struct toy *toy, bool right, const char *fault);

/* Its tag is in `memory` from now on, which is that of its request. */
struct toy_item *toy_item_new(struct toy *toy, void *memory, struct text wake,
                              struct text script);

void toy_check_locked(struct toy *toy, bool right, const char *fault);
void toy_count_locked(struct toy_item *item, enum toy_event event,
                      size_t times);

/* The server's call that is under way makes the connection wait. */
void toy_item_begin_wait(struct toy_item *item, struct http_waiter *waiter);

/* The server cancels the wait. */
void toy_item_cancel(struct toy_item *item);

/* The threads that wake. */
void toy_start_wakers(struct toy *toy);
void toy_stop_wakers(struct toy *toy);

#endif
