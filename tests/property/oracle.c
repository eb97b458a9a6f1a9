/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Linear searches, a sorted array of messages, and a fold from the start each
 * time: simple rather than fast.
 */
#include "oracle.h"

#include <stdlib.h>
#include <string.h>

void oracle_init(struct oracle *oracle)
{
    oracle->applied = NULL;
    oracle->count = oracle->capacity = 0;
    oracle->ranges = NULL;
    oracle->range_count = oracle->range_capacity = 0;
    oracle->floor = 0;
}

void oracle_release(struct oracle *oracle)
{
    free(oracle->applied);
    free(oracle->ranges);
    oracle_init(oracle);
}

bool oracle_has(const struct oracle *oracle, uint64_t number)
{
    for (size_t i = 0; i < oracle->range_count; i++) {
        if (oracle->ranges[i].first <= number &&
            number <= oracle->ranges[i].last)
            return true;
    }
    return false;
}

/* Replace the ranges at `at` and `at` + 1, and their gap, by one range. */
static void join_with_next(struct oracle *oracle, size_t at)
{
    oracle->ranges[at].last = oracle->ranges[at + 1].last;
    oracle->range_count--;
    memmove(&oracle->ranges[at + 1], &oracle->ranges[at + 2],
            (oracle->range_count - at - 1) * sizeof(oracle->ranges[0]));
}

static void add_range(struct oracle *oracle, uint64_t number)
{
    if (oracle->range_count == oracle->range_capacity) {
        oracle->range_capacity = 2 * oracle->range_capacity + 16;
        oracle->ranges = reallocarray(oracle->ranges, oracle->range_capacity,
                                      sizeof(oracle->ranges[0]));
        if (!oracle->ranges)
            abort();
    }
    size_t at = 0;
    while (at < oracle->range_count && oracle->ranges[at].last < number)
        at++;
    memmove(&oracle->ranges[at + 1], &oracle->ranges[at],
            (oracle->range_count - at) * sizeof(oracle->ranges[0]));
    oracle->ranges[at] = (struct oracle_range){number, number};
    oracle->range_count++;
}

static void join_adjacent(struct oracle *oracle)
{
    for (size_t i = 0; i + 1 < oracle->range_count;) {
        if (oracle->ranges[i].last + 1 == oracle->ranges[i + 1].first)
            join_with_next(oracle, i);
        else
            i++;
    }
}

static void give_up_lowest_gap(struct oracle *oracle)
{
    uint64_t last_given_up = oracle->ranges[1].first - 1;
    if (last_given_up > oracle->floor)
        oracle->floor = last_given_up;
    join_with_next(oracle, 0);
}

static void keep_message(struct oracle *oracle, const struct message *message)
{
    if (oracle->count == oracle->capacity) {
        oracle->capacity = 2 * oracle->capacity + 16;
        oracle->applied = reallocarray(oracle->applied, oracle->capacity,
                                       sizeof(oracle->applied[0]));
        if (!oracle->applied)
            abort();
    }
    size_t at = oracle->count;
    while (at > 0 && oracle->applied[at - 1].number > message->number)
        at--;
    memmove(&oracle->applied[at + 1], &oracle->applied[at],
            (oracle->count - at) * sizeof(oracle->applied[0]));
    oracle->applied[at] = *message;
    oracle->count++;
}

enum message_outcome oracle_apply(struct oracle *oracle,
                                  const struct message *message)
{
    if (oracle_has(oracle, message->number)) {
        return message->number <= oracle->floor ? MESSAGE_STALE
                                                : MESSAGE_DUPLICATE;
    }
    keep_message(oracle, message);
    add_range(oracle, message->number);
    join_adjacent(oracle);
    if (oracle->range_count > ORACLE_MAX_RANGES)
        give_up_lowest_gap(oracle);
    return MESSAGE_APPLIED;
}

static void fold_launch(struct oracle_state *state,
                        const struct message *message)
{
    *state = (struct oracle_state){
        .type = message->rocket_type,
        .mission = message->mission,
        .speed = message->speed,
        .created = message->time,
    };
}

static void fold_message(struct oracle_state *state,
                         const struct message *message)
{
    uint64_t speed = (uint64_t)state->speed;

    /* Only a launch changes an exploded rocket. */
    if (state->reason.data && message->type != MESSAGE_LAUNCHED)
        return;
    switch (message->type) {
    case MESSAGE_LAUNCHED:
        fold_launch(state, message);
        break;
    case MESSAGE_SPEED_INCREASED:
        state->speed = (int64_t)(speed + (uint64_t)message->speed);
        break;
    case MESSAGE_SPEED_DECREASED:
        state->speed = (int64_t)(speed - (uint64_t)message->speed);
        break;
    case MESSAGE_EXPLODED:
        state->reason = message->reason;
        break;
    case MESSAGE_MISSION_CHANGED:
        state->mission = message->mission;
        break;
    }
}

struct oracle_state oracle_state(const struct oracle *oracle)
{
    struct oracle_state state = {0};
    for (size_t i = 0; i < oracle->count; i++)
        fold_message(&state, &oracle->applied[i]);
    if (oracle->count > 0) {
        const struct message *last = &oracle->applied[oracle->count - 1];
        state.updated = last->time;
        state.last_number = last->number;
        state.missing = last->number - oracle->count;
    }
    return state;
}
