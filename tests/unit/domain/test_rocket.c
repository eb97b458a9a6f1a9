/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tests of the state rules by example. tests/property/ tests them with random
 * histories.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "domain/rocket.h"
#include "lib/messages.h"

/* rocket.c only uses the address of an interned string. */
struct interned {
    char unused;
};

static struct interned falcon, saturn, artemis, apollo, gemini, frozen,
    pressure;

/* A rocket, and the strings that the latest message made it drop. */
struct flight {
    struct rocket rocket;
    struct quota quota;
    struct rocket_dropped dropped;
};

static int set_up(void **context)
{
    static struct flight flight;
    memset(&flight, 0, sizeof(flight));
    rocket_init(&flight.rocket);
    quota_init(&flight.quota, SIZE_MAX, 0);
    *context = &flight;
    return 0;
}

static int tear_down(void **context)
{
    struct flight *flight = *context;
    rocket_release(&flight->rocket, &flight->quota);
    return quota_used(&flight->quota) == 0 ? 0 : -1;
}

static enum message_outcome apply_at(struct flight *flight, uint64_t number,
                                     struct timestamp time,
                                     struct effect effect)
{
    if (effect.type)
        effect.created = time;
    return rocket_apply(&flight->rocket, &flight->quota, number, &time, &effect,
                        &flight->dropped);
}

static enum message_outcome apply(struct flight *flight, uint64_t number,
                                  struct effect effect)
{
    return apply_at(flight, number, messages_time(number), effect);
}

static struct effect launch(struct interned *type, struct interned *mission,
                            int64_t speed)
{
    return (struct effect){.type = type, .mission = mission, .speed = speed};
}

static struct effect faster(int64_t by)
{
    return (struct effect){.speed = by};
}

static struct effect new_mission(struct interned *mission)
{
    return (struct effect){.mission = mission};
}

static struct effect explosion(struct interned *reason)
{
    return (struct effect){.reason = reason};
}

static void assert_state(const struct flight *flight,
                         const struct interned *type,
                         const struct interned *mission, int64_t speed,
                         const struct interned *reason)
{
    const struct effect *state = rocket_state(&flight->rocket);
    assert_ptr_equal(state->type, type);
    assert_ptr_equal(state->mission, mission);
    assert_true(state->speed == speed);
    assert_ptr_equal(state->reason, reason);
}

/* The latest message must have made the rocket drop exactly `strings`. */
static void assert_dropped(const struct flight *flight, unsigned count,
                           struct interned *const strings[])
{
    assert_int_equal(flight->dropped.count, count);
    for (unsigned i = 0; i < count; i++) {
        unsigned expected = 0, found = 0;
        for (unsigned j = 0; j < count; j++) {
            expected += strings[j] == strings[i];
            found += flight->dropped.strings[j] == strings[i];
        }
        assert_int_equal(found, expected);
    }
}

static void new_rocket_has_no_values(void **context)
{
    struct flight *flight = *context;
    assert_state(flight, NULL, NULL, 0, NULL);
    assert_int_equal(rocket_last_number(&flight->rocket), 0);
    assert_int_equal(rocket_missing(&flight->rocket), 0);
}

/* Both leave a zeroed rocket, whatever its memory contained. */
static void init_and_release_zero_the_rocket(void **context)
{
    struct flight *flight = *context;
    static const struct rocket nothing;
    struct rocket *rocket = &flight->rocket;
    memset(rocket, 0xff, sizeof(*rocket));
    rocket_init(rocket);
    assert_memory_equal(rocket, &nothing, sizeof(nothing));
    apply(flight, 1, launch(&falcon, &artemis, 500));
    apply(flight, 3, explosion(&frozen));
    rocket_release(rocket, &flight->quota);
    assert_memory_equal(rocket, &nothing, sizeof(nothing));
}

static void messages_in_order_take_no_memory(void **context)
{
    struct flight *flight = *context;
    apply(flight, 1, launch(&falcon, &artemis, 500));
    for (uint64_t number = 2; number <= 10000; number++) {
        assert_int_equal(apply(flight, number, faster(3)), MESSAGE_APPLIED);
        assert_int_equal(quota_used(&flight->quota), 0);
    }
    assert_state(flight, &falcon, &artemis, 500 + 9999 * 3, NULL);
    assert_int_equal(flight->rocket.count, 1);
    assert_int_equal(rocket_missing(&flight->rocket), 0);
}

