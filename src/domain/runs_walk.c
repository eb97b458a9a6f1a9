/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reads runs in order. A step from run to run stays in its node, but for one in
 * RUNS_NODE_MIN or more, so that all are read at the speed of an array.
 */
#include "runs_walk.h"

#include "runs_node.h"

unsigned runs_walk_node(struct runs_place *place)
{
    unsigned common = 1;

    while (place->path[common].index + 1 == place->path[common].node->count)
        common++;
    place->path[common].index++;
    for (unsigned level = common; level > 0; level--) {
        struct runs_step *step = &place->path[level];
        place->path[level - 1] =
            (struct runs_step){step->node->entries[step->index].node, 0};
    }
    return common;
}

/* The first run behind the node of level 0; NULL if there is none. */
static const struct run *run_behind_node(const struct runs_place *place)
{
    for (unsigned level = 1; level < place->height; level++) {
        const struct runs_step *step = &place->path[level];
        if (step->index + 1 == step->node->count)
            continue;
        const struct runs_node *node =
            step->node->entries[step->index + 1].node;
        while (node->level > 0)
            node = node->entries[0].node;
        return &node->entries[0];
    }
    return NULL;
}

void runs_next(struct runs_place *place)
{
    struct runs_step *step = &place->path[0];

    place->before = place->after;
    place->after = NULL;
    if (place->height == 0)
        return;
    if (step->index == step->node->count)
        runs_walk_node(place);
    step->index++;
    if (step->index < step->node->count)
        place->after = &step->node->entries[step->index];
    else
        place->after = run_behind_node(place);
}

uint64_t runs_numbers(const struct runs *runs)
{
    struct runs_place place;
    uint64_t numbers = 0;

    for (runs_find(runs, 0, &place); place.after != NULL; runs_next(&place))
        numbers += place.after->last - place.after->first + 1;
    return numbers;
}
