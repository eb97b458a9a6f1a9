/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The order is made in three passes: choose the messages, shuffle each
 * window, merge the duplicates.
 */
#include "plan.h"

#include <stdlib.h>

#include "random.h"

/* A duplicate is sent directly after the message at `position`. */
struct duplicate {
    size_t position;
    uint32_t message;
};

static size_t choose_messages(uint32_t *order, const struct traffic *traffic,
                              bool drop_launch)
{
    size_t count = 0;

    for (uint32_t i = 0; i < traffic->message_count; i++)
        if (!drop_launch || traffic->messages[i].number != 1)
            order[count++] = i;
    return count;
}

/* Fisher-Yates shuffle. */
static void shuffle_window(uint32_t *window, size_t size, struct random *random)
{
    for (size_t i = size; i > 1; i--) {
        size_t other = random_below(random, (uint32_t)i);
        uint32_t moved = window[i - 1];

        window[i - 1] = window[other];
        window[other] = moved;
    }
}

static void shuffle_windows(uint32_t *order, size_t count,
                            const struct plan_options *options)
{
    struct random random = random_start(options->seed, RANDOM_SHUFFLE);

    if (options->shuffle < 2)
        return;
    for (size_t start = 0; start < count; start += options->shuffle) {
        size_t left = count - start;

        shuffle_window(order + start,
                       left < options->shuffle ? left : options->shuffle,
                       &random);
    }
}

static int compare_positions(const void *left, const void *right)
{
    const struct duplicate *a = left;
    const struct duplicate *b = right;

    if (a->position != b->position)
        return a->position < b->position ? -1 : 1;
    return a->message < b->message ? -1 : a->message > b->message;
}

static size_t draw_duplicates(struct duplicate *duplicates,
                              const uint32_t *order, size_t count,
                              const struct plan_options *options)
{
    struct random random = random_start(options->seed, RANDOM_DUPLICATES);
    size_t drawn = 0;

    for (size_t i = 0; i < count; i++) {
        size_t distance = random_below(&random, PLAN_MAX_DISTANCE);

        if (!random_chance(&random, options->duplicates))
            continue;
        duplicates[drawn].position =
            distance < count - i ? i + distance : count - 1;
        duplicates[drawn++].message = order[i];
    }
    qsort(duplicates, drawn, sizeof(*duplicates), compare_positions);
    return drawn;
}

static void merge_duplicates(uint32_t *out, const uint32_t *order, size_t count,
                             const struct duplicate *duplicates,
                             size_t duplicate_count)
{
    size_t next = 0;

    for (size_t i = 0; i < count; i++) {
        *out++ = order[i];
        while (next < duplicate_count && duplicates[next].position == i)
            *out++ = duplicates[next++].message;
    }
}

/* Replace `plan->order` with an order that includes the duplicates. */
static int add_duplicates(struct plan *plan, const struct plan_options *options)
{
    struct duplicate *duplicates = calloc(plan->count, sizeof(*duplicates));
    uint32_t *merged = NULL;
    int result = -1;

    if (duplicates == NULL)
        goto out;
    plan->duplicates =
        draw_duplicates(duplicates, plan->order, plan->count, options);
    merged = calloc(plan->count + plan->duplicates, sizeof(*merged));
    if (merged == NULL)
        goto out;
    merge_duplicates(merged, plan->order, plan->count, duplicates,
                     plan->duplicates);
    free(plan->order);
    plan->order = merged;
    plan->count += plan->duplicates;
    result = 0;
out:
    free(duplicates);
    return result;
}

int plan_init(struct plan *plan, const struct traffic *traffic,
              const struct plan_options *options)
{
    struct plan made = {
        .order = calloc(traffic->message_count, sizeof(*made.order))};

    if (made.order == NULL)
        return -1;
    made.count = choose_messages(made.order, traffic, options->drop_launch);
    shuffle_windows(made.order, made.count, options);
    if (options->duplicates > 0 && made.count > 0 &&
        add_duplicates(&made, options) != 0) {
        plan_release(&made);
        return -1;
    }
    *plan = made;
    return 0;
}

void plan_release(struct plan *plan)
{
    free(plan->order);
    *plan = (struct plan){0};
}
