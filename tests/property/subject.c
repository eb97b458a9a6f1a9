/* SPDX-License-Identifier: Apache-2.0 */
#include "subject.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "lib/messages.h"

struct subject {
    subject_apply_function *apply;
    struct rocket rocket;
    struct quota quota;
    struct interned strings[GENERATOR_NAMES]; /* as in generator_names */
};

/* The string that stands for `text`; NULL stands for absent text. */
static const struct interned *find_string(const struct subject *subject,
                                          struct text text)
{
    for (size_t i = 0; text.data && i < GENERATOR_NAMES; i++) {
        if (text_equal(text, text_of(generator_names[i])))
            return &subject->strings[i];
    }
    return NULL;
}

static struct interned *take_string(struct subject *subject, struct text text)
{
    const struct interned *found = find_string(subject, text);
    if (!found)
        return NULL;
    struct interned *string = &subject->strings[found - subject->strings];
    string->held++;
    return string;
}

/* `*growth`: rocket_change.missing_growth. */
static enum message_outcome apply_message(struct subject *subject,
                                          const struct message *message,
                                          uint64_t *growth)
{
    struct rocket_change change = {0};
    struct effect effect = {
        .type = take_string(subject, message->rocket_type),
        .mission = take_string(subject, message->mission),
        .reason = take_string(subject, message->reason),
        .speed = message->speed,
    };
    if (message->type == MESSAGE_SPEED_DECREASED)
        effect.speed = -message->speed;
    if (message->type == MESSAGE_LAUNCHED)
        effect.created = message->time;
    enum message_outcome outcome =
        subject->apply(&subject->rocket, &subject->quota, message->number,
                       &message->time, &effect, &change);
    for (unsigned i = 0; i < change.dropped.count; i++)
        change.dropped.strings[i]->held--;
    *growth = change.missing_growth;
    return outcome;
}

/* With one run, only the strings of the state must be held, in no memory. */
static const char *difference_in_strings(const struct subject *subject)
{
    const struct rocket *rocket = &subject->rocket;
    const struct effect *state = rocket_state(rocket);
    uint32_t runs = runs_count(&rocket->runs);
    int64_t held = 0;
    for (size_t i = 0; i < GENERATOR_NAMES; i++) {
        const struct interned *string = &subject->strings[i];
        int64_t shown = (state->type == string) + (state->mission == string) +
                        (state->reason == string);
        if (string->held < 0)
            return "count of a string: it was dropped more often than taken";
        if (runs == 1 && string->held != shown)
            return "counts of strings: they are not those of the state";
        held += string->held;
    }
    if (held > 3 * (int64_t)runs)
        return "counts of strings: more than the runs can hold";
    return NULL;
}

static const char *difference_in_state(const struct subject *subject,
                                       const struct oracle_state *expected)
{
    const struct rocket *rocket = &subject->rocket;
    const struct effect *state = rocket_state(rocket);
    static_assert(sizeof(*state) == 3 * sizeof(struct interned *) +
                                        sizeof(int64_t) +
                                        sizeof(struct timestamp),
                  "compare and count a new member of struct effect here");
    if (state->type != find_string(subject, expected->type))
        return "type";
    if (state->mission != find_string(subject, expected->mission))
        return "mission";
    if (state->reason != find_string(subject, expected->reason))
        return "reason";
    if (state->speed != expected->speed)
        return "speed";
    if (!messages_same_time(&state->created, &expected->created))
        return "time of the launch";
    if (!messages_same_time(&rocket->updated, &expected->updated))
        return "time of the last message";
    if (rocket_last_number(rocket) != expected->last_number)
        return "last number";
    if (rocket_missing(rocket) != expected->missing)
        return "missing messages";
    return difference_in_strings(subject);
}

/* Apply `message`, which must have `expected` as its result. */
static const char *apply_expecting(struct subject *subject,
                                   const struct message *message,
                                   enum message_outcome expected)
{
    uint64_t missing = rocket_missing(&subject->rocket);
    uint64_t growth;

    if (apply_message(subject, message, &growth) != expected)
        return "result";
    if (expected == MESSAGE_APPLIED &&
        missing + growth != rocket_missing(&subject->rocket))
        return "growth of the missing messages";
    return NULL;
}

