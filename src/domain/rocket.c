/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a message does to the runs of its rocket, and the bound on runs. The
 * rules are in the header; DESIGN.md explains them.
 */
#include "domain/rocket.h"

#include <assert.h>
#include <string.h>

static_assert(RUNS_MOST - ROCKET_MAX_RUNS >= 1,
              "there is one run more until a gap is given up");

void rocket_init(struct rocket *rocket)
{
    memset(rocket, 0, sizeof(*rocket));
}

void rocket_release(struct rocket *rocket, struct quota *quota)
{
    runs_release(&rocket->runs, quota);
    rocket_init(rocket);
}

uint64_t rocket_last_number(const struct rocket *rocket)
{
    return runs_last(&rocket->runs);
}

uint64_t rocket_missing(const struct rocket *rocket)
{
    return rocket_last_number(rocket) - rocket->applied;
}

/*
 * A number comes into a run when its message is applied, which `applied`
 * counts, or when the gap that it is in is given up. It stays in a run, where
 * it is never applied (again): check_number().
 */
uint64_t rocket_given_up(const struct rocket *rocket)
{
    if (rocket->floor == 0)
        return 0;
    return runs_numbers(&rocket->runs) - rocket->applied;
}

static enum message_outcome check_number(const struct rocket *rocket,
                                         uint64_t number,
                                         const struct runs_place *place)
{
    if (place->before == NULL || number > place->before->last)
        return MESSAGE_APPLIED;
    return number <= rocket->floor ? MESSAGE_STALE : MESSAGE_DUPLICATE;
}

enum message_outcome rocket_check(const struct rocket *rocket, uint64_t number)
{
    struct runs_place place;

    runs_find(&rocket->runs, number, &place);
    return check_number(rocket, number, &place);
}

static bool extends_before(const struct runs_place *place, uint64_t number)
{
    return place->before != NULL && place->before->last + 1 == number;
}

static bool extends_after(const struct runs_place *place, uint64_t number)
{
    return place->after != NULL && place->after->first - 1 == number;
}

size_t rocket_growth(const struct rocket *rocket, uint64_t number)
{
    struct runs_place place;

    runs_find(&rocket->runs, number, &place);
    if (extends_before(&place, number) || extends_after(&place, number))
        return 0;
    return runs_growth(&rocket->runs);
}

/*
 * Extend the run before or after `number` by it. If `number` is all that is
 * missing between the two, join them. False if it is adjacent to neither.
 */
static bool extend_run(struct rocket *rocket, struct quota *quota,
                       struct runs_place *place, uint64_t number,
                       const struct effect *effect,
                       struct effect_dropped *dropped)
{
    struct runs *runs = &rocket->runs;
    bool is_next = extends_before(place, number);
    bool is_previous = extends_after(place, number);

    if (is_next) {
        runs_extend_before(runs, place, effect, dropped);
        if (is_previous)
            runs_join(runs, quota, place, dropped);
    } else if (is_previous) {
        runs_extend_after(runs, place, effect, dropped);
    }
    return is_next || is_previous;
}

/* The floor never falls: a gap given up earlier may lie above this one. */
static void give_up_lowest_gap(struct rocket *rocket, struct quota *quota,
                               struct rocket_change *change)
{
    struct runs_place place;

    runs_find(&rocket->runs, 1, &place);
    if (place.before == NULL)
        runs_find(&rocket->runs, place.after->first, &place);
    uint64_t first = place.before->last + 1, last = place.after->first - 1;
    if (rocket->floor == 0) {
        change->first_given_up = first;
        change->last_given_up = last;
    }
    change->given_up = last - first + 1;
    if (last > rocket->floor)
        rocket->floor = last;
    runs_join(&rocket->runs, quota, &place, &change->dropped);
}

/*
 * Insert a run of one number, which is adjacent to no other run. Past the
 * bound on runs, give up a gap. False if memory is exhausted.
 */
static bool start_run(struct rocket *rocket, struct quota *quota,
                      struct runs_place *place, uint64_t number,
                      const struct effect *effect, struct rocket_change *change)
{
    if (!runs_insert(&rocket->runs, quota, place, number, effect))
        return false;
    if (runs_count(&rocket->runs) > ROCKET_MAX_RUNS)
        give_up_lowest_gap(rocket, quota, change);
    return true;
}

enum message_outcome rocket_apply(struct rocket *rocket, struct quota *quota,
                                  uint64_t number, const struct timestamp *time,
                                  const struct effect *effect,
                                  struct rocket_change *change)
{
    struct runs_place place;
    struct effect_dropped *dropped = &change->dropped;

    runs_find(&rocket->runs, number, &place);
    bool newest = place.after == NULL;
    uint64_t last = place.before == NULL ? 0 : place.before->last;
    enum message_outcome outcome = check_number(rocket, number, &place);

    dropped->count = 0;
    change->first_given_up = change->last_given_up = change->given_up = 0;
    if (outcome == MESSAGE_APPLIED &&
        !extend_run(rocket, quota, &place, number, effect, dropped) &&
        !start_run(rocket, quota, &place, number, effect, change))
        outcome = MESSAGE_NO_MEMORY;
    if (outcome != MESSAGE_APPLIED) {
        effect_drop(effect, dropped);
        return outcome;
    }

    rocket->applied++;
    if (newest)
        rocket->updated = *time;
    /* The newest adds the numbers that it skips, any other one was missing. */
    change->missing_growth = newest ? number - last - 1 : UINT64_MAX;
    return MESSAGE_APPLIED;
}
