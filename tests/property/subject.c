/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Makes effects of messages as stripe.c does, and compares the rocket with the
 * oracle. A difference is a static string that names the part that differs.
 */
#include "subject.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

void subject_init(struct subject *subject, subject_apply_function *apply)
{
    *subject = (struct subject){.apply = apply};
    rocket_init(&subject->rocket);
    quota_init(&subject->quota, SIZE_MAX, 0);
}

void subject_release(struct subject *subject)
{
    rocket_release(&subject->rocket, &subject->quota);
}

static struct interned *take_string(struct subject *subject, struct text text)
{
    for (size_t i = 0; text.data && i < HISTORY_NAMES; i++) {
        if (text_equal(text, text_of(history_names[i]))) {
            subject->strings[i].held++;
            return &subject->strings[i];
        }
    }
    return NULL;
}

/* Whether `string` stands for `text`; NULL stands for absent text. */
static bool is_string(const struct subject *subject,
                      const struct interned *string, struct text text)
{
    if (!string || !text.data)
        return !string && !text.data;
    return text_equal(text, text_of(history_names[string - subject->strings]));
}

static struct effect effect_of(struct subject *subject,
                               const struct message *message)
{
    struct effect effect = {
        .type = take_string(subject, message->rocket_type),
        .mission = take_string(subject, message->mission),
        .reason = take_string(subject, message->reason),
    };

    switch (message->type) {
    case MESSAGE_LAUNCHED:
        effect.created = message->time;
        effect.speed = message->speed;
        break;
    case MESSAGE_SPEED_INCREASED:
        effect.speed = message->speed;
        break;
    case MESSAGE_SPEED_DECREASED:
        effect.speed = -message->speed;
        break;
    case MESSAGE_EXPLODED:
    case MESSAGE_MISSION_CHANGED:
        break;
    }
    return effect;
}

enum message_outcome subject_apply(struct subject *subject,
                                   const struct message *message)
{
    struct rocket_dropped dropped = {0};
    struct effect effect = effect_of(subject, message);
    enum message_outcome outcome =
        subject->apply(&subject->rocket, &subject->quota, message->number,
                       &message->time, &effect, &dropped);
    for (unsigned i = 0; i < dropped.count; i++)
        dropped.strings[i]->held--;
    return outcome;
}

static bool same_time(const struct timestamp *a, const struct timestamp *b)
{
    return memcmp(a, b, sizeof(*a)) == 0;
}

const char *subject_difference(const struct subject *subject,
                               const struct oracle_state *expected)
{
    const struct rocket *rocket = &subject->rocket;
    const struct effect *state = rocket_state(rocket);
    static_assert(sizeof(*state) == 3 * sizeof(struct interned *) +
                                        sizeof(int64_t) +
                                        sizeof(struct timestamp),
                  "compare a new member of struct effect here");
    if (!is_string(subject, state->type, expected->type))
        return "type";
    if (!is_string(subject, state->mission, expected->mission))
        return "mission";
    if (!is_string(subject, state->reason, expected->reason))
        return "reason";
    if (state->speed != expected->speed)
        return "speed";
    if (!same_time(&state->created, &expected->created))
        return "time of the launch";
    if (!same_time(&rocket->updated, &expected->updated))
        return "time of the last message";
    if (rocket_last_number(rocket) != expected->last_number)
        return "last number";
    if (rocket_missing(rocket) != expected->missing)
        return "missing messages";
    return NULL;
}

static const char *difference_in_runs(const struct rocket *rocket,
                                      const struct oracle *oracle)
{
    if (rocket->count != oracle->range_count)
        return "number of runs";
    if (rocket->floor != oracle->floor)
        return "floor";
    if (rocket->applied != oracle->count)
        return "number of messages applied";
    return NULL;
}

const char *subject_strings_difference(const struct subject *subject)
{
    int64_t held = 0;
    for (size_t i = 0; i < HISTORY_NAMES; i++) {
        if (subject->strings[i].held < 0)
            return "count of a string: it was dropped more often than taken";
        held += subject->strings[i].held;
    }
    if (held > 3 * (int64_t)subject->rocket.count)
        return "counts of strings: more than the runs can hold";
    return NULL;
}

const char *subject_deliver(struct subject *subject, struct oracle *oracle,
                            const struct message *message)
{
    enum message_outcome expected = oracle_apply(oracle, message);
    if (rocket_check(&subject->rocket, message->number) != expected)
        return "result of rocket_check()";
    if (subject_apply(subject, message) != expected)
        return "result";
    struct oracle_state state = oracle_state(oracle);
    const char *differs = subject_difference(subject, &state);
    if (!differs)
        differs = difference_in_runs(&subject->rocket, oracle);
    if (!differs)
        differs = subject_strings_difference(subject);
    return differs;
}

bool subject_follows(struct subject *subject, struct oracle *oracle,
                     const struct history *history, char why[SHRINK_WHY])
{
    for (size_t i = 0; i < history->count; i++) {
        const char *differs =
            subject_deliver(subject, oracle, &history->deliveries[i]);
        if (differs) {
            snprintf(why, SHRINK_WHY, "wrong after delivery %zu: %s", i + 1,
                     differs);
            return false;
        }
    }
    return true;
}
