/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tests that the messages of the benchmarks of parts are what message_parse()
 * makes of the texts that the same benchmarks parse.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "bench/parts_fleet.h"
#include "domain/message_parse.h"
#include "lib/payloads.h"

/* Numbers 1 to 4 of `ROCKETS` rockets; some of them explode with the last. */
enum { ROCKETS = 200, NUMBERS = 4, DELIVERIES = ROCKETS * NUMBERS };
static_assert((int)DELIVERIES <= (int)PARTS_BLOCK, "one block is enough");

static void benchmarks_apply_what_they_parse(void **context)
{
    (void)context;
    struct parts_fleet *fleet = parts_fleet_new(true);
    struct parts_delivery deliveries[DELIVERIES];
    struct payloads payloads = {0};

    for (uint32_t i = 0; i < DELIVERIES; i++)
        deliveries[i] = (struct parts_delivery){i / NUMBERS, i % NUMBERS + 1};
    const struct message *made =
        parts_fleet_block(fleet, deliveries, DELIVERIES);
    for (size_t i = 0; i < DELIVERIES; i++) {
        char text[TRAFFIC_TEXT_SIZE];
        struct parsed_message parsed;
        size_t length = parts_fleet_render(fleet, deliveries[i], text);

        assert_int_equal(message_parse((struct text){text, length}, &parsed),
                         PARSE_OK);
        /* Fractions are written without zeros at their end. */
        parsed.message.time = made[i].time;
        if (!messages_same(&made[i], &parsed.message))
            fail_msg("%s: another message is applied", text);
        payloads_add(&payloads, &made[i]);
        message_parse_release(&parsed);
    }
    payloads_assert_complete(&payloads);
    parts_fleet_free(fleet);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(benchmarks_apply_what_they_parse),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
