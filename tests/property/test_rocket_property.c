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

#include "lib/messages.h"
#include "shrink.h"
#include "subject.h"

static const char *difference_from_oracle(struct text input, size_t *delivery)
{
    return subject_follow(rocket_apply, input, delivery);
}

static void state_is_the_fold_after_every_delivery(void **context)
{
    (void)context;
    assert_true(shrink_check("short histories", difference_from_oracle,
                             GENERATOR_SHORT, 20000));
}

static void state_is_the_fold_past_the_limit_of_runs(void **context)
{
    (void)context;
    assert_true(shrink_check("hostile histories", difference_from_oracle,
                             GENERATOR_HOSTILE, 10));
}

/* All orders of all short histories. Each message is lost or of any type. */

enum { LETTERS = 1 + MESSAGE_TYPE_COUNT, LENGTH = 5 };

struct word {
    size_t count;
    struct message letters[LENGTH];
};

/* Each number has its own strings. */
static struct word make_word(unsigned choices)
{
    struct word word = {0};
    for (uint64_t number = 1; number <= LENGTH; number++) {
        unsigned letter = choices % LETTERS;
        choices /= LETTERS;
        if (letter == MESSAGE_TYPE_COUNT)
            continue;
        struct text name = text_of(generator_names[number]);
        struct message message =
            message_of_type((enum message_type)letter, "r", number);
        if (message.rocket_type.data)
            message.rocket_type = name;
        if (message.mission.data)
            message.mission = name;
        if (message.reason.data)
            message.reason = name;
        message.speed *= (int64_t)number;
        word.letters[word.count++] = message;
    }
    return word;
}

static void assert_order_converges(const struct word *order,
                                   const struct oracle_state *expected)
{
    struct subject subject;
    subject_init(&subject, rocket_apply);
    for (size_t i = 0; i < order->count; i++)
        subject_apply(&subject, &order->letters[i]);
    const char *differs = subject_difference(&subject, expected);
    if (differs) {
        for (size_t i = 0; i < order->count; i++)
            print_error("number %u: %s\n", (unsigned)order->letters[i].number,
                        messages_type_name(order->letters[i].type));
        fail_msg("this order of deliveries gives a different %s", differs);
    }
    subject_release(&subject);
}

static void swap_letters(struct word *word, size_t a, size_t b)
{
    struct message swapped = word->letters[a];
    word->letters[a] = word->letters[b];
    word->letters[b] = swapped;
}

/* Check all orders of the letters from `from` on. */
static void assert_orders_converge(struct word *word, size_t from,
                                   const struct oracle_state *expected)
{
    if (from + 1 >= word->count) {
        assert_order_converges(word, expected);
        return;
    }
    for (size_t i = from; i < word->count; i++) {
        swap_letters(word, from, i);
        assert_orders_converge(word, from + 1, expected);
        swap_letters(word, from, i);
    }
}

static void all_orders_of_short_histories_converge(void **context)
{
    (void)context;
    unsigned words = 1;
    for (unsigned i = 0; i < LENGTH; i++)
        words *= LETTERS;
    for (unsigned choices = 0; choices < words; choices++) {
        struct word word = make_word(choices);
        struct oracle oracle;
        oracle_init(&oracle);
        for (size_t i = 0; i < word.count; i++)
            oracle_apply(&oracle, &word.letters[i]);
        struct oracle_state expected = oracle_state(&oracle);
        assert_orders_converge(&word, 0, &expected);
        oracle_release(&oracle);
    }
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
