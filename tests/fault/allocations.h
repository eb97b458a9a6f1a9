/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Allocations that fail when a test wants it. The linker redirects the calls of
 * malloc(3), calloc(3), realloc(3), aligned_alloc(3) and free(3) in the
 * service's code and in the test to these functions (--wrap). cJSON gets them
 * as hooks. Allocations of the C library and other shared libraries are not
 * affected.
 *
 * For tests of one thread.
 */
#ifndef LUNAR_TESTS_ALLOCATIONS_H
#define LUNAR_TESTS_ALLOCATIONS_H

#include <stdbool.h>
#include <stddef.h>

/* Which allocations fail. */
struct allocations_end {
    size_t after;  /* how many succeed before one fails */
    bool for_good; /* all later ones fail too; else only that one fails */
};

/* Set the hooks of cJSON. */
void allocations_init(void);

/* Start to count: allocations fail as `end` says. */
void allocations_limit(const struct allocations_end *end);

/*
 * Call `run` once, after the next `after` allocations and before the one that
 * follows, to simulate another thread. Its own allocations succeed and are not
 * counted.
 */
void allocations_meanwhile(size_t after, void (*run)(void *context),
                           void *context);

/* Let all allocations succeed. Returns whether one failed since the limit. */
bool allocations_restore(void);

/* How many allocations are not freed: more after a test than before is a leak.
 */
size_t allocations_live(void);

#endif
