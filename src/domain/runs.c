/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A B+ tree with effects. A message changes one path, and at times the nodes
 * beside it, however many runs there are.
 *
 * Two facts keep changes small. The newest message is composed onto the end of
 * each effect on its path. And, as composition is associative, the effect of a
 * node does not change when two runs below it are joined, nor when entries move
 * between two nodes below it.
 */
#include "domain/runs.h"

#include <assert.h>
#include <string.h>

#include "runs_node.h"
#include "runs_walk.h"

static_assert((RUNS_NODE & (RUNS_NODE - 1)) == 0,
              "a root of doubled capacity has that of a node at last");

void runs_init(struct runs *runs)
{
    memset(runs, 0, sizeof(*runs));
}

static bool is_single(const struct runs *runs)
{
    return runs->all.first != 0;
}

static bool is_tree(const struct runs *runs)
{
    return runs->all.first == 0 && runs->all.node != NULL;
}

void runs_release(struct runs *runs, struct quota *quota)
{
    if (is_tree(runs))
        runs_node_free_tree(runs->all.node, quota);
    runs_init(runs);
}

uint32_t runs_count(const struct runs *runs)
{
    return is_tree(runs) ? runs->all.node->total : is_single(runs);
}

uint64_t runs_last(const struct runs *runs)
{
    if (!is_tree(runs))
        return runs->all.last;

    const struct runs_node *node = runs->all.node;
    while (node->level > 0)
        node = node->entries[node->count - 1].node;
    return node->entries[node->count - 1].last;
}

static void find_in_tree(struct runs_node *node, uint64_t number,
                         struct runs_place *place)
{
    const struct runs_node *next = NULL; /* beside `node`, in its level */

    place->height = node->level + 1U;
    uint32_t index = runs_node_find(node, number);
    while (node->level > 0) {
        /* Below the first entry there is no other way than this entry. */
        index -= index > 0;
        place->path[node->level] = (struct runs_step){node, index};
        if (index + 1 < node->count)
            next = node->entries[index + 1].node;
        else if (next != NULL)
            next = next->entries[0].node;
        node = node->entries[index].node;
        index = runs_node_find(node, number);
    }

    place->path[0] = (struct runs_step){node, index};
    place->before = index > 0 ? &node->entries[index - 1] : NULL;
    if (index < node->count)
        place->after = &node->entries[index];
    else
        place->after = next != NULL ? &next->entries[0] : NULL;
}

void runs_find(const struct runs *runs, uint64_t number,
               struct runs_place *place)
{
    if (is_tree(runs)) {
        find_in_tree(runs->all.node, number, place);
        return;
    }
    place->height = 0;
    place->before = place->after = NULL;
    if (is_single(runs)) {
        if (runs->all.first <= number)
            place->before = &runs->all;
        else
            place->after = &runs->all;
    }
}

/*
 * Compose the entries above the nodes of the path from level `from` on, up to
 * those in level `to`.
 */
static void compose_path(struct runs_place *place, unsigned from, unsigned to)
{
    for (unsigned level = from; level < to; level++) {
        struct runs_step *above = &place->path[level + 1];
        above->node->entries[above->index] =
            runs_node_summary(place->path[level].node);
    }
}

/* Compose what is above level `level`, where a node of the path has changed. */
static void compose_above(struct runs *runs, struct runs_place *place,
                          unsigned level)
{
    unsigned top = place->height - 1;

    compose_path(place, level, top);
    runs->all.effect = runs_node_compose(place->path[top].node);
}

/* The same, if all that has changed is `effect` after all earlier ones. */
static void compose_newest(struct runs *runs, struct runs_place *place,
                           const struct effect *effect)
{
    for (unsigned level = 1; level < place->height; level++) {
        struct runs_step *step = &place->path[level];
        struct run *entry = &step->node->entries[step->index];
        entry->effect = effect_compose(&entry->effect, effect, NULL);
    }
    runs->all.effect = effect_compose(&runs->all.effect, effect, NULL);
}

