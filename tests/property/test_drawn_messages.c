/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tests of the tests: the generators of the property tests and of the fuzz
 * targets set every member of every payload, and the oracle folds every type.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "fuzz/deliveries.h"
#include "history.h"
#include "lib/payloads.h"
#include "oracle.h"

static void histories_set_every_member(void **context)
{
    (void)context;
    struct payloads payloads = {0};
    struct random random = {1};

    for (uint64_t number = 1; number <= 1000; number++) {
        struct message message =
            history_message(&random, history_channels[0], number);
        payloads_add(&payloads, &message);
    }
    payloads_assert_complete(&payloads);
}

static struct text delivered_name(void *context, unsigned number)
{
    (void)context;
    return text_of(history_names[number % HISTORY_NAMES]);
}

static void deliveries_set_every_member(void **context)
{
    (void)context;
    struct payloads payloads = {0};
    struct random random = {1};
    char bytes[400];

    for (size_t i = 0; i < sizeof(bytes); i++)
        bytes[i] = (char)random_next(&random);
    struct deliveries deliveries = {
        .bytes = {bytes, sizeof(bytes)},
        .name = delivered_name,
    };
    struct message message;
    while (deliveries_next(&deliveries, &message))
        payloads_add(&payloads, &message);
    payloads_assert_complete(&payloads);
}

/* The state after `messages`, without what every message changes. */
static struct oracle_state fold(const struct message *messages, size_t count)
{
    struct oracle oracle;

    oracle_init(&oracle);
    for (size_t i = 0; i < count; i++)
        oracle_apply(&oracle, &messages[i]);
    struct oracle_state state = oracle_state(&oracle);
    oracle_release(&oracle);
    state.updated = (struct timestamp){0};
    state.last_number = state.missing = 0;
    return state;
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
        struct oracle_state without = fold(messages, 1);
        struct oracle_state with = fold(messages, 2);

        if (memcmp(&without, &with, sizeof(with)) == 0)
            fail_msg("%s changes nothing", messages_type_name(type));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(histories_set_every_member),
        cmocka_unit_test(deliveries_set_every_member),
        cmocka_unit_test(oracle_folds_every_type),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
