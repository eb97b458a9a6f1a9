/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tests that the state of a rocket is the fold of its applied messages in the
 * order of numbers, in any order of delivery: with random histories, compared
 * with the oracle, and with all orders of all short histories.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>

#include "domain/rocket.h"
#include "history.h"
#include "lib/messages.h"
#include "oracle.h"
#include "shrink.h"
#include "subject.h"

/* How many numbers are missing between ranges. */
static uint64_t missing_between(const struct oracle *oracle)
{
    uint64_t missing = 0;
    for (size_t i = 0; i + 1 < oracle->range_count; i++)
        missing += oracle->ranges[i + 1].first - oracle->ranges[i].last - 1;
    return missing;
}

/* Deliver all messages missing between runs, so that one run is left. */
static const char *fill_gaps(struct subject *subject, struct oracle *oracle)
{
    struct random random = {oracle->count};
    while (oracle->range_count > 1) {
        struct message message =
            history_message(&random, history_channels[0],
                            oracle->ranges[oracle->range_count - 2].last + 1);
        const char *differs = subject_deliver(subject, oracle, &message);
        if (differs)
            return differs;
    }
    return NULL;
}

/* With one run left, only the strings of the state must be held. */
static const char *difference_in_final_strings(struct subject *subject)
{
    const struct effect *state = rocket_state(&subject->rocket);
    for (size_t i = 0; i < HISTORY_NAMES; i++) {
        const struct interned *string = &subject->strings[i];
        int64_t shown = (state->type == string) + (state->mission == string) +
                        (state->reason == string);
        if (string->held != shown)
            return "counts of strings: they are not those of the state";
    }
    return quota_used(&subject->quota) == 0 ? NULL : "memory for a single run";
}

static const char *check_end(struct subject *subject, struct oracle *oracle)
{
    enum { AFFORDABLE = 100 };
    if (missing_between(oracle) > AFFORDABLE)
        return NULL;
    const char *differs = fill_gaps(subject, oracle);
    return differs ? differs : difference_in_final_strings(subject);
}

static bool end_is_right(struct subject *subject, struct oracle *oracle,
                         char why[SHRINK_WHY])
{
    const char *differs = check_end(subject, oracle);
    if (differs)
        snprintf(why, SHRINK_WHY, "wrong with all gaps filled: %s", differs);
    return differs == NULL;
}

static bool rocket_equals_oracle(const struct history *history,
                                 char why[SHRINK_WHY])
{
    struct subject subject;
    struct oracle oracle;
    subject_init(&subject, rocket_apply);
    oracle_init(&oracle);
    bool equal = subject_follows(&subject, &oracle, history, why) &&
                 end_is_right(&subject, &oracle, why);
    oracle_release(&oracle);
    subject_release(&subject);
    return equal;
}

static void state_is_the_fold_after_every_delivery(void **context)
{
    (void)context;
    assert_true(shrink_check("short histories", rocket_equals_oracle,
                             HISTORY_SHORT, 20000));
}

static void state_is_the_fold_past_the_limit_of_runs(void **context)
{
    (void)context;
    assert_true(shrink_check("hostile histories", rocket_equals_oracle,
                             HISTORY_HOSTILE, 10));
}

/* All orders of all short histories. */

enum { LETTERS = 6, LENGTH = 5 };

/* Letter 0 is a lost message. Each number has its own strings. */
static struct message letter_message(unsigned letter, uint64_t number)
{
    const char *channel = history_channels[0];
    const char *name = history_names[number];
    switch (letter) {
    case 1:
        return message_launched(channel, number, name, name, 1000);
    case 2:
        return message_speed(channel, number, (int64_t)(100 * number));
    case 3:
        return message_speed(channel, number, -(int64_t)(10 * number));
    case 4:
        return message_mission(channel, number, name);
    default:
        return message_exploded(channel, number, name);
    }
}

static void make_history(struct history *history, unsigned word)
{
    history->count = 0;
    for (uint64_t number = 1; number <= LENGTH; number++) {
        unsigned letter = word % LETTERS;
        word /= LETTERS;
        if (letter == 0)
            continue;
        struct message message = letter_message(letter, number);
        history_append(history, &message);
    }
}

static void assert_order_converges(const struct history *order,
                                   const struct oracle_state *expected)
{
    struct subject subject;
    subject_init(&subject, rocket_apply);
    for (size_t i = 0; i < order->count; i++)
        subject_apply(&subject, &order->deliveries[i]);
    const char *differs = subject_difference(&subject, expected);
    if (!differs)
        differs = subject_strings_difference(&subject);
    if (differs) {
        history_print(order, stderr);
        fail_msg("this order of deliveries gives a different %s", differs);
    }
    subject_release(&subject);
}

static void swap_deliveries(struct history *history, size_t a, size_t b)
{
    struct message swapped = history->deliveries[a];
    history->deliveries[a] = history->deliveries[b];
    history->deliveries[b] = swapped;
}

/* Check all orders of the deliveries from `from` on. */
static void assert_orders_converge(struct history *history, size_t from,
                                   const struct oracle_state *expected)
{
    if (from + 1 >= history->count) {
        assert_order_converges(history, expected);
        return;
    }
    for (size_t i = from; i < history->count; i++) {
        swap_deliveries(history, from, i);
        assert_orders_converge(history, from + 1, expected);
        swap_deliveries(history, from, i);
    }
}

static void all_orders_of_short_histories_converge(void **context)
{
    (void)context;
    unsigned words = 1;
    for (unsigned i = 0; i < LENGTH; i++)
        words *= LETTERS;
    struct history history;
    history_init(&history);
    for (unsigned word = 0; word < words; word++) {
        struct oracle oracle;
        oracle_init(&oracle);
        make_history(&history, word);
        for (size_t i = 0; i < history.count; i++)
            oracle_apply(&oracle, &history.deliveries[i]);
        struct oracle_state expected = oracle_state(&oracle);
        assert_orders_converge(&history, 0, &expected);
        oracle_release(&oracle);
    }
    history_release(&history);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(state_is_the_fold_after_every_delivery),
        cmocka_unit_test(state_is_the_fold_past_the_limit_of_runs),
        cmocka_unit_test(all_orders_of_short_histories_converge),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
