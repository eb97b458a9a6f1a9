/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Memory that ends when a test says so. The linker gives every call of
 * malloc(3) and its kin in the service's code, and in the test's own, to
 * these functions (--wrap); cJSON is handed them as its hooks. What the C
 * library and other shared ones allocate for themselves is left alone.
 *
 * For tests of one thread.
 */
#ifndef LUNAR_TESTS_ALLOCATIONS_H
#define LUNAR_TESTS_ALLOCATIONS_H

#include <stdbool.h>
#include <stddef.h>

/* When memory ends. */
struct allocations_end {
    size_t after;  /* so many allocations succeed before one fails */
    bool for_good; /* and so do all that follow; else it is that one alone */
};

/* Have cJSON allocate here. */
void allocations_init(void);

/* From now on. */
void allocations_limit(const struct allocations_end *end);

/*
 * Have `run` called once, before the allocation behind the next `after`: what
 * happens elsewhere meanwhile. Its own allocations succeed and do not count.
 */
void allocations_meanwhile(size_t after, void (*run)(void *context),
                           void *context);

/* From now on all succeed. Returns whether one has failed since the limit. */
bool allocations_restore(void);

/* How many are not freed yet: the same before and after, or there's a leak. */
size_t allocations_live(void);

#endif
