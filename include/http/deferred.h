/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Deferred responses: they wait for a worker, a commit, a change. A handler
 * that cannot respond at once puts a deferred response into its response and
 * returns. The server waits without blocking an event loop, and no handler
 * depends on how it waits.
 */
#ifndef LUNAR_HTTP_DEFERRED_H
#define LUNAR_HTTP_DEFERRED_H

#include <stddef.h>

struct http_response;

/*
 * The server's side of one wait. wake() ends the waits of a list of waiters,
 * linked by `next`, which the application may use until then. It is called
 * exactly once per wait, from any thread, with no lock held: it takes a lock of
 * libmicrohttpd for a moment. The waiters must not be used after that.
 */
struct http_waiter {
    void (*wake)(struct http_waiter *first);
    struct http_waiter *next; /* of those that are woken together, or NULL */
};

/*
 * The rest of an operation. Embedded in a larger struct of the application.
 *
 *     start --> wake --> finish      the normal case
 *     start --> wake --> free        the client has disconnected, or the
 *                                    service stops before `finish`
 *     free                           it was not possible to start
 *
 * Exactly one of `finish` and `free` ends it. Until then the request, with the
 * texts it points to, stays as it is.
 */
struct http_deferred {
    /*
     * Start the operation. Called once, on the connection's thread, after the
     * connection was suspended. Must not block. Must arrange that `waiter` is
     * woken, which may happen before this function returns.
     */
    void (*start)(struct http_deferred *deferred, struct http_waiter *waiter);
    /*
     * Fill in `response`, which is empty but for memory that its body may keep,
     * or put another deferred response into it. Called after the wake, on the
     * connection's thread. Must not block.
     */
    void (*finish)(struct http_deferred *deferred,
                   struct http_response *response);
    /*
     * The service stops, or the response is long-lived (response.h) and its
     * client has ended: wake `waiter` soon. `finish` follows as always: a
     * client that has only shut down its sending side still gets the response.
     * Called at most once, after `start` has returned, from any thread,
     * possibly during the wake; never after `finish` or `free`. Must not block.
     * May do nothing if the operation cannot be undone and ends soon by itself,
     * as a commit does. At a stop it is not called before other requests have
     * had their time to end; see server_stop().
     */
    void (*cancel)(struct http_deferred *deferred);
    /* The response is no longer needed. Called on any thread. */
    void (*free)(struct http_deferred *deferred);
};

static inline void http_wake(struct http_waiter *waiter)
{
    waiter->next = NULL;
    waiter->wake(waiter);
}

/*
 * Wake a list of waiters of one server. This is cheaper than one by one, as
 * each event loop is woken once. NULL does nothing.
 */
static inline void http_wake_all(struct http_waiter *first)
{
    if (first != NULL)
        first->wake(first);
}

#endif
