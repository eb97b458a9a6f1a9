/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From a node of the tree of runs to the one beside it.
 *
 * Locking: none; the caller guards a rocket as a whole.
 */
#ifndef LUNAR_DOMAIN_RUNS_WALK_H
#define LUNAR_DOMAIN_RUNS_WALK_H

#include "domain/runs.h"

/*
 * Turn the path to the end of a node into the path to the beginning of the next
 * one, which there must be; `before` and `after` are unchanged. Returns the
 * level of the lowest node that both paths have.
 */
unsigned runs_walk_node(struct runs_place *place);

#endif
