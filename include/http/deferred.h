/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Responses that wait for something: a worker, a commit, a change. A handler
 * that cannot answer at once leaves a deferred in its response and returns;
 * the server waits without holding an event loop, and no handler knows how.
 */
#ifndef LUNAR_HTTP_DEFERRED_H
#define LUNAR_HTTP_DEFERRED_H

struct http_response;

/*
 * Who waits: the server's side of one wait.
 * wake() ends the wait. It is called exactly once a wait, from any thread, and
 * does not block. The waiter must not be used after that.
 */
struct http_waiter {
    void (*wake)(struct http_waiter *waiter);
};

/*
 * The rest of an operation. Part of a larger struct of the maker.
 *
 *     start --> wake --> finish      the usual way
 *     start --> wake --> free        the client has gone, or a stop came first
 *     free                           it could not be started
 *
 * Exactly one of `finish` and `free` ends it.
 */
struct http_deferred {
    /*
     * Begin. Called once, on the connection's thread, after the connection was
     * suspended. Must not block. Arranges that `waiter` is woken, which may
     * happen before this returns.
     */
    void (*start)(struct http_deferred *deferred, struct http_waiter *waiter);
    /*
     * Fill in `response`, which is empty. Called after the wake, on the
     * connection's thread. Must not block.
     */
    void (*finish)(struct http_deferred *deferred,
                   struct http_response *response);
    /*
     * The service stops: wake soon. Called at most once, after `start` has
     * returned, from any thread, also while the wake is under way; never after
     * `finish` or `free`. Must not block.
     */
    void (*cancel)(struct http_deferred *deferred);
    /* The response is not wanted any more. */
    void (*free)(struct http_deferred *deferred);
};

static inline void http_wake(struct http_waiter *waiter)
{
    waiter->wake(waiter);
}

#endif