/* Deliver `message` to both sides. */
static const char *deliver(struct subject *subject, struct oracle *oracle,
                           const struct message *message)
{
    const struct rocket *rocket = &subject->rocket;
    enum message_outcome expected = oracle_apply(oracle, message);
    if (rocket_check(rocket, message->number) != expected)
        return "result of rocket_check()";
    const char *differs = apply_expecting(subject, message, expected);
    if (differs)
        return differs;
    if (runs_count(&rocket->runs) != oracle->range_count)
        return "number of runs";
    if (rocket->floor != oracle->floor)
        return "floor";
    if (rocket->applied != oracle->count)
        return "number of messages applied";
    if (oracle->range_count == 1 && quota_used(&subject->quota) != 0)
        return "memory for a single run";
    struct oracle_state state = oracle_state(oracle);
    return difference_in_state(subject, &state);
}

/* Deliver messages missing between runs, so that few runs are left. */
static const char *fill_gaps(struct subject *subject, struct oracle *oracle)
{
    enum { AFFORDABLE = 100 };
    const char *differs = NULL;
    for (int i = 0; !differs && oracle->range_count > 1 && i < AFFORDABLE;
         i++) {
        uint64_t first = oracle->ranges[oracle->range_count - 1].first;
        struct message message =
            message_speed(generator_channels[0], first - 1, 1);
        differs = deliver(subject, oracle, &message);
    }
    return differs;
}

const char *subject_follow(subject_apply_function *apply, struct text input,
                           size_t *delivery)
{
    struct subject subject = {.apply = apply};
    struct oracle oracle;
    struct generator generator = {.input = input};
    struct message message;
    const char *differs = NULL;
    *delivery = 0;
    rocket_init(&subject.rocket);
    quota_init(&subject.quota, SIZE_MAX, 0);
    oracle_init(&oracle);
    while (!differs && generator_next(&generator, &message)) {
        differs = deliver(&subject, &oracle, &message);
        ++*delivery;
    }
    if (!differs)
        differs = fill_gaps(&subject, &oracle);
    rocket_release(&subject.rocket, &subject.quota);
    if (!differs && quota_used(&subject.quota) != 0)
        differs = "memory after the release";
    oracle_release(&oracle);
    return differs;
}

static int compare_numbers(const void *a, const void *b)
{
    uint64_t x = ((const struct message *)a)->number;
    uint64_t y = ((const struct message *)b)->number;
    return (x > y) - (x < y);
}

/* Compare the state with the fold of the first `count` messages. */
static const char *difference_from_fold(const struct subject *subject,
                                        const struct message *messages,
                                        size_t count)
{
    struct oracle oracle;
    oracle_init(&oracle);
    oracle.count = count;
    oracle.applied = calloc(count, sizeof(*messages));
    if (!oracle.applied)
        abort();
    memcpy(oracle.applied, messages, count * sizeof(*messages));
    qsort(oracle.applied, count, sizeof(*messages), compare_numbers);
    struct oracle_state state = oracle_state(&oracle);
    oracle_release(&oracle);
    return difference_in_state(subject, &state);
}

const char *subject_follow_complete(const struct message *messages,
                                    size_t count, size_t *delivery)
{
    enum { STRIDE = 251 };
    struct subject subject = {.apply = rocket_apply};
    const char *differs = NULL;
    rocket_init(&subject.rocket);
    quota_init(&subject.quota, SIZE_MAX, 0);
    for (*delivery = 0; !differs && *delivery < count;) {
        const struct message *message = &messages[(*delivery)++];
        differs = apply_expecting(&subject, message, MESSAGE_APPLIED);
        if (!differs && (*delivery % STRIDE == 0 || *delivery == count))
            differs = difference_from_fold(&subject, messages, *delivery);
    }
    if (!differs && runs_count(&subject.rocket.runs) != 1)
        differs = "number of runs at the end";
    if (!differs && quota_used(&subject.quota) != 0)
        differs = "memory for a single run";
    rocket_release(&subject.rocket, &subject.quota);
    return differs;
}
