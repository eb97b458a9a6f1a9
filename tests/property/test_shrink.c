/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tests of the property tests: state rules that are wrong on purpose must be
 * detected, and the failing histories must shrink to the smallest ones.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "domain/rocket.h"
#include "history.h"
#include "oracle.h"
#include "shrink.h"
#include "subject.h"

static enum message_outcome
apply_without_explosions(struct rocket *rocket, struct quota *quota,
                         uint64_t number, const struct timestamp *time,
                         const struct effect *effect,
                         struct rocket_dropped *dropped)
{
    struct effect harmless = *effect;
    harmless.reason = NULL;
    return rocket_apply(rocket, quota, number, time, &harmless, dropped);
}

static enum message_outcome
apply_without_late_messages(struct rocket *rocket, struct quota *quota,
                            uint64_t number, const struct timestamp *time,
                            const struct effect *effect,
                            struct rocket_dropped *dropped)
{
    if (number < rocket_last_number(rocket))
        return MESSAGE_STALE;
    return rocket_apply(rocket, quota, number, time, effect, dropped);
}

static enum message_outcome
apply_repeats_again(struct rocket *rocket, struct quota *quota, uint64_t number,
                    const struct timestamp *time, const struct effect *effect,
                    struct rocket_dropped *dropped)
{
    enum message_outcome result =
        rocket_apply(rocket, quota, number, time, effect, dropped);
    return result == MESSAGE_DUPLICATE ? MESSAGE_APPLIED : result;
}

/* Whether the oracle agrees with the wrong rules of `apply`. */
static bool is_undetected(const struct history *history,
                          subject_apply_function *apply, char why[SHRINK_WHY])
{
    struct subject subject;
    struct oracle oracle;
    subject_init(&subject, apply);
    oracle_init(&oracle);
    bool undetected = subject_follows(&subject, &oracle, history, why);
    oracle_release(&oracle);
    subject_release(&subject);
    return undetected;
}

static bool ignored_explosions_are_undetected(const struct history *history,
                                              char why[SHRINK_WHY])
{
    return is_undetected(history, apply_without_explosions, why);
}

static bool ignored_late_messages_are_undetected(const struct history *history,
                                                 char why[SHRINK_WHY])
{
    return is_undetected(history, apply_without_late_messages, why);
}

static bool applied_repeats_are_undetected(const struct history *history,
                                           char why[SHRINK_WHY])
{
    return is_undetected(history, apply_repeats_again, why);
}

/* Find a random history that breaks `property`, and shrink it. */
static void find_smallest(struct history *history, shrink_property *property,
                          uint64_t seed)
{
    struct random random = {seed};
    char why[SHRINK_WHY];
    do {
        history->count = 0;
        history_generate(history, HISTORY_SHORT, &random);
    } while (property(history, why));
    shrink(history, property, why);
}

static void assert_delivery(const struct history *history, size_t at,
                            enum message_type type, uint64_t number)
{
    assert_int_equal(history->deliveries[at].type, type);
    assert_int_equal(history->deliveries[at].number, number);
}

static void an_ignored_explosion_shrinks_to_one_delivery(void **context)
{
    (void)context;
    struct history history;
    history_init(&history);
    for (uint64_t seed = 0; seed < 20; seed++) {
        find_smallest(&history, ignored_explosions_are_undetected, seed);
        assert_int_equal(history.count, 1);
        assert_delivery(&history, 0, MESSAGE_EXPLODED, 1);
    }
    history_release(&history);
}

static void an_ignored_late_message_shrinks_to_two_deliveries(void **context)
{
    (void)context;
    struct history history;
    history_init(&history);
    for (uint64_t seed = 0; seed < 20; seed++) {
        find_smallest(&history, ignored_late_messages_are_undetected, seed);
        assert_int_equal(history.count, 2);
        assert_delivery(&history, 0, MESSAGE_SPEED_INCREASED, 2);
        assert_delivery(&history, 1, MESSAGE_SPEED_INCREASED, 1);
    }
    history_release(&history);
}

static void a_repeat_applied_again_shrinks_to_two_deliveries(void **context)
{
    (void)context;
    struct history history;
    history_init(&history);
    for (uint64_t seed = 0; seed < 20; seed++) {
        find_smallest(&history, applied_repeats_are_undetected, seed);
        assert_int_equal(history.count, 2);
        assert_delivery(&history, 0, MESSAGE_SPEED_INCREASED, 1);
        assert_delivery(&history, 1, MESSAGE_SPEED_INCREASED, 1);
    }
    history_release(&history);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_ignored_explosion_shrinks_to_one_delivery),
        cmocka_unit_test(an_ignored_late_message_shrinks_to_two_deliveries),
        cmocka_unit_test(a_repeat_applied_again_shrinks_to_two_deliveries),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
