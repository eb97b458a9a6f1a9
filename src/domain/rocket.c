/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Effects, runs, and the bound on runs. The rules are in the header; DESIGN.md
 * explains them. A single run is stored inline. Several runs are in one block
 * on the heap, together with their composition, so that reading the state does
 * not compose them.
 */
#include "domain/rocket.h"

#include <assert.h>
#include <string.h>

struct rocket_runs {
    struct effect state; /* of all runs; borrows their strings */
    uint32_t capacity;   /* at most ROCKET_MAX_RUNS + 1 */
    struct run runs[];
};

enum { FIRST_CAPACITY = 4 };

static void drop_string(struct rocket_dropped *dropped, struct interned *string)
{
    if (dropped == NULL || string == NULL)
        return;
    assert(dropped->count < ROCKET_MAX_DROPPED);
    dropped->strings[dropped->count++] = string;
}

static void drop_strings(struct rocket_dropped *dropped,
                         const struct effect *effect)
{
    drop_string(dropped, effect->type);
    drop_string(dropped, effect->mission);
    drop_string(dropped, effect->reason);
}

/* Modulo 2^64; signed overflow would be undefined. */
static int64_t add_speeds(int64_t a, int64_t b)
{
    return (int64_t)((uint64_t)a + (uint64_t)b);
}

struct effect effect_compose(const struct effect *earlier,
                             const struct effect *later,
                             struct rocket_dropped *dropped)
{
    if (later->type != NULL) {
        drop_strings(dropped, earlier);
        return *later;
    }
    if (earlier->reason != NULL) {
        drop_strings(dropped, later);
        return *earlier;
    }

    struct effect result = *earlier;
    result.speed = add_speeds(earlier->speed, later->speed);
    result.reason = later->reason;
    if (later->mission != NULL) {
        drop_string(dropped, earlier->mission);
        result.mission = later->mission;
    }
    return result;
}

void rocket_init(struct rocket *rocket)
{
    memset(rocket, 0, sizeof(*rocket));
}

static size_t block_size(uint32_t capacity)
{
    return sizeof(struct rocket_runs) + capacity * sizeof(struct run);
}

static void free_block(struct rocket_runs *many, struct quota *quota)
{
    quota_resize(quota, many, block_size(many->capacity), 0);
}

void rocket_release(struct rocket *rocket, struct quota *quota)
{
    if (rocket->count > 1)
        free_block(rocket->many, quota);
    rocket_init(rocket);
}

static struct run *runs_of(struct rocket *rocket)
{
    return rocket->count > 1 ? rocket->many->runs : &rocket->only;
}

static const struct run *const_runs_of(const struct rocket *rocket)
{
    return rocket->count > 1 ? rocket->many->runs : &rocket->only;
}

const struct effect *rocket_state(const struct rocket *rocket)
{
    return rocket->count > 1 ? &rocket->many->state : &rocket->only.effect;
}

uint64_t rocket_last_number(const struct rocket *rocket)
{
    if (rocket->count == 0)
        return 0;
    return const_runs_of(rocket)[rocket->count - 1].last;
}

uint64_t rocket_missing(const struct rocket *rocket)
{
    return rocket_last_number(rocket) - rocket->applied;
}

/*
 * The index of the first run that begins above `number`, or the number of
 * runs. A new run that starts at `number` is inserted there. The end is tried
 * first, since nearly every message is the newest.
 */
static uint32_t find_run_place(const struct rocket *rocket, uint64_t number)
{
    if (number > rocket_last_number(rocket))
        return rocket->count;

    const struct run *runs = const_runs_of(rocket);
    uint32_t low = 0, high = rocket->count;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (runs[middle].first > number)
            high = middle;
        else
            low = middle + 1;
    }
    return low;
}

static enum message_outcome check_number(const struct rocket *rocket,
                                         uint64_t number, uint32_t place)
{
    if (place == 0 || number > const_runs_of(rocket)[place - 1].last)
        return MESSAGE_APPLIED;
    return number <= rocket->floor ? MESSAGE_STALE : MESSAGE_DUPLICATE;
}

enum message_outcome rocket_check(const struct rocket *rocket, uint64_t number)
{
    return check_number(rocket, number, find_run_place(rocket, number));
}

/*
 * Reserve memory for one more run. False, with nothing changed, if memory is
 * exhausted.
 */
static bool reserve_run(struct rocket *rocket, struct quota *quota)
{
    if (rocket->count == 0)
        return true;

    struct rocket_runs *many = NULL;
    uint32_t old = 0, wanted = FIRST_CAPACITY;
    if (rocket->count > 1) {
        many = rocket->many;
        old = many->capacity;
        wanted = 2 * old;
        if (rocket->count < old)
            return true;
        if (wanted > ROCKET_MAX_RUNS + 1)
            wanted = ROCKET_MAX_RUNS + 1;
    }

    many = quota_resize(quota, many, many == NULL ? 0 : block_size(old),
                        block_size(wanted));
    if (many == NULL)
        return false;
    many->capacity = wanted;
    if (rocket->count == 1) {
        many->runs[0] = rocket->only;
        many->state = rocket->only.effect;
    }
    rocket->many = many;
    return true;
}

