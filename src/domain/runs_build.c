/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Builds a tree from all its runs at once. Its nodes are as full as even shares
 * allow, so that it takes hardly more memory than any other tree of them.
 */
#include <assert.h>
#include <string.h>

#include "domain/runs.h"
#include "runs_node.h"

/* The most runs below a node of this level. */
static uint32_t most_below(unsigned level)
{
    uint32_t most = RUNS_NODE;

    while (level-- > 0)
        most *= RUNS_NODE;
    return most;
}

/*
 * A node with all below it, for these runs: in level 0, or more than one node
 * of the level below can have. The shares of the nodes below are even, so each
 * is at least half of what fits; and so it is in the levels below them. NULL if
 * memory is exhausted.
 */
static struct runs_node *build_node(struct quota *quota, unsigned level,
                                    const struct run *runs, uint32_t count)
{
    static_assert(RUNS_NODE_MIN <= RUNS_NODE / 2, "half of a node is enough");
    struct runs_node *node = runs_node_new(quota, RUNS_NODE);

    if (node == NULL)
        return NULL;
    node->level = (uint8_t)level;
    if (level == 0) {
        memcpy(node->entries, runs, count * sizeof(*runs));
        node->count = (uint8_t)count;
        return node;
    }

    uint32_t most = most_below(level - 1);
    uint32_t shares = (count + most - 1) / most;
    for (; shares > 0; shares--) {
        uint32_t share = count / shares;
        struct runs_node *below = build_node(quota, level - 1, runs, share);
        if (below == NULL) {
            runs_node_free_tree(node, quota);
            return NULL;
        }
        node->entries[node->count++] = runs_node_summary(below);
        runs += share;
        count -= share;
    }
    return node;
}

/* A root of level 0, as small as possible. */
static struct runs_node *
build_small_root(struct quota *quota, const struct run *runs, uint32_t count)
{
    unsigned capacity = RUNS_NODE_FIRST;

    while (capacity < count)
        capacity *= 2;
    struct runs_node *root = runs_node_new(quota, capacity);
    if (root != NULL) {
        memcpy(root->entries, runs, count * sizeof(*runs));
        root->count = (uint8_t)count;
    }
    return root;
}

bool runs_build(struct runs *runs, struct quota *quota, const struct run *all,
                uint32_t count)
{
    struct runs_node *root;
    unsigned level = 0;

    assert(count > 0 && count <= RUNS_MOST);
    if (count == 1) {
        runs->all = all[0];
        return true;
    }
    while (most_below(level) < count)
        level++;
    root = level == 0 ? build_small_root(quota, all, count)
                      : build_node(quota, level, all, count);
    if (root == NULL)
        return false;
    root->total = count;
    runs->all = runs_node_summary(root);
    runs->all.first = 0;
    return true;
}
