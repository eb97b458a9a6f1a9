/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Adds a rocket that was saved. All that may need memory comes first; the last
 * of it, the rocket's place in the stripe, is only reserved until it is used.
 */
#include "image.h"
#include "stripe_parts.h"

static void drop_runs(struct stripe *stripe, const struct run *runs,
                      uint32_t count)
{
    for (uint32_t i = 0; i < count; i++)
        stripe_drop_strings(&stripe->strings, &runs[i].effect);
}

static bool take_run(struct stripe *stripe, const struct image_run *stored,
                     struct run *run)
{
    *run = (struct run){
        .first = stored->first,
        .last = stored->last,
        .effect = {.speed = stored->speed, .created = stored->created},
    };
    return stripe_take_strings(&stripe->strings, stored->type, stored->mission,
                               stored->reason, &run->effect);
}

/* False, with no references taken, if memory is exhausted. */
static bool take_runs(struct stripe *stripe, const struct image *image,
                      struct run *runs)
{
    struct image_runs stored;
    struct image_run run;

    if (image->run_count == 1)
        return take_run(stripe, &image->last_run, &runs[0]);
    image_runs_init(&stored, image);
    for (uint32_t i = 0; i < image->run_count; i++) {
        image_runs_next(&stored, &run);
        if (!take_run(stripe, &run, &runs[i])) {
            drop_runs(stripe, runs, i);
            return false;
        }
    }
    return true;
}

/* Show and count the rocket at `place`, which is new. */
static void count_rocket(struct stripe *stripe, uint32_t place)
{
    const struct rocket *rocket = &stripe_at(stripe, place - 1)->rocket;
    const struct effect *state = rocket_state(rocket);

    interned_move_rocket(NULL, state->type, INTERNED_TYPE);
    interned_move_rocket(NULL, state->mission, INTERNED_MISSION);
    stripe_update_columns(stripe, place, state->type != NULL, false,
                          rocket_missing(rocket));
    stripe->given_up += rocket_given_up(rocket);
}

enum stripe_loaded stripe_load(struct stripe *stripe, uint32_t tag,
                               const struct image *image, struct run *runs)
{
    struct rocket rocket = {
        .floor = image->floor,
        .applied = image->applied,
        .updated = image->updated,
    };

    if (stripe_find(stripe, tag, image->id) != NULL)
        return STRIPE_HAS_ID;
    if (!take_runs(stripe, image, runs))
        return STRIPE_LOAD_NO_MEMORY;
    uint32_t place = 0;
    if (runs_build(&rocket.runs, stripe->quota, runs, image->run_count))
        place = stripe_add(stripe, tag, image->id, &image->updated);
    if (place == 0) {
        rocket_release(&rocket, stripe->quota);
        drop_runs(stripe, runs, image->run_count);
        return STRIPE_LOAD_NO_MEMORY;
    }

    struct table_entry *entry = stripe_at(stripe, place - 1);
    entry->rocket = rocket;
    stripe_set_revision(stripe, entry, image->revision);
    count_rocket(stripe, place);
    return STRIPE_LOADED;
}