/* Inserting. */

/* Reserve nodes to split the full nodes of the path, and for a new root. */
static bool reserve_nodes(struct runs_place *place, struct quota *quota,
                          struct runs_node **spare)
{
    unsigned full = 0;

    while (full < place->height && runs_node_is_full(place->path[full].node))
        full++;
    unsigned wanted = full + (full == place->height);
    assert(wanted <= RUNS_MAX_HEIGHT);
    return runs_node_reserve(spare, wanted, quota);
}

size_t runs_growth(const struct runs *runs)
{
    if (is_tree(runs))
        return 2 * sizeof(struct run);
    return is_single(runs) ? runs_node_cost(RUNS_NODE_FIRST) : 0;
}

/* Turn the single run into a tree. */
static bool plant_tree(struct runs *runs, struct quota *quota,
                       struct runs_place *place)
{
    struct runs_node *root = runs_node_new(quota, RUNS_NODE_FIRST);

    if (root == NULL)
        return false;
    root->entries[0] = runs->all;
    root->count = 1;
    root->total = 1;
    runs->all.first = 0;
    runs->all.node = root;
    place->height = 1;
    place->path[0] = (struct runs_step){root, place->before != NULL};
    return true;
}

/* Double the capacity of the root, which is full. */
static bool grow_root(struct runs *runs, struct quota *quota,
                      struct runs_place *place)
{
    struct runs_node *root = runs->all.node;

    if (!runs_node_resize(&root, quota, 2U * root->capacity))
        return false;
    runs->all.node = place->path[0].node = root;
    return true;
}

/* Reserve all memory that one more run needs; one of the three ways. */
static bool reserve_entry(struct runs *runs, struct quota *quota,
                          struct runs_place *place, struct runs_node **spare)
{
    *spare = NULL;
    if (place->height == 0)
        return plant_tree(runs, quota, place);

    const struct runs_node *leaf = place->path[0].node;
    if (!runs_node_is_full(leaf))
        return true;
    if (leaf->capacity < RUNS_NODE)
        return grow_root(runs, quota, place);
    return reserve_nodes(place, quota, spare);
}

/* Make a root above the root and its other half, `right`. */
static void add_root(struct runs *runs, struct runs_place *place,
                     struct runs_node *root, const struct run *right)
{
    root->total = runs->all.node->total;
    root->level = (uint8_t)place->height;
    root->count = 2;
    root->entries[0] = runs_node_summary(runs->all.node);
    root->entries[1] = *right;
    runs->all.node = root;
    place->path[place->height++] = (struct runs_step){root, 0};
}

/*
 * Put `entry` at its place in level 0. A full node is split, and its right half
 * becomes an entry to put into the level above. Returns the highest level that
 * has changed.
 */
static unsigned put_in_tree(struct runs *runs, struct runs_place *place,
                            struct run entry, struct runs_node *spare)
{
    for (unsigned level = 0;; level++) {
        struct runs_node *node = place->path[level].node;
        uint32_t index = place->path[level].index + (level > 0);
        if (!runs_node_is_full(node)) {
            runs_node_put(node, index, &entry);
            return level;
        }

        struct runs_node *right = runs_node_take_spare(&spare);
        runs_node_split(node, right);
        if (index <= node->count)
            runs_node_put(node, index, &entry);
        else
            runs_node_put(right, index - node->count, &entry);
        entry = runs_node_summary(right);
        if (level + 1 == place->height) {
            add_root(runs, place, runs_node_take_spare(&spare), &entry);
            return level + 1;
        }
        compose_path(place, level, level + 1);
    }
}

