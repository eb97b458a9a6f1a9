/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A message becomes an effect, whose strings are interned, and is applied to
 * its rocket. References to strings are counted: an effect has one to each of
 * its strings, and passes them on to the rocket, which gives back those that it
 * does not hold any more.
 */
#include "stripe.h"
#include "stripe_parts.h"

/* If the text is absent, `*string` is unchanged. */
static bool take_string(struct interned_set *strings, struct text text,
                        struct interned **string)
{
    if (text.data == NULL)
        return true;
    *string = interned_take(strings, text);
    return *string != NULL;
}

void stripe_drop_strings(struct interned_set *strings,
                         const struct effect *effect)
{
    interned_drop(strings, effect->type);
    interned_drop(strings, effect->mission);
    interned_drop(strings, effect->reason);
}

bool stripe_take_strings(struct interned_set *strings, struct text type,
                         struct text mission, struct text reason,
                         struct effect *effect)
{
    if (take_string(strings, type, &effect->type) &&
        take_string(strings, mission, &effect->mission) &&
        take_string(strings, reason, &effect->reason))
        return true;
    stripe_drop_strings(strings, effect);
    return false;
}

/*
 * The effect of `message`, with a reference to each of its strings. False, with
 * no references, if memory is exhausted.
 */
static bool make_effect(struct interned_set *strings,
                        const struct message *message, struct effect *effect)
{
    *effect = (struct effect){0};
    switch (message->type) {
    case MESSAGE_LAUNCHED:
        effect->created = message->time;
        effect->speed = message->speed;
        break;
    case MESSAGE_SPEED_INCREASED:
        effect->speed = message->speed;
        break;
    case MESSAGE_SPEED_DECREASED:
        effect->speed = -message->speed;
        break;
    case MESSAGE_EXPLODED:
    case MESSAGE_MISSION_CHANGED:
        break; /* only strings, below */
    }
    return stripe_take_strings(strings, message->rocket_type, message->mission,
                               message->reason, effect);
}

/*
 * Whether the launch that a rocket shows is another one than before. Only a
 * message of a launch changes it. Launches of one time are the same here.
 */
static bool is_other_launch(const struct effect *before,
                            const struct effect *after)
{
    return before->type == NULL ||
           before->created.seconds != after->created.seconds ||
           before->created.nanoseconds != after->created.nanoseconds;
}

/*
 * Count a rocket for the names of its state, and no longer for those before.
 * This comes before references are dropped, as the last one to a name that was
 * replaced may be among them.
 */
static void move_names(const struct effect *before, const struct effect *after)
{
    if (before->type != after->type)
        interned_move_rocket(before->type, after->type, INTERNED_TYPE);
    if (before->mission != after->mission)
        interned_move_rocket(before->mission, after->mission, INTERNED_MISSION);
}

/*
 * Apply `effect`, the effect of `message`, to the rocket at `place`. It passes
 * on the references of the effect. It cannot fail for a new rocket, whose first
 * run needs no memory.
 */
static enum message_outcome apply_effect(struct stripe *stripe, uint32_t place,
                                         const struct message *message,
                                         const struct effect *effect,
                                         struct stripe_change *change)
{
    struct table_entry *entry = stripe_at(stripe, place - 1);
    const struct effect_dropped *dropped = &change->rocket.dropped;
    const struct effect *state = rocket_state(&entry->rocket);
    const struct effect before = *state;
    enum message_outcome outcome =
        rocket_apply(&entry->rocket, stripe->quota, message->number,
                     &message->time, effect, &change->rocket);

    change->entry = entry;
    move_names(&before, state);
    for (unsigned i = 0; i < dropped->count; i++)
        interned_drop(&stripe->strings, dropped->strings[i]);
    if (outcome == MESSAGE_APPLIED) {
        bool launch = message->type == MESSAGE_LAUNCHED;
        change->launched = launch && is_other_launch(&before, state);
        change->exploded = before.reason == NULL && state->reason != NULL;
        stripe_update_columns(stripe, place, launch, before.reason != NULL,
                              change->rocket.missing_growth);
        stripe->given_up += change->rocket.given_up;
    }
    return outcome;
}

enum message_outcome stripe_apply(struct stripe *stripe, uint32_t tag,
                                  const struct message *message,
                                  struct stripe_change *change)
{
    uint32_t place = stripe_find_place(stripe, tag, message->channel);
    struct effect effect;

    /* A duplicate or stale message must not fail for lack of memory. */
    if (place != 0) {
        enum message_outcome outcome = rocket_check(
            &stripe_at(stripe, place - 1)->rocket, message->number);
        if (outcome != MESSAGE_APPLIED)
            return outcome;
    }

    if (!make_effect(&stripe->strings, message, &effect))
        return MESSAGE_NO_MEMORY;
    if (place == 0)
        place = stripe_add(stripe, tag, message->channel, &message->time);
    if (place == 0) {
        stripe_drop_strings(&stripe->strings, &effect);
        return MESSAGE_NO_MEMORY;
    }
    return apply_effect(stripe, place, message, &effect, change);
}
