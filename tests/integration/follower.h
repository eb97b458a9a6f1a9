/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A client that keeps a copy of the list up to date, in a thread of its own: by
 * GET /events, which it cuts off and resumes at random, or by GET
 * /rockets?since. It does exactly what clients are told to do: it starts with
 * the list and its ETag, goes on from the last id, or the last ETag, that it
 * has received, and reads the list again after a reset or a 410.
 */
#ifndef LUNAR_TESTS_FOLLOWER_H
#define LUNAR_TESTS_FOLLOWER_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "lib/events.h"
#include "lib/generator.h"
#include "lib/process.h"
#include "lib/view.h"

/* The service that they follow. It may be restarted meanwhile. */
struct followed_site {
    /* Set before the followers start, then read-only. */
    bool forgets; /* a restart is another history of the state */
    int news;     /* an eventfd, readable once a follower got something, or
                     has ended */

    pthread_mutex_t lock;
    pthread_cond_t changed;
    /* Guarded by `lock`. */
    uint16_t port;           /* 0: it does not run */
    const struct view *list; /* what all must have in the end, once known */
    uint64_t revision;       /* of that list */
};

void followed_site_init(struct followed_site *site, bool forgets);
void followed_site_release(struct followed_site *site);

/* What followers get from now on is news. */
void followed_site_forget_news(struct followed_site *site);

/* Wait for news. Fails the test if `service` ends, as then there are none. */
void followed_site_await_news(struct followed_site *site,
                              const struct process *service);

/* The service serves at `port` from now on, or (0) is about to end. */
void followed_site_move(struct followed_site *site, uint16_t port);

/*
 * Nothing more changes but rockets whose ids begin with "marker", which must go
 * on changing until all followers have ended.
 */
void followed_site_end(struct followed_site *site, const struct view *list,
                       uint64_t revision);

enum follower_kind {
    FOLLOWER_ALL, /* of events of all rockets */
    FOLLOWER_IDS, /* of events of single rockets, among them "marker" */
    FOLLOWER_SINCE,
};

enum { FOLLOWER_MAX_IDS = 8 };

struct follower {
    /* Set before it starts. */
    enum follower_kind kind;
    struct followed_site *site;
    struct random random;
    const char *ids[FOLLOWER_MAX_IDS]; /* up to the first NULL */
    /* Read after its end. */
    _Atomic bool ended;
    char problem[VIEW_PROBLEM]; /* "": it has the list */
    unsigned events, resumed, resets, lists;
    /* Private. */
    pthread_t thread;
    struct view view;
    /* Up to where it has all changes, and that at the first start. "": it must
     * read the list. */
    char position[EVENTS_MAX_ID], oldest[EVENTS_MAX_ID];
    bool complete;
};

void follower_start(struct follower *follower);

/* Wait for its end. Fails the test unless it has got the list. */
void follower_expect_list(struct follower *follower);

#endif