bool runs_insert(struct runs *runs, struct quota *quota,
                 struct runs_place *place, uint64_t number,
                 const struct effect *effect)
{
    struct run run = {.first = number, .last = number, .effect = *effect};
    struct runs_node *spare;

    if (place->before == NULL && place->after == NULL) {
        runs->all = run;
        return true;
    }
    if (!reserve_entry(runs, quota, place, &spare))
        return false;

    unsigned level = put_in_tree(runs, place, run, spare);
    runs->all.node->total++;
    if (level == 0 && place->after == NULL)
        compose_newest(runs, place, effect);
    else
        compose_above(runs, place, level);
    return true;
}

/* Extending. */

static struct run *run_before(struct runs *runs, struct runs_place *place)
{
    struct runs_step *step = &place->path[0];

    return place->height == 0 ? &runs->all
                              : &step->node->entries[step->index - 1];
}

void runs_extend_before(struct runs *runs, struct runs_place *place,
                        const struct effect *effect,
                        struct effect_dropped *dropped)
{
    struct run *run = run_before(runs, place);

    run->effect = effect_compose(&run->effect, effect, dropped);
    run->last++;
    if (place->height == 0)
        return;
    if (place->after == NULL)
        compose_newest(runs, place, effect);
    else
        compose_above(runs, place, 0);
}

void runs_extend_after(struct runs *runs, struct runs_place *place,
                       const struct effect *effect,
                       struct effect_dropped *dropped)
{
    struct runs_step *step = &place->path[0];
    struct run *run = &runs->all;

    if (place->height > 0) {
        if (step->index == step->node->count)
            runs_walk_node(place);
        run = &step->node->entries[step->index];
    }
    run->effect = effect_compose(effect, &run->effect, dropped);
    run->first--;
    if (place->height > 0)
        compose_above(runs, place, 0);
}

/* Joining. */

/*
 * Free memory of a root of level 0 that is no longer needed. The node stays
 * twice as large as needed, so that it does not shrink and grow alternately. If
 * shrinking fails, it keeps its size.
 */
static void shrink_root(struct runs *runs, struct quota *quota)
{
    struct runs_node *root = runs->all.node;
    unsigned capacity = root->capacity;

    if (root->count == 1) {
        runs->all = root->entries[0];
        runs_node_free(root, quota);
    } else if (capacity > RUNS_NODE_FIRST && root->count <= capacity / 4) {
        (void)runs_node_resize(&runs->all.node, quota, capacity / 2);
    }
}

/*
 * After an entry was taken from level 0 of the path: give each node that has
 * too few entries those of a neighbour, and remove a root with a single entry.
 */
static void restore_counts(struct runs *runs, struct quota *quota,
                           struct runs_place *place)
{
    struct runs_node *root = runs->all.node;

    for (unsigned level = 0; level + 1 < place->height &&
                             place->path[level].node->count < RUNS_NODE_MIN;
         level++) {
        struct runs_step *above = &place->path[level + 1];
        runs_node_even_out(above->node, above->index - (above->index > 0),
                           quota);
    }
    if (root->level > 0 && root->count == 1) {
        struct runs_node *only = root->entries[0].node;
        only->total = root->total;
        runs_node_free(root, quota);
        runs->all.node = root = only;
    }
    if (root->level == 0)
        shrink_root(runs, quota);
}

/*
 * Take the first entry of the node after that of `place`, and compose the paths
 * to both, whose entries have changed, up to where they meet.
 */
static void take_from_next(struct runs_place *place)
{
    struct runs_place end = *place;
    unsigned common = runs_walk_node(place);

    runs_node_take(place->path[0].node, 0);
    compose_path(&end, 0, common);
    compose_path(place, 0, common);
}

void runs_join(struct runs *runs, struct quota *quota, struct runs_place *place,
               struct effect_dropped *dropped)
{
    struct run *before = run_before(runs, place);
    struct runs_step *step = &place->path[0];

    before->effect =
        effect_compose(&before->effect, &place->after->effect, dropped);
    before->last = place->after->last;
    runs->all.node->total--;
    if (step->index < step->node->count)
        runs_node_take(step->node, step->index);
    else
        take_from_next(place);
    restore_counts(runs, quota, place);
}
