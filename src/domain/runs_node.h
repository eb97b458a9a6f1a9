/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A node of the tree of runs: sorted entries in one block of memory. What
 * follows from a change of a node, in the nodes above it, is left to runs.c.
 */
#ifndef LUNAR_DOMAIN_RUNS_NODE_H
#define LUNAR_DOMAIN_RUNS_NODE_H

#include "domain/runs.h"

enum {
    RUNS_NODE_FIRST = 4 /* entries that fit into the first node of a tree */
};

struct runs_node {
    uint32_t total;   /* runs of the whole tree; only used in the root */
    uint8_t level;    /* 0: the entries are runs */
    uint8_t capacity; /* RUNS_NODE, or less while the root has level 0 */
    uint8_t count;    /* at least RUNS_NODE_MIN; in the root at least 2 */
    struct run entries[];
};

/* The bytes of the quota that a node uses. */
size_t runs_node_cost(unsigned capacity);

/* A node of level 0 without entries; NULL if memory is exhausted. */
struct runs_node *runs_node_new(struct quota *quota, unsigned capacity);

void runs_node_free(struct runs_node *node, struct quota *quota);

/* Free the node and all below it. */
void runs_node_free_tree(struct runs_node *node, struct quota *quota);

/*
 * Reserve `count` nodes of level 0 and capacity RUNS_NODE, so that a change
 * that needs several of them cannot fail half-way. False, with none reserved,
 * if memory is exhausted.
 */
bool runs_node_reserve(struct runs_node **spare, unsigned count,
                       struct quota *quota);

/* Take one of the reserved nodes. There must be one. */
struct runs_node *runs_node_take_spare(struct runs_node **spare);

/*
 * Give the node another capacity, at least its count. False, with the node
 * unchanged, if memory is exhausted.
 */
bool runs_node_resize(struct runs_node **node, struct quota *quota,
                      unsigned capacity);

static inline bool runs_node_is_full(const struct runs_node *node)
{
    return node->count == node->capacity;
}

/* How many entries begin at or below `number`. */
uint32_t runs_node_find(const struct runs_node *node, uint64_t number);

/* The composition of all entries. */
struct effect runs_node_compose(const struct runs_node *node);

/* The entry for `node` in the node above it. */
struct run runs_node_summary(struct runs_node *node);

/* Insert an entry at `index`. The node must not be full. */
void runs_node_put(struct runs_node *node, uint32_t index,
                   const struct run *entry);

/* Remove the entry at `index`. */
void runs_node_take(struct runs_node *node, uint32_t index);

/* Move the second half of a full node to `right`, which is empty. */
void runs_node_split(struct runs_node *node, struct runs_node *right);

/*
 * Merge the nodes below the entries of `above` at `index` and after it, if
 * their entries fit into one node; else make them even. Updates both entries,
 * or removes the second.
 */
void runs_node_even_out(struct runs_node *above, uint32_t index,
                        struct quota *quota);

#endif