static void newest_message_changes_the_state_despite_a_gap(void **context)
{
    struct flight *flight = *context;
    apply(flight, 1, launch(&falcon, &artemis, 500));
    assert_int_equal(apply(flight, 5, faster(1000)), MESSAGE_APPLIED);
    assert_state(flight, &falcon, &artemis, 1500, NULL);
    assert_int_equal(rocket_last_number(&flight->rocket), 5);
    assert_int_equal(rocket_missing(&flight->rocket), 3);
}

static void late_message_repairs_the_state(void **context)
{
    struct flight *flight = *context;
    apply(flight, 1, launch(&falcon, &artemis, 500));
    apply(flight, 3, new_mission(&gemini));
    assert_int_equal(apply(flight, 2, new_mission(&apollo)), MESSAGE_APPLIED);
    assert_state(flight, &falcon, &gemini, 500, NULL);
    assert_int_equal(rocket_missing(&flight->rocket), 0);
}

static void late_launch_completes_a_rocket_in_flight(void **context)
{
    struct flight *flight = *context;
    apply(flight, 500, faster(700));
    apply(flight, 501, faster(-200));
    assert_state(flight, NULL, NULL, 500, NULL);
    assert_int_equal(rocket_missing(&flight->rocket), 499);
    apply(flight, 1, launch(&saturn, &apollo, 10000));
    assert_state(flight, &saturn, &apollo, 10500, NULL);
    struct timestamp launched = messages_time(1);
    assert_memory_equal(&rocket_state(&flight->rocket)->created, &launched,
                        sizeof(launched));
    assert_int_equal(rocket_missing(&flight->rocket), 498);
}

static void duplicate_message_changes_nothing(void **context)
{
    struct flight *flight = *context;
    apply(flight, 1, launch(&falcon, &artemis, 500));
    apply(flight, 2, faster(100));
    struct rocket before = flight->rocket;
    assert_int_equal(apply(flight, 2, faster(100)), MESSAGE_DUPLICATE);
    assert_int_equal(apply(flight, 1, launch(&falcon, &artemis, 500)),
                     MESSAGE_DUPLICATE);
    assert_memory_equal(&flight->rocket, &before, sizeof(before));
}

static void first_content_of_a_number_wins(void **context)
{
    struct flight *flight = *context;
    apply(flight, 1, launch(&falcon, &artemis, 500));
    assert_int_equal(apply(flight, 1, launch(&saturn, &apollo, 9)),
                     MESSAGE_DUPLICATE);
    assert_state(flight, &falcon, &artemis, 500, NULL);
}

static void exploded_rocket_does_not_change(void **context)
{
    struct flight *flight = *context;
    apply(flight, 1, launch(&falcon, &artemis, 500));
    apply(flight, 2, explosion(&frozen));
    apply(flight, 3, faster(100));
    apply(flight, 4, new_mission(&apollo));
    assert_int_equal(apply(flight, 5, explosion(&pressure)), MESSAGE_APPLIED);
    assert_state(flight, &falcon, &artemis, 500, &frozen);
    struct timestamp last = messages_time(5);
    assert_int_equal(rocket_last_number(&flight->rocket), 5);
    assert_memory_equal(&flight->rocket.updated, &last, sizeof(last));
}

static void late_explosion_undoes_later_changes(void **context)
{
    struct flight *flight = *context;
    apply(flight, 1, launch(&falcon, &artemis, 500));
    apply(flight, 3, faster(100));
    apply(flight, 4, new_mission(&apollo));
    apply(flight, 2, explosion(&frozen));
    assert_state(flight, &falcon, &artemis, 500, &frozen);
}

static void launch_starts_afresh(void **context)
{
    struct flight *flight = *context;
    apply(flight, 1, launch(&falcon, &artemis, 500));
    apply(flight, 2, explosion(&frozen));
    apply(flight, 3, launch(&saturn, &apollo, 100));
    apply(flight, 4, faster(11));
    assert_state(flight, &saturn, &apollo, 111, NULL);
    struct timestamp launched = messages_time(3);
    assert_memory_equal(&rocket_state(&flight->rocket)->created, &launched,
                        sizeof(launched));
}