/* The caller has reserved memory for the run. */
static void insert_run(struct rocket *rocket, uint32_t place,
                       const struct run *run)
{
    struct run *runs = rocket->count == 0 ? &rocket->only : rocket->many->runs;
    memmove(&runs[place + 1], &runs[place],
            (rocket->count - place) * sizeof(*runs));
    runs[place] = *run;
    rocket->count++;
}

/*
 * Free memory that is no longer needed once gaps are filled. The block stays
 * twice as large as needed, so that it does not shrink and grow alternately.
 * If shrinking fails, the block keeps its size.
 */
static void shrink_block(struct rocket *rocket, struct quota *quota)
{
    struct rocket_runs *many = rocket->many;
    uint32_t capacity = many->capacity;

    if (rocket->count == 1) {
        struct run only = many->runs[0];
        free_block(many, quota);
        rocket->only = only;
    } else if (capacity > FIRST_CAPACITY && rocket->count <= capacity / 4) {
        many = quota_resize(quota, many, block_size(capacity),
                            block_size(capacity / 2));
        if (many != NULL) {
            many->capacity = capacity / 2;
            rocket->many = many;
        }
    }
}

/*
 * Merge the runs at `place` and `place + 1` into one, which then contains the
 * numbers between them as well.
 */
static void merge_runs(struct rocket *rocket, uint32_t place,
                       struct quota *quota, struct rocket_dropped *dropped)
{
    struct run *runs = rocket->many->runs;
    struct run *run = &runs[place];

    run->effect = effect_compose(&run->effect, &run[1].effect, dropped);
    run->last = run[1].last;
    memmove(&run[1], &run[2], (rocket->count - place - 2) * sizeof(*runs));
    rocket->count--;
    shrink_block(rocket, quota);
}

/* The floor never falls: a gap given up earlier may lie above this one. */
static void give_up_lowest_gap(struct rocket *rocket, struct quota *quota,
                               struct rocket_dropped *dropped)
{
    uint64_t given_up = rocket->many->runs[1].first - 1;

    if (given_up > rocket->floor)
        rocket->floor = given_up;
    merge_runs(rocket, 0, quota, dropped);
}

/*
 * Insert a run of one number, which is adjacent to no other run. Past the
 * bound on runs, give up a gap. False if memory is exhausted.
 */
static bool start_run(struct rocket *rocket, struct quota *quota,
                      uint32_t place, uint64_t number,
                      const struct effect *effect,
                      struct rocket_dropped *dropped)
{
    if (!reserve_run(rocket, quota))
        return false;
    insert_run(rocket, place, &(struct run){number, number, *effect});
    if (rocket->count > ROCKET_MAX_RUNS)
        give_up_lowest_gap(rocket, quota, dropped);
    return true;
}

/*
 * Extend the run before `place` or the run at `place` by `number`. If `number`
 * is all that is missing between the two, merge them. False if `number` is
 * adjacent to neither.
 */
static bool extend_run(struct rocket *rocket, struct quota *quota,
                       uint32_t place, uint64_t number,
                       const struct effect *effect,
                       struct rocket_dropped *dropped)
{
    struct run *runs = runs_of(rocket);
    bool after = place > 0 && runs[place - 1].last + 1 == number;
    bool before = place < rocket->count && runs[place].first - 1 == number;

    if (after) {
        struct run *run = &runs[place - 1];
        run->effect = effect_compose(&run->effect, effect, dropped);
        run->last = number;
        if (before)
            merge_runs(rocket, place - 1, quota, dropped);
    } else if (before) {
        struct run *run = &runs[place];
        run->effect = effect_compose(effect, &run->effect, dropped);
        run->first = number;
    }
    return after || before;
}

/*
 * Update the composition of several runs after one of them has changed.
 * `newest`: the message with `effect` has the highest number.
 */
static void update_state(struct rocket *rocket, bool newest,
                         const struct effect *effect)
{
    if (rocket->count == 1)
        return;

    struct rocket_runs *many = rocket->many;
    if (newest) {
        many->state = effect_compose(&many->state, effect, NULL);
        return;
    }
    many->state = many->runs[0].effect;
    for (uint32_t i = 1; i < rocket->count; i++)
        many->state = effect_compose(&many->state, &many->runs[i].effect, NULL);
}

enum message_outcome rocket_apply(struct rocket *rocket, struct quota *quota,
                                  uint64_t number, const struct timestamp *time,
                                  const struct effect *effect,
                                  struct rocket_dropped *dropped)
{
    uint32_t place = find_run_place(rocket, number);
    bool newest = place == rocket->count;
    enum message_outcome outcome = check_number(rocket, number, place);

    dropped->count = 0;
    if (outcome == MESSAGE_APPLIED &&
        !extend_run(rocket, quota, place, number, effect, dropped) &&
        !start_run(rocket, quota, place, number, effect, dropped))
        outcome = MESSAGE_NO_MEMORY;
    if (outcome != MESSAGE_APPLIED) {
        drop_strings(dropped, effect);
        return outcome;
    }

    rocket->applied++;
    if (newest)
        rocket->updated = *time;
    update_state(rocket, newest, effect);
    return MESSAGE_APPLIED;
}
