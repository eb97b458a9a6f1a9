/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The only code that moves entries, and the only code that composes many.
 */
#include "runs_node.h"

#include <assert.h>
#include <string.h>

static_assert(RUNS_NODE <= UINT8_MAX, "a node counts its entries in a byte");

static size_t node_size(unsigned capacity)
{
    return sizeof(struct runs_node) + capacity * sizeof(struct run);
}

size_t runs_node_cost(unsigned capacity)
{
    return node_size(capacity) + QUOTA_OVERHEAD;
}

struct runs_node *runs_node_new(struct quota *quota, unsigned capacity)
{
    struct runs_node *node = quota_resize(quota, NULL, 0, node_size(capacity));

    if (node != NULL)
        *node = (struct runs_node){.capacity = (uint8_t)capacity};
    return node;
}

void runs_node_free(struct runs_node *node, struct quota *quota)
{
    quota_resize(quota, node, node_size(node->capacity), 0);
}

void runs_node_free_tree(struct runs_node *node, struct quota *quota)
{
    for (unsigned i = 0; node->level > 0 && i < node->count; i++)
        runs_node_free_tree(node->entries[i].node, quota);
    runs_node_free(node, quota);
}

/* Spare nodes are linked by their first entries. */
struct runs_node *runs_node_take_spare(struct runs_node **spare)
{
    struct runs_node *node = *spare;

    assert(node != NULL);
    *spare = node->entries[0].node;
    return node;
}

bool runs_node_reserve(struct runs_node **spare, unsigned count,
                       struct quota *quota)
{
    for (*spare = NULL; count > 0; count--) {
        struct runs_node *node = runs_node_new(quota, RUNS_NODE);
        if (node == NULL) {
            while (*spare != NULL)
                runs_node_free(runs_node_take_spare(spare), quota);
            return false;
        }
        node->entries[0].node = *spare;
        *spare = node;
    }
    return true;
}

bool runs_node_resize(struct runs_node **node, struct quota *quota,
                      unsigned capacity)
{
    struct runs_node *resized = quota_resize(
        quota, *node, node_size((*node)->capacity), node_size(capacity));

    if (resized == NULL)
        return false;
    resized->capacity = (uint8_t)capacity;
    *node = resized;
    return true;
}

/* The end is tried first, since nearly every message is the newest. */
uint32_t runs_node_find(const struct runs_node *node, uint64_t number)
{
    uint32_t low = 0, high = node->count;

    if (node->entries[high - 1].first <= number)
        return high;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (node->entries[middle].first > number)
            high = middle;
        else
            low = middle + 1;
    }
    return low;
}

struct effect runs_node_compose(const struct runs_node *node)
{
    struct effect effect = node->entries[0].effect;

    for (unsigned i = 1; i < node->count; i++)
        effect = effect_compose(&effect, &node->entries[i].effect, NULL);
    return effect;
}

struct run runs_node_summary(struct runs_node *node)
{
    return (struct run){.first = node->entries[0].first,
                        .node = node,
                        .effect = runs_node_compose(node)};
}

void runs_node_put(struct runs_node *node, uint32_t index,
                   const struct run *entry)
{
    memmove(&node->entries[index + 1], &node->entries[index],
            (node->count - index) * sizeof(*entry));
    node->entries[index] = *entry;
    node->count++;
}

void runs_node_take(struct runs_node *node, uint32_t index)
{
    node->count--;
    memmove(&node->entries[index], &node->entries[index + 1],
            (node->count - index) * sizeof(struct run));
}

/* Move the first `count` entries of `right` to the end of `left`. */
static void move_left(struct runs_node *left, struct runs_node *right,
                      unsigned count)
{
    memcpy(&left->entries[left->count], right->entries,
           count * sizeof(struct run));
    left->count = (uint8_t)(left->count + count);
    right->count = (uint8_t)(right->count - count);
    memmove(right->entries, &right->entries[count],
            right->count * sizeof(struct run));
}

/* Move the last `count` entries of `left` to the front of `right`. */
static void move_right(struct runs_node *left, struct runs_node *right,
                       unsigned count)
{
    memmove(&right->entries[count], right->entries,
            right->count * sizeof(struct run));
    memcpy(right->entries, &left->entries[left->count - count],
           count * sizeof(struct run));
    left->count = (uint8_t)(left->count - count);
    right->count = (uint8_t)(right->count + count);
}

void runs_node_split(struct runs_node *node, struct runs_node *right)
{
    right->level = node->level;
    move_right(node, right, RUNS_NODE / 2);
}

void runs_node_even_out(struct runs_node *above, uint32_t index,
                        struct quota *quota)
{
    struct run *entries = &above->entries[index];
    struct runs_node *left = entries[0].node, *right = entries[1].node;

    if (left->count + right->count <= RUNS_NODE) {
        move_left(left, right, right->count);
        runs_node_free(right, quota);
        runs_node_take(above, index + 1);
    } else {
        if (left->count < right->count)
            move_left(left, right, (right->count - left->count) / 2U);
        else
            move_right(left, right, (left->count - right->count) / 2U);
        entries[1] = runs_node_summary(right);
    }
    entries[0] = runs_node_summary(left);
}