static void speed_wraps_around(void **context)
{
    struct flight *flight = *context;
    apply(flight, 1, launch(&falcon, &artemis, INT64_MAX));
    apply(flight, 2, faster(1));
    assert_state(flight, &falcon, &artemis, INT64_MIN, NULL);
    apply(flight, 3, faster(-1));
    assert_state(flight, &falcon, &artemis, INT64_MAX, NULL);
}

static void updated_is_the_time_of_the_highest_number(void **context)
{
    struct flight *flight = *context;
    struct timestamp early = messages_time(0), late = messages_time(1000);
    apply_at(flight, 7, early, faster(1));
    apply_at(flight, 3, late, faster(1));
    assert_memory_equal(&flight->rocket.updated, &early, sizeof(early));
}

static void highest_number_is_accepted(void **context)
{
    struct flight *flight = *context;
    uint64_t highest = MESSAGE_MAX_NUMBER;
    assert_int_equal(apply(flight, highest, faster(1)), MESSAGE_APPLIED);
    assert_int_equal(apply(flight, highest - 1, faster(1)), MESSAGE_APPLIED);
    assert_int_equal(apply(flight, highest, faster(1)), MESSAGE_DUPLICATE);
    assert_true(rocket_last_number(&flight->rocket) == highest);
    assert_true(rocket_missing(&flight->rocket) == highest - 2);
}

static void check_predicts_the_result_of_apply(void **context)
{
    struct flight *flight = *context;
    apply(flight, 2, faster(1));
    apply(flight, 4, faster(1));
    assert_int_equal(rocket_check(&flight->rocket, 1), MESSAGE_APPLIED);
    assert_int_equal(rocket_check(&flight->rocket, 2), MESSAGE_DUPLICATE);
    assert_int_equal(rocket_check(&flight->rocket, 3), MESSAGE_APPLIED);
    assert_int_equal(rocket_check(&flight->rocket, 4), MESSAGE_DUPLICATE);
    assert_int_equal(rocket_check(&flight->rocket, 5), MESSAGE_APPLIED);
}

/* Memory. */

static void memory_is_freed_as_gaps_fill(void **context)
{
    struct flight *flight = *context;
    enum { GAPS = 800 };
    for (uint64_t i = 0; i <= GAPS; i++)
        apply(flight, 1 + 2 * i, faster(1));
    size_t most = quota_used(&flight->quota);
    for (uint64_t i = 0; i < GAPS - 10; i++)
        apply(flight, 2 + 2 * i, faster(1));
    assert_in_range(quota_used(&flight->quota), 1, most / 16);
    for (uint64_t i = GAPS - 10; i < GAPS; i++)
        apply(flight, 2 + 2 * i, faster(1));
    assert_int_equal(quota_used(&flight->quota), 0);
    assert_state(flight, NULL, NULL, 2 * GAPS + 1, NULL);
}

static void out_of_memory_changes_nothing(void **context)
{
    struct flight *flight = *context;
    apply(flight, 1, launch(&falcon, &artemis, 500));
    flight->quota.limit = quota_used(&flight->quota);
    struct rocket before = flight->rocket;
    assert_int_equal(apply(flight, 3, launch(&saturn, &apollo, 1)),
                     MESSAGE_NO_MEMORY);
    assert_memory_equal(&flight->rocket, &before, sizeof(before));
    assert_dropped(flight, 2, (struct interned *[]){&saturn, &apollo});
    flight->quota.limit = SIZE_MAX;
    assert_int_equal(apply(flight, 3, launch(&saturn, &apollo, 1)),
                     MESSAGE_APPLIED);
}

/*
 * Limit the quota to the memory in use, and open gaps from `from` on until a
 * message is refused. Returns its number.
 */
static uint64_t open_gaps_until_refused(struct flight *flight, uint64_t from)
{
    uint64_t number = from;
    flight->quota.limit = quota_used(&flight->quota);
    while (apply(flight, number, faster(1)) == MESSAGE_APPLIED)
        number += 2;
    return number;
}

