/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Allocations or threads that fail when a test wants it. scarcity.c replaces
 * malloc(3) and its relatives and pthread_create(3), in a test that is linked
 * with it or in a service that it is preloaded into.
 */
#ifndef LUNAR_TESTS_SCARCITY_H
#define LUNAR_TESTS_SCARCITY_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

/* The environment variable with the descriptor of a shared struct scarcity. */
#define SCARCITY_VARIABLE "SCARCITY_DESCRIPTOR"

/* What fails: allocations of some code, or creation of threads. */
enum scarcity_scope {
    SCARCITY_OWN = 1, /* the program's own code and cJSON */
    SCARCITY_MHD = 2, /* libmicrohttpd */
    SCARCITY_ALL = SCARCITY_OWN | SCARCITY_MHD,
    SCARCITY_THREADS = 4, /* the program's and libmicrohttpd's */
};

enum { SCARCITY_PLENTY = -1 };

struct scarcity {
    _Atomic int64_t left; /* how many succeed before one fails, or PLENTY */
    _Atomic int64_t failed;
    _Atomic int64_t live; /* allocations of SCARCITY_OWN that are not freed */
    _Atomic int32_t scope;
    _Atomic bool for_good;
};

/* Which calls fail. */
struct scarcity_limit {
    enum scarcity_scope scope;
    bool for_good; /* all later ones fail too; else only one fails */
    int64_t left;  /* how many succeed before one fails */
};

/* That of this process. */
extern struct scarcity *scarcity;

/* Called once, before the next malloc(3) of SCARCITY_OWN, if it is not NULL. */
extern void (*scarcity_meanwhile)(void);

static inline void scarcity_begin(struct scarcity *shared,
                                  const struct scarcity_limit *limit)
{
    shared->failed = 0;
    shared->scope = (int32_t)limit->scope;
    shared->for_good = limit->for_good;
    shared->left = limit->left; /* last, as this starts the count */
}

/* Let all succeed. Returns how many have failed since the limit. */
static inline int64_t scarcity_end(struct scarcity *shared)
{
    shared->left = SCARCITY_PLENTY;
    return shared->failed;
}

/*
 * Let each call of an operation fail in turn, first with all later ones, then
 * alone: `check` does the operation with the limit, and returns how many calls
 * failed, until none does. Returns in how many attempts one did.
 */
static inline int64_t scarcity_each(
    enum scarcity_scope scope,
    int64_t (*check)(void *context, const struct scarcity_limit *limit),
    void *context)
{
    struct scarcity_limit all = {scope, true, 0}, one = {scope, false, 0};

    while (check(context, &all) > 0)
        all.left++;
    while (check(context, &one) > 0)
        one.left++;
    return all.left + one.left;
}

#endif
