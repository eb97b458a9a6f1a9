/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tests of the property tests: the generator draws every member and opens more
 * than a thousand gaps, the oracle folds every type, state rules that are wrong
 * on purpose are detected, and the failing histories shrink to the smallest
 * ones.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "lib/messages.h"
#include "shrink.h"
#include "subject.h"

/*
 * With members that are always the same, most tests pass. The members of a
 * payload are compared as words of memory, so that a new one needs no change
 * here.
 */
static void every_member_is_drawn(void **context)
{
    (void)context;
    enum {
        BEGIN = offsetof(struct message, rocket_type),
        WORDS = (sizeof(struct message) - BEGIN) / sizeof(uint64_t),
    };
    uint64_t drawn[MESSAGE_TYPE_COUNT][WORDS] = {{0}}; /* differences, ORed */
    struct random random = {1};
    for (unsigned i = 0; i < 1000; i++) {
        struct message message = generator_message(&random, "r", 1);
        struct message usual = message_of_type(message.type, "r", 1);
        uint64_t words[2][WORDS];
        memcpy(words[0], (const char *)&message + BEGIN, sizeof(words[0]));
        memcpy(words[1], (const char *)&usual + BEGIN, sizeof(words[1]));
        for (size_t j = 0; j < WORDS; j++)
            drawn[message.type][j] |=
                words[1][j] == 0 ? 1 : words[0][j] ^ words[1][j];
    }
    for (unsigned i = 0; i < MESSAGE_TYPE_COUNT; i++) {
        for (size_t j = 0; j < WORDS; j++) {
            if (drawn[i][j] == 0)
                fail_msg("%s: the member at byte %zu of struct message is not "
                         "drawn",
                         messages_type_name((enum message_type)i),
                         BEGIN + j * sizeof(uint64_t));
        }
    }
}

static void hostile_histories_need_a_tree_of_three_levels(void **context)
{
    (void)context;
    for (uint64_t seed = 0; seed < 5; seed++) {
        size_t most = 0;
        unsigned char bytes[GENERATOR_INPUT];
        struct random random = {seed};
        struct oracle oracle;
        struct generator generator = {
            .input = generator_fill(bytes, GENERATOR_HOSTILE, &random)};
        struct message message;
        oracle_init(&oracle);
        while (generator_next(&generator, &message)) {
            oracle_apply(&oracle, &message);
            if (most < oracle.range_count)
                most = oracle.range_count;
        }
        assert_in_range(most, RUNS_NODE * RUNS_NODE + 1, SIZE_MAX);
        oracle_release(&oracle);
    }
}

static void oracle_folds_every_type(void **context)
{
    (void)context;
    for (unsigned i = 0; i < MESSAGE_TYPE_COUNT; i++) {
        enum message_type type = (enum message_type)i;
        const struct message messages[] = {
            message_launched("r", 1, "Atlas-H", "APOLLO", 1),
            message_of_type(type, "r", 2),
        };
        struct oracle_state states[2];
        struct oracle oracle;
        oracle_init(&oracle);
        for (size_t j = 0; j < 2; j++) {
            oracle_apply(&oracle, &messages[j]);
            states[j] = oracle_state(&oracle);
            /* What every message changes. */
            states[j].updated = (struct timestamp){0};
            states[j].last_number = 0;
        }
        oracle_release(&oracle);
        if (memcmp(&states[0], &states[1], sizeof(states[0])) == 0)
            fail_msg("%s changes nothing", messages_type_name(type));
    }
}

/* rocket_apply(), but for one wrong rule. */
static enum {
    IGNORE_EXPLOSIONS,
    IGNORE_LOWER_NUMBERS,
    APPLY_REPEATS,
    WRONG_RULES
} wrong_rule;

static enum message_outcome apply_wrongly(struct rocket *rocket,
                                          struct quota *quota, uint64_t number,
                                          const struct timestamp *time,
                                          const struct effect *effect,
                                          struct rocket_change *change)
{
    struct effect changed = *effect;
    if (wrong_rule == IGNORE_EXPLOSIONS)
        changed.reason = NULL;
    if (wrong_rule == IGNORE_LOWER_NUMBERS && runs_count(&rocket->runs) == 1 &&
        number < rocket->runs.all.first)
        return MESSAGE_STALE;
    enum message_outcome outcome =
        rocket_apply(rocket, quota, number, time, &changed, change);
    if (wrong_rule == APPLY_REPEATS && outcome == MESSAGE_DUPLICATE)
        return MESSAGE_APPLIED;
    return outcome;
}

static const char *difference_by_rule(struct text input, size_t *delivery)
{
    return subject_follow(apply_wrongly, input, delivery);
}

static void wrong_rules_shrink_to_the_smallest_history(void **context)
{
    (void)context;
    static const struct {
        enum message_type type; /* of all deliveries */
        size_t count;
        uint64_t numbers[2];
    } smallest[WRONG_RULES] = {
        [IGNORE_EXPLOSIONS] = {MESSAGE_EXPLODED, 1, {1}},
        [IGNORE_LOWER_NUMBERS] = {MESSAGE_SPEED_INCREASED, 2, {2, 1}},
        [APPLY_REPEATS] = {MESSAGE_SPEED_INCREASED, 2, {1, 1}},
    };
    for (unsigned i = 0; i < 20 * WRONG_RULES; i++) {
        unsigned char bytes[GENERATOR_INPUT];
        struct random random = {i};
        struct message message;
        struct text input;
        size_t delivery, count = 0;
        wrong_rule = i % WRONG_RULES;
        do {
            input = generator_fill(bytes, GENERATOR_SHORT, &random);
        } while (!difference_by_rule(input, &delivery));
        shrink(bytes, &input, difference_by_rule);
        struct generator generator = {.input = input};
        for (; generator_next(&generator, &message); count++) {
            assert_in_range(count, 0, smallest[wrong_rule].count - 1);
            assert_int_equal(message.type, smallest[wrong_rule].type);
            assert_int_equal(message.number,
                             smallest[wrong_rule].numbers[count]);
        }
        assert_int_equal(count, smallest[wrong_rule].count);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_member_is_drawn),
        cmocka_unit_test(hostile_histories_need_a_tree_of_three_levels),
        cmocka_unit_test(oracle_folds_every_type),
        cmocka_unit_test(wrong_rules_shrink_to_the_smallest_history),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