static void extending_and_joining_runs_need_no_memory(void **context)
{
    struct flight *flight = *context;
    apply(flight, 1, faster(1));
    apply(flight, 3, faster(1));
    uint64_t refused = open_gaps_until_refused(flight, 5);
    assert_in_range(refused, 7, 2 * ROCKET_MAX_RUNS);
    assert_int_equal(apply(flight, refused - 1, faster(1)), MESSAGE_APPLIED);
    assert_int_equal(apply(flight, refused, faster(1)), MESSAGE_APPLIED);
    for (uint64_t number = 2; number < refused - 1; number += 2)
        assert_int_equal(apply(flight, number, faster(1)), MESSAGE_APPLIED);
    assert_state(flight, NULL, NULL, (int64_t)refused, NULL);
    assert_int_equal(quota_used(&flight->quota), 0);
}

/* The limit of runs. */

/*
 * Make ROCKET_MAX_RUNS runs of one number each: 11, 13, 15 ... Returns the
 * number of the next one.
 */
static uint64_t open_all_runs(struct flight *flight)
{
    uint64_t number = 11;
    for (unsigned i = 0; i < ROCKET_MAX_RUNS; i++, number += 2)
        assert_int_equal(apply(flight, number, faster(1)), MESSAGE_APPLIED);
    assert_int_equal(flight->rocket.count, ROCKET_MAX_RUNS);
    assert_int_equal(flight->rocket.floor, 0);
    return number;
}

static void one_run_too_many_gives_up_the_lowest_gap(void **context)
{
    struct flight *flight = *context;
    uint64_t next = open_all_runs(flight);
    assert_int_equal(apply(flight, next, faster(1)), MESSAGE_APPLIED);
    assert_int_equal(flight->rocket.count, ROCKET_MAX_RUNS);
    assert_int_equal(flight->rocket.floor, 12);
    assert_state(flight, NULL, NULL, ROCKET_MAX_RUNS + 1, NULL);
    assert_int_equal(apply(flight, 11, faster(1)), MESSAGE_STALE);
    assert_int_equal(apply(flight, 12, faster(1)), MESSAGE_STALE);
    assert_int_equal(apply(flight, 13, faster(1)), MESSAGE_DUPLICATE);
    assert_int_equal(apply(flight, 14, faster(1)), MESSAGE_APPLIED);
}

static void numbers_below_the_first_run_are_never_given_up(void **context)
{
    struct flight *flight = *context;
    apply(flight, open_all_runs(flight), faster(1));
    assert_int_equal(apply(flight, 10, faster(1)), MESSAGE_APPLIED);
    assert_int_equal(apply(flight, 1, launch(&falcon, &artemis, 0)),
                     MESSAGE_APPLIED);
    assert_state(flight, &falcon, &artemis, ROCKET_MAX_RUNS + 2, NULL);
}

static void floor_never_decreases(void **context)
{
    struct flight *flight = *context;
    apply(flight, open_all_runs(flight), faster(1));
    assert_int_equal(flight->rocket.floor, 12);
    assert_int_equal(apply(flight, 5, faster(1)), MESSAGE_APPLIED);
    assert_int_equal(flight->rocket.floor, 12);
    assert_int_equal(apply(flight, 12, faster(1)), MESSAGE_STALE);
    assert_int_equal(apply(flight, 7, faster(1)), MESSAGE_STALE);
    assert_int_equal(flight->rocket.count, ROCKET_MAX_RUNS);
}

static void given_up_messages_stay_missing(void **context)
{
    struct flight *flight = *context;
    uint64_t last = open_all_runs(flight);
    apply(flight, last, faster(1));
    assert_int_equal(rocket_missing(&flight->rocket),
                     last - ROCKET_MAX_RUNS - 1);
    apply(flight, 12, faster(1));
    assert_int_equal(rocket_missing(&flight->rocket),
                     last - ROCKET_MAX_RUNS - 1);
}

static void memory_of_a_rocket_is_bounded(void **context)
{
    struct flight *flight = *context;
    uint64_t next = open_all_runs(flight);
    apply(flight, next, faster(1));
    size_t most = quota_used(&flight->quota);
    /* The block has room for one run more, until a gap is given up, and state.
     */
    assert_in_range(
        most, 1, (ROCKET_MAX_RUNS + 2) * sizeof(struct run) + QUOTA_OVERHEAD);
    for (unsigned i = 0; i < 5000; i++) {
        next += 2;
        apply(flight, next, faster(1));
        assert_int_equal(quota_used(&flight->quota), most);
    }
}

/* Interned strings. */

