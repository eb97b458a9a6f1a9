/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The runs of a rocket: ranges of numbers, in order, with at least one number
 * missing between neighbours. Each has the net effect of its messages, and the
 * composition of all effects is kept beside them.
 *
 * A single run is stored inline. Several are the entries of a B+ tree, whose
 * inner nodes keep the composition of what is below each entry. So a change in
 * the middle composes the nodes on one path again, not all runs. A few runs are
 * a tree of one small node.
 *
 * What runs mean, and how many there may be, is left to rocket.h.
 *
 * Locking: none; the caller guards a rocket as a whole.
 */
#ifndef LUNAR_DOMAIN_RUNS_H
#define LUNAR_DOMAIN_RUNS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/quota.h"
#include "domain/effect.h"

struct runs_node;

enum {
    /*
     * Entries of a node, at most and, unless it is the root, at least. The
     * halves of a split node are far from both bounds, so that messages at one
     * place cannot split and merge nodes alternately.
     */
    RUNS_NODE = 32,
    RUNS_NODE_MIN = RUNS_NODE / 4,
    /* Nodes from the root to a run. */
    RUNS_MAX_HEIGHT = 4,
    /*
     * Runs that always fit. A level is added when the root has one entry too
     * many; if there are RUNS_MAX_HEIGHT levels already, each of these entries
     * has at least RUNS_NODE_MIN entries in each level below.
     */
    RUNS_MOST =
        (RUNS_NODE + 1) * RUNS_NODE_MIN * RUNS_NODE_MIN * RUNS_NODE_MIN - 1,
};

/* A run; or, in an inner node, all runs of the node below. */
struct run {
    uint64_t first; /* the lowest number, from 1 on */
    union {
        uint64_t last;          /* of a run: the highest number */
        struct runs_node *node; /* of an inner entry: the node below */
    };
    struct effect effect; /* of all its numbers */
};

struct runs {
    /*
     * The only run; or, with 0 as `first`, the root of the tree as `node` and
     * the composition of all runs. All zero if there are no runs.
     */
    struct run all;
};

/* No runs: all zero. */
void runs_init(struct runs *runs);

/*
 * Free the tree, which leaves no runs. `quota` is the one of runs_insert().
 * References to strings are not dropped.
 */
void runs_release(struct runs *runs, struct quota *quota);

/*
 * Make `runs`, of which there are none, of 1 to RUNS_MOST runs that are in
 * order. False, with nothing changed, if memory is exhausted; a single run
 * needs none.
 * Ownership: `all` is copied; the references of its effects go into the runs.
 */
bool runs_build(struct runs *runs, struct quota *quota, const struct run *all,
                uint32_t count);

uint32_t runs_count(const struct runs *runs);

/* The highest number in a run; 0 if there is none. */
uint64_t runs_last(const struct runs *runs);

/* The composition of all runs. Ownership: borrowed until the next change. */
static inline const struct effect *runs_effect(const struct runs *runs)
{
    return &runs->all.effect;
}

/* The neighbours of a number. A change of the runs makes it invalid. */
struct runs_place {
    const struct run *before; /* the last one that begins at or below it */
    const struct run *after;  /* the first one that begins above it */
    /*
     * Private: the nodes from that of `before` (level 0) to the root; none for
     * a single run. `index`: in an inner node that of the entry on the path;
     * in level 0 that of `after`, which is the number of entries if `after` is
     * in the next node.
     */
    unsigned height;
    struct runs_step {
        struct runs_node *node;
        uint32_t index;
    } path[RUNS_MAX_HEIGHT];
};

/* Find the neighbours of `number`. One that does not exist is NULL. */
void runs_find(const struct runs *runs, uint64_t number,
               struct runs_place *place);

/*
 * Step to the next run: `before` becomes `after`, which there must be, and
 * `after` the one behind it. So runs_find() for 0 and this read all runs in
 * order, faster than by searching for each.
 */
void runs_next(struct runs_place *place);

/* How many numbers are in runs. Reads all of them. */
uint64_t runs_numbers(const struct runs *runs);

/*
 * Insert a run of one number between its neighbours, neither of which it may
 * touch. False, with nothing changed, if memory is exhausted; the first run
 * needs none. At most RUNS_MOST runs are allowed.
 * Ownership: the references of `effect` go into the run.
 */
bool runs_insert(struct runs *runs, struct quota *quota,
                 struct runs_place *place, uint64_t number,
                 const struct effect *effect);

/*
 * About how many bytes of the quota one more run uses: the first node, or a
 * share of the nodes, which are half full or more unless runs were joined.
 */
size_t runs_growth(const struct runs *runs);

/*
 * Extend `place->before` by the number above it, after which `place` is still
 * valid, or `place->after` by the number below it.
 * Ownership: the references of `effect` go into the run, or are added to
 * `dropped`, as are those of the run that it no longer holds.
 */
void runs_extend_before(struct runs *runs, struct runs_place *place,
                        const struct effect *effect,
                        struct effect_dropped *dropped);
void runs_extend_after(struct runs *runs, struct runs_place *place,
                       const struct effect *effect,
                       struct effect_dropped *dropped);

/*
 * Join both neighbours into one run, which then contains the numbers between
 * them as well. Frees memory that is no longer needed.
 * Ownership: references that the run does not hold are added to `dropped`.
 */
void runs_join(struct runs *runs, struct quota *quota, struct runs_place *place,
               struct effect_dropped *dropped);

#endif
