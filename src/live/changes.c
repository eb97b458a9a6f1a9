/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A walk that keeps the best in a heap, whose root is the worst of them: so it
 * needs no more memory than what is kept, and sorting in place none.
 *
 * The heap's root has the greatest key. Keys are revisions, or, for the newest
 * changes, their complements.
 */
#include "live/changes.h"

#include <assert.h>
#include <stdlib.h>

#include "table/table.h"
#include "table/table_changes.h"

enum { FIRST_CAPACITY = 64 };

struct finder {
    bool newest;
    size_t max, capacity;
    struct changes found; /* a heap once `max` are kept */
};

static void complement_revisions(struct changes *changes)
{
    for (size_t i = 0; i < changes->count; i++)
        changes->rockets[i].revision = ~changes->rockets[i].revision;
}

/* Move the change at index `at` down among the first `count`. */
static void sift_down(struct change *heap, size_t count, size_t at)
{
    struct change moved = heap[at];

    for (size_t child; (child = 2 * at + 1) < count; at = child) {
        if (child + 1 < count &&
            heap[child + 1].revision > heap[child].revision)
            child++;
        if (heap[child].revision <= moved.revision)
            break;
        heap[at] = heap[child];
    }
    heap[at] = moved;
}

static void make_heap(struct changes *changes)
{
    for (size_t i = changes->count / 2; i-- > 0;)
        sift_down(changes->rockets, changes->count, i);
}

static void sort(struct changes *changes)
{
    struct change *heap = changes->rockets;

    make_heap(changes);
    for (size_t end = changes->count; end-- > 1;) {
        struct change greatest = heap[0];
        heap[0] = heap[end];
        heap[end] = greatest;
        sift_down(heap, end, 0);
    }
}

/* Make room for one more, of at most `max`. False if memory is exhausted. */
static bool reserve_change(struct finder *finder)
{
    struct changes *found = &finder->found;

    if (found->count < finder->capacity)
        return true;
    size_t capacity =
        finder->capacity == 0 ? FIRST_CAPACITY : 2 * finder->capacity;
    if (capacity > finder->max)
        capacity = finder->max;
    struct change *grown =
        realloc(found->rockets, capacity * sizeof(*found->rockets));
    if (grown == NULL)
        return false;
    found->rockets = grown;
    finder->capacity = capacity;
    return true;
}

static bool keep_change(struct finder *finder,
                        const struct table_since_row *row)
{
    struct changes *found = &finder->found;
    struct change change = {.entry = row->entry,
                            .revision = finder->newest ? ~row->revision
                                                       : row->revision};

    found->total++;
    if (found->count == finder->max) {
        if (change.revision < found->rockets[0].revision) {
            found->rockets[0] = change;
            sift_down(found->rockets, found->count, 0);
        }
        return true;
    }
    if (!reserve_change(finder))
        return false;
    found->rockets[found->count++] = change;
    if (found->count == finder->max)
        make_heap(found);
    return true;
}

/* The table's revision is read before the walk, which sees all up to it. */
static bool walk(struct finder *finder, struct table *table, uint64_t after)
{
    struct table_since since = {.after = after};

    finder->found.revision = table_revision(table);
    while (table_since_next(table, &since))
        for (size_t i = 0; i < since.count; i++)
            if (!keep_change(finder, &since.rows[i]))
                return false;
    return true;
}

bool changes_find(struct table *table, uint64_t after, enum changes_end end,
                  size_t max, struct changes *changes)
{
    struct finder finder = {.newest = end == CHANGES_NEWEST, .max = max};

    assert(max > 0);
    if (!walk(&finder, table, after)) {
        changes_release(&finder.found);
        return false;
    }
    if (finder.newest)
        complement_revisions(&finder.found);
    sort(&finder.found);
    *changes = finder.found;
    return true;
}

void changes_release(struct changes *changes)
{
    free(changes->rockets);
    *changes = (struct changes){.count = 0};
}