static void replaced_mission_is_dropped(void **context)
{
    struct flight *flight = *context;
    apply(flight, 1, launch(&falcon, &artemis, 500));
    assert_dropped(flight, 0, NULL);
    apply(flight, 2, new_mission(&apollo));
    assert_dropped(flight, 1, (struct interned *[]){&artemis});
    apply(flight, 3, new_mission(&apollo));
    assert_dropped(flight, 1, (struct interned *[]){&apollo});
}

static void strings_of_a_duplicate_are_dropped(void **context)
{
    struct flight *flight = *context;
    apply(flight, 1, launch(&falcon, &artemis, 500));
    apply(flight, 1, launch(&saturn, &apollo, 500));
    assert_dropped(flight, 2, (struct interned *[]){&saturn, &apollo});
}

static void strings_after_an_explosion_are_dropped(void **context)
{
    struct flight *flight = *context;
    apply(flight, 1, explosion(&frozen));
    apply(flight, 2, new_mission(&apollo));
    assert_dropped(flight, 1, (struct interned *[]){&apollo});
    apply(flight, 3, explosion(&pressure));
    assert_dropped(flight, 1, (struct interned *[]){&pressure});
}

static void relaunch_drops_all_earlier_strings(void **context)
{
    struct flight *flight = *context;
    apply(flight, 1, launch(&falcon, &artemis, 500));
    apply(flight, 2, explosion(&frozen));
    apply(flight, 3, launch(&saturn, &apollo, 500));
    assert_dropped(flight, 3,
                   (struct interned *[]){&falcon, &artemis, &frozen});
}

/*
 * Number 2 is an explosion, 4 and 5 are a mission and another explosion. When
 * number 3, a mission, joins both runs, all after number 2 has no effect.
 */
static void joining_runs_drops_strings_without_effect(void **context)
{
    struct flight *flight = *context;
    apply(flight, 1, launch(&falcon, &artemis, 500));
    apply(flight, 2, explosion(&frozen));
    apply(flight, 4, new_mission(&gemini));
    apply(flight, 5, explosion(&pressure));
    apply(flight, 3, new_mission(&apollo));
    assert_dropped(flight, 3,
                   (struct interned *[]){&apollo, &gemini, &pressure});
    assert_state(flight, &falcon, &artemis, 500, &frozen);
}

#define FLIGHT_TEST(test)                                                      \
    cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        FLIGHT_TEST(new_rocket_has_no_values),
        FLIGHT_TEST(init_and_release_zero_the_rocket),
        FLIGHT_TEST(messages_in_order_take_no_memory),
        FLIGHT_TEST(newest_message_changes_the_state_despite_a_gap),
        FLIGHT_TEST(late_message_repairs_the_state),
        FLIGHT_TEST(late_launch_completes_a_rocket_in_flight),
        FLIGHT_TEST(duplicate_message_changes_nothing),
        FLIGHT_TEST(first_content_of_a_number_wins),
        FLIGHT_TEST(exploded_rocket_does_not_change),
        FLIGHT_TEST(late_explosion_undoes_later_changes),
        FLIGHT_TEST(launch_starts_afresh),
        FLIGHT_TEST(speed_wraps_around),
        FLIGHT_TEST(updated_is_the_time_of_the_highest_number),
        FLIGHT_TEST(highest_number_is_accepted),
        FLIGHT_TEST(check_predicts_the_result_of_apply),
        FLIGHT_TEST(memory_is_freed_as_gaps_fill),
        FLIGHT_TEST(out_of_memory_changes_nothing),
        FLIGHT_TEST(extending_and_joining_runs_need_no_memory),
        FLIGHT_TEST(one_run_too_many_gives_up_the_lowest_gap),
        FLIGHT_TEST(numbers_below_the_first_run_are_never_given_up),
        FLIGHT_TEST(floor_never_decreases),
        FLIGHT_TEST(given_up_messages_stay_missing),
        FLIGHT_TEST(memory_of_a_rocket_is_bounded),
        FLIGHT_TEST(replaced_mission_is_dropped),
        FLIGHT_TEST(strings_of_a_duplicate_are_dropped),
        FLIGHT_TEST(strings_after_an_explosion_are_dropped),
        FLIGHT_TEST(relaunch_drops_all_earlier_strings),
        FLIGHT_TEST(joining_runs_drops_strings_without_effect),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
