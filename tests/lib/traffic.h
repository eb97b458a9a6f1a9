/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Random messages of the generator, as batches for a running service.
 */
#ifndef LUNAR_TEST_TRAFFIC_H
#define LUNAR_TEST_TRAFFIC_H

#include <stddef.h>
#include <stdint.h>

#include "lib/fleet.h"
#include "lib/instance.h"

/*
 * Make a batch of `histories` random histories: launches, relaunches and
 * explosions, gaps, repeats, and rockets in flight, of four rockets each, whose
 * ids begin with `prefix`. The same seed gives the same messages. Ownership:
 * the caller frees the text.
 */
struct bulk traffic_make(const char *prefix, uint64_t seed, size_t histories);

/* Post such a batch. */
void traffic_post(const struct instance *instance, const char *prefix,
                  uint64_t seed, size_t histories);

/*
 * Launch `count` rockets, or launch them again, so that each has a type and a
 * mission of its own, other ones in each round. Rounds begin with 1.
 */
void traffic_post_names(const struct instance *instance, size_t count,
                        unsigned round);

#endif
