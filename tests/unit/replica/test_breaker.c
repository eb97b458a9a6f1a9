/* SPDX-License-Identifier: Apache-2.0 */
/*
 * When messages are refused at once. The times are the test's.
 */
#include "lib/unit_check.h"

#include "replica/breaker.h"

enum { START = 1000000, SILENT = 1000, PROBE = 500 };

static void start(struct breaker *breaker)
{
    breaker_init(breaker, SILENT, PROBE);
    breaker_start(breaker, START);
}

static void silence_with_a_message_that_waits_opens_it(void **context)
{
    struct breaker breaker;

    (void)context;
    start(&breaker);
    assert_false(breaker_is_open(&breaker));
    assert_false(breaker_look(&breaker, START + 100000, true, false));
    assert_true(breaker_look(&breaker, START + 100000, true, true));
    assert_true(breaker_is_open(&breaker));
    /* Only once. */
    assert_false(breaker_look(&breaker, START + 100001, true, true));
}

static void an_acknowledgement_just_before_keeps_it_closed(void **context)
{
    struct breaker breaker;

    (void)context;
    start(&breaker);
    assert_false(breaker_acknowledge(&breaker, START + 5000));
    assert_false(breaker_look(&breaker, START + 5001, true, true));
    breaker_limit_hit(&breaker);
    assert_false(breaker_look(&breaker, START + 5999, true, false));
    assert_true(breaker_look(&breaker, START + 6000, true, false));
}

static void limit_counts_since_the_last_acknowledgement(void **context)
{
    struct breaker breaker;

    (void)context;
    start(&breaker);
    breaker_limit_hit(&breaker);
    breaker_acknowledge(&breaker, START + 1);
    assert_false(breaker_look(&breaker, START + 100000, true, false));
}

/* Nobody has sent for long: there was nothing to acknowledge. */
static void idle_time_is_no_silence(void **context)
{
    struct breaker breaker;

    (void)context;
    start(&breaker);
    assert_false(breaker_look(&breaker, START + 100000, false, false));
    breaker_limit_hit(&breaker);
    assert_false(breaker_look(&breaker, START + 100001, true, false));
    assert_true(breaker_look(&breaker, START + 100001 + SILENT, true, false));
}

/* Refusals come at once, so nothing is ever without an answer. */
static void refusal_opens_it_until_a_probe_is_acknowledged(void **context)
{
    struct breaker breaker;

    (void)context;
    start(&breaker);
    assert_true(breaker_refuse(&breaker, START));
    assert_true(breaker_is_open(&breaker));
    assert_false(breaker_refuse(&breaker, START + 1));
    assert_false(breaker_take_probe(&breaker, START + PROBE - 1, false));
    assert_true(breaker_take_probe(&breaker, START + PROBE, false));
    assert_false(breaker_refuse(&breaker, START + PROBE + 1));
    breaker_probe_ended(&breaker, START + PROBE + 1);
    assert_true(breaker_is_open(&breaker));
    assert_true(breaker_take_probe(&breaker, START + 2 * PROBE + 1, false));
    breaker_probe_ended(&breaker, START + 2 * PROBE + 2);
    assert_true(breaker_acknowledge(&breaker, START + 2 * PROBE + 2));
    assert_false(breaker_is_open(&breaker));
}

static void probes_come_one_at_a_time(void **context)
{
    struct breaker breaker;
    uint64_t now = START + 100000;

    (void)context;
    start(&breaker);
    assert_false(breaker_take_probe(&breaker, now, false)); /* closed */
    assert_true(breaker_look(&breaker, now, true, true));
    assert_false(breaker_take_probe(&breaker, now, true)); /* others are */
    assert_true(breaker_take_probe(&breaker, now, false));
    assert_false(breaker_take_probe(&breaker, now + 100000, false));
    breaker_probe_ended(&breaker, now + 10);
    assert_false(breaker_take_probe(&breaker, now + 10, false));
    assert_true(breaker_take_probe(&breaker, now + 10 + PROBE, false));
}

static void any_acknowledgement_closes_it(void **context)
{
    struct breaker breaker;
    uint64_t now = START + 100000;

    (void)context;
    start(&breaker);
    assert_true(breaker_look(&breaker, now, true, true));
    assert_true(breaker_take_probe(&breaker, now, false));
    assert_true(breaker_acknowledge(&breaker, now + 5));
    breaker_probe_ended(&breaker, now + 5);
    assert_false(breaker_is_open(&breaker));
    assert_false(breaker_acknowledge(&breaker, now + 6));
    assert_false(breaker_take_probe(&breaker, now + 100000, false));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(silence_with_a_message_that_waits_opens_it),
        cmocka_unit_test(an_acknowledgement_just_before_keeps_it_closed),
        cmocka_unit_test(limit_counts_since_the_last_acknowledgement),
        cmocka_unit_test(idle_time_is_no_silence),
        cmocka_unit_test(refusal_opens_it_until_a_probe_is_acknowledged),
        cmocka_unit_test(probes_come_one_at_a_time),
        cmocka_unit_test(any_acknowledgement_closes_it),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
