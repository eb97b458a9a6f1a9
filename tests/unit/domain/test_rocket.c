/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tests of the state rules by example. tests/property/ tests them with random
 * histories, and in every order.
 */
#include "lib/unit_check.h"

#include <inttypes.h>

#include "domain/rocket.h"
#include "lib/messages.h"

/* rocket.c only uses the address of an interned string. */
struct interned {
    const char *name;
};

static struct interned falcon = {"falcon"}, saturn = {"saturn"},
                       artemis = {"artemis"}, apollo = {"apollo"},
                       gemini = {"gemini"}, frozen = {"frozen"},
                       pressure = {"pressure"};

static struct interned *const strings[] = {&falcon, &saturn, &artemis, &apollo,
                                           &gemini, &frozen, &pressure};

/* Steps of a history. */
#define STEP(at, ...)                                                          \
    {                                                                          \
        .number = (at), .effect = { __VA_ARGS__ }                              \
    }
#define LAUNCH(at, a_type, a_mission, a_speed)                                 \
    STEP(at, .type = &(a_type), .mission = &(a_mission), .speed = (a_speed))
#define FASTER(at, by) STEP(at, .speed = (by))
#define MISSION(at, a_mission) STEP(at, .mission = &(a_mission))
#define EXPLOSION(at, a_reason) STEP(at, .reason = &(a_reason))

enum { MAX_STEPS = 7 };

struct step {
    uint64_t number; /* 0: no more steps */
    struct effect effect;
};

/*
 * Messages in the order in which they arrive, and the rocket after the last
 * one: its type, mission, speed and reason, with - for what it has not; the
 * numbers of its launch and of its last message; how many are missing; the
 * strings that the last step made it drop.
 */
static const struct history {
    const char *claim;
    struct step steps[MAX_STEPS];
    const char *rocket;
} histories[] = {
    {"a new rocket has no values",
     {{.number = 0}},
     "- - 0 -, 0 to 0, 0 missing"},
    {"the newest message changes the state despite a gap",
     {LAUNCH(1, falcon, artemis, 500), FASTER(5, 1000)},
     "falcon artemis 1500 -, 1 to 5, 3 missing"},
    {"a late message repairs the state",
     {LAUNCH(1, falcon, artemis, 500), MISSION(3, gemini), MISSION(2, apollo)},
     "falcon gemini 500 -, 1 to 3, 0 missing, dropped artemis apollo"},
    {"a rocket in flight has the sum of its changes",
     {FASTER(500, 700), FASTER(501, -200)},
     "- - 500 -, 0 to 501, 499 missing"},
    {"a late launch completes a rocket in flight",
     {FASTER(500, 700), FASTER(501, -200), LAUNCH(1, saturn, apollo, 10000)},
     "saturn apollo 10500 -, 1 to 501, 498 missing"},
    {"a duplicate message changes nothing",
     {LAUNCH(1, falcon, artemis, 500), FASTER(2, 100),
      LAUNCH(1, falcon, artemis, 500), FASTER(2, 100)},
     "falcon artemis 600 -, 1 to 2, 0 missing"},
    {"the first content of a number wins",
     {LAUNCH(1, falcon, artemis, 500), LAUNCH(1, saturn, apollo, 9)},
     "falcon artemis 500 -, 1 to 1, 0 missing, dropped saturn apollo"},
    {"numbers around and between runs are new",
     {FASTER(2, 1), FASTER(4, 1), FASTER(2, 1), FASTER(4, 1), FASTER(1, 1),
      FASTER(3, 1), FASTER(5, 1)},
     "- - 5 -, 0 to 5, 0 missing"},
    {"an exploded rocket does not change",
     {LAUNCH(1, falcon, artemis, 500), EXPLOSION(2, frozen), FASTER(3, 100),
      MISSION(4, apollo), EXPLOSION(5, pressure)},
     "falcon artemis 500 frozen, 1 to 5, 0 missing, dropped pressure"},
    {"a late explosion undoes later changes",
     {LAUNCH(1, falcon, artemis, 500), FASTER(3, 100), MISSION(4, apollo),
      EXPLOSION(2, frozen)},
     "falcon artemis 500 frozen, 1 to 4, 0 missing, dropped apollo"},
    {"a launch starts afresh",
     {LAUNCH(1, falcon, artemis, 500), EXPLOSION(2, frozen),
      LAUNCH(3, saturn, apollo, 100), FASTER(4, 11)},
     "saturn apollo 111 -, 3 to 4, 0 missing"},
    {"the highest speed wraps around to the lowest",
     {LAUNCH(1, falcon, artemis, INT64_MAX), FASTER(2, 1)},
     "falcon artemis -9223372036854775808 -, 1 to 2, 0 missing"},
    {"the lowest speed wraps around to the highest",
     {LAUNCH(1, falcon, artemis, INT64_MIN), FASTER(2, -1)},
     "falcon artemis 9223372036854775807 -, 1 to 2, 0 missing"},
    {"the highest number is accepted",
     {FASTER(MESSAGE_MAX_NUMBER, 1), FASTER(MESSAGE_MAX_NUMBER - 1, 1),
      FASTER(MESSAGE_MAX_NUMBER, 1)},
     "- - 2 -, 0 to 9007199254740991, 9007199254740989 missing"},
    {"a replaced mission is dropped",
     {LAUNCH(1, falcon, artemis, 500), MISSION(2, apollo)},
     "falcon apollo 500 -, 1 to 2, 0 missing, dropped artemis"},
    {"a repeated mission is dropped once",
     {MISSION(1, apollo), MISSION(2, apollo)},
     "- apollo 0 -, 0 to 2, 0 missing, dropped apollo"},
    {"a mission after an explosion is dropped",
     {EXPLOSION(1, frozen), MISSION(2, apollo)},
     "- - 0 frozen, 0 to 2, 0 missing, dropped apollo"},
    {"a launch drops all earlier strings",
     {LAUNCH(1, falcon, artemis, 500), EXPLOSION(2, frozen),
      LAUNCH(3, saturn, apollo, 500)},
     "saturn apollo 500 -, 3 to 3, 0 missing, dropped falcon artemis frozen"},
    {"joining runs drops strings without effect",
     {LAUNCH(1, falcon, artemis, 500), EXPLOSION(2, frozen), MISSION(4, gemini),
      EXPLOSION(5, pressure), MISSION(3, apollo)},
     "falcon artemis 500 frozen, 1 to 5, 0 missing, "
     "dropped apollo gemini pressure"},
};

/* A rocket, and the strings that the latest message made it drop. */
struct flight {
    struct rocket rocket;
    struct quota quota;
    struct rocket_change change;
};

static void begin(struct flight *flight)
{
    memset(flight, 0, sizeof(*flight));
    rocket_init(&flight->rocket);
    quota_init(&flight->quota, SIZE_MAX, 0);
}

static void end(struct flight *flight)
{
    rocket_release(&flight->rocket, &flight->quota);
    assert_int_equal(quota_used(&flight->quota), 0);
}

static enum message_outcome apply(struct flight *flight, uint64_t number,
                                  struct effect effect)
{
    struct timestamp time = messages_time(number);

    if (effect.type != NULL)
        effect.created = time;
    return rocket_apply(&flight->rocket, &flight->quota, number, &time, &effect,
                        &flight->change);
}

/* Apply a change of the speed by 1, as expected. */
static void change(struct flight *flight, uint64_t number,
                   enum message_outcome expected)
{
    assert_int_equal(apply(flight, number, (struct effect){.speed = 1}),
                     expected);
}

static const char *name_of(const struct interned *string)
{
    return string == NULL ? "-" : string->name;
}

/* Write the rocket and what it dropped as the histories have it. */
static void write_rocket(const struct flight *flight, char out[256])
{
    const struct effect *state = rocket_state(&flight->rocket);
    const char *separator = ", dropped";
    int64_t launch =
        state->type == NULL ? 0 : state->created.seconds - MESSAGES_START;

    out +=
        sprintf(out, "%s %s %" PRId64 " %s, ", name_of(state->type),
                name_of(state->mission), state->speed, name_of(state->reason));
    out += sprintf(out, "%" PRId64 " to %" PRIu64 ", %" PRIu64 " missing",
                   launch, rocket_last_number(&flight->rocket),
                   rocket_missing(&flight->rocket));
    for (size_t i = 0; i < sizeof(strings) / sizeof(strings[0]); i++) {
        for (unsigned j = 0; j < flight->change.dropped.count; j++) {
            if (flight->change.dropped.strings[j] == strings[i]) {
                out += sprintf(out, "%s %s", separator, strings[i]->name);
                separator = "";
            }
        }
    }
}

static void assert_rocket(const struct flight *flight, const char *expected)
{
    char text[256];

    write_rocket(flight, text);
    assert_string_equal(text, expected);
}

/* A number that has been applied is a duplicate, and changes nothing. */
static void take_step(struct flight *flight, const struct step *steps,
                      size_t next)
{
    struct rocket before = flight->rocket;
    const struct step *step = &steps[next];
    enum message_outcome expected = MESSAGE_APPLIED;

    for (size_t i = 0; i < next; i++) {
        if (steps[i].number == step->number)
            expected = MESSAGE_DUPLICATE;
    }
    assert_int_equal(rocket_check(&flight->rocket, step->number), expected);
    assert_int_equal(apply(flight, step->number, step->effect), expected);
    if (expected == MESSAGE_DUPLICATE)
        assert_memory_equal(&flight->rocket, &before, sizeof(before));
}

static void histories_give_the_expected_rockets(void **context)
{
    (void)context;
    for (size_t i = 0; i < sizeof(histories) / sizeof(histories[0]); i++) {
        const struct history *history = &histories[i];
        struct flight flight;

        print_message("%s\n", history->claim);
        begin(&flight);
        for (size_t j = 0; j < MAX_STEPS && history->steps[j].number != 0; j++)
            take_step(&flight, history->steps, j);
        assert_rocket(&flight, history->rocket);
        end(&flight);
    }
}

static void every_outcome_has_its_own_name(void **context)
{
    (void)context;
    assert_true(
        text_equal(message_outcome_name(MESSAGE_APPLIED), TEXT("applied")));
    assert_true(
        text_equal(message_outcome_name(MESSAGE_DUPLICATE), TEXT("duplicate")));
    assert_true(text_equal(message_outcome_name(MESSAGE_STALE), TEXT("stale")));
    assert_true(
        text_equal(message_outcome_name(MESSAGE_NO_MEMORY), TEXT("no_memory")));
}

/* Both leave a zeroed rocket, whatever its memory contained. */
static void init_and_release_zero_the_rocket(void **context)
{
    static const struct rocket nothing;
    struct flight *flight = *context;
    struct rocket *rocket = &flight->rocket;

    memset(rocket, 0xff, sizeof(*rocket));
    rocket_init(rocket);
    assert_memory_equal(rocket, &nothing, sizeof(nothing));
    change(flight, 1, MESSAGE_APPLIED);
    change(flight, 3, MESSAGE_APPLIED);
    rocket_release(rocket, &flight->quota);
    assert_memory_equal(rocket, &nothing, sizeof(nothing));
}

static void updated_is_the_time_of_the_highest_number(void **context)
{
    struct flight *flight = *context;
    struct timestamp early = messages_time(0), late = messages_time(1000);
    struct effect effect = {.speed = 1};

    rocket_apply(&flight->rocket, &flight->quota, 7, &early, &effect,
                 &flight->change);
    rocket_apply(&flight->rocket, &flight->quota, 3, &late, &effect,
                 &flight->change);
    assert_memory_equal(&flight->rocket.updated, &early, sizeof(early));
}

/* Memory. */

static int64_t speed_of(const struct flight *flight)
{
    return rocket_state(&flight->rocket)->speed;
}

static void messages_in_order_take_no_memory(void **context)
{
    struct flight *flight = *context;

    for (uint64_t number = 1; number <= 10000; number++) {
        change(flight, number, MESSAGE_APPLIED);
        assert_int_equal(quota_used(&flight->quota), 0);
    }
    assert_int_equal(speed_of(flight), 10000);
    assert_int_equal(runs_count(&flight->rocket.runs), 1);
}

/* A few gaps take little, and rockets, of which there may be millions, too. */
static void few_runs_take_one_small_block(void **context)
{
    struct flight *flight = *context;

    assert_in_range(sizeof(struct rocket), 1, 96);
    for (uint64_t number = 1; number <= 7; number += 2)
        change(flight, number, MESSAGE_APPLIED);
    assert_in_range(quota_used(&flight->quota), 1,
                    4 * sizeof(struct run) + 8 + QUOTA_OVERHEAD);
}

static void memory_is_freed_as_gaps_fill(void **context)
{
    enum { GAPS = 800 };
    struct flight *flight = *context;

    for (uint64_t i = 0; i <= GAPS; i++)
        change(flight, 1 + 2 * i, MESSAGE_APPLIED);
    size_t most = quota_used(&flight->quota);
    for (uint64_t i = 0; i < GAPS; i++) {
        if (i == GAPS - 10)
            assert_in_range(quota_used(&flight->quota), 1, most / 16);
        if (i == GAPS - 2) /* three runs, in room for twice as many */
            assert_in_range(quota_used(&flight->quota), 1,
                            8 * sizeof(struct run) + 8 + QUOTA_OVERHEAD);
        change(flight, 2 + 2 * i, MESSAGE_APPLIED);
    }
    assert_int_equal(quota_used(&flight->quota), 0);
    assert_int_equal(speed_of(flight), 2 * GAPS + 1);
}

static void out_of_memory_changes_nothing(void **context)
{
    struct flight *flight = *context;
    struct effect relaunch = {.type = &saturn, .mission = &apollo};

    change(flight, 1, MESSAGE_APPLIED);
    flight->quota.limit = quota_used(&flight->quota);
    struct rocket before = flight->rocket;
    assert_int_equal(apply(flight, 3, relaunch), MESSAGE_NO_MEMORY);
    assert_memory_equal(&flight->rocket, &before, sizeof(before));
    assert_rocket(flight, "- - 1 -, 0 to 1, 0 missing, dropped saturn apollo");
    flight->quota.limit = SIZE_MAX;
    assert_int_equal(apply(flight, 3, relaunch), MESSAGE_APPLIED);
    assert_rocket(flight, "saturn apollo 0 -, 3 to 3, 1 missing");
}

static void extending_and_joining_runs_need_no_memory(void **context)
{
    struct flight *flight = *context;
    uint64_t refused = 5; /* the first number that needs memory */

    change(flight, 1, MESSAGE_APPLIED);
    change(flight, 3, MESSAGE_APPLIED);
    flight->quota.limit = quota_used(&flight->quota);
    while (apply(flight, refused, (struct effect){.speed = 1}) ==
           MESSAGE_APPLIED)
        refused += 2;
    assert_in_range(refused, 7, 2 * ROCKET_MAX_RUNS);
    change(flight, refused - 1, MESSAGE_APPLIED);
    change(flight, refused, MESSAGE_APPLIED);
    for (uint64_t number = 2; number < refused - 1; number += 2)
        change(flight, number, MESSAGE_APPLIED);
    assert_int_equal(speed_of(flight), refused);
    assert_int_equal(quota_used(&flight->quota), 0);
}

/* The limit of runs. */

/*
 * Make ROCKET_MAX_RUNS runs of one number each: 11, 13, 15 ... and one more, so
 * that 12 is given up. Returns its number.
 */
static uint64_t exceed_runs(struct flight *flight)
{
    uint64_t number = 11;

    for (unsigned i = 0; i < ROCKET_MAX_RUNS; i++, number += 2)
        change(flight, number, MESSAGE_APPLIED);
    assert_int_equal(runs_count(&flight->rocket.runs), ROCKET_MAX_RUNS);
    assert_int_equal(flight->rocket.floor, 0);
    change(flight, number, MESSAGE_APPLIED);
    assert_int_equal(runs_count(&flight->rocket.runs), ROCKET_MAX_RUNS);
    assert_int_equal(flight->rocket.floor, 12);
    assert_int_equal(speed_of(flight), ROCKET_MAX_RUNS + 1);
    return number;
}

static void one_run_too_many_gives_up_the_lowest_gap(void **context)
{
    struct flight *flight = *context;
    uint64_t last = exceed_runs(flight);
    uint64_t missing = last - ROCKET_MAX_RUNS - 1;

    assert_int_equal(rocket_missing(&flight->rocket), missing);
    change(flight, 11, MESSAGE_STALE);
    change(flight, 12, MESSAGE_STALE);
    change(flight, 13, MESSAGE_DUPLICATE);
    assert_int_equal(rocket_missing(&flight->rocket), missing);
    change(flight, 14, MESSAGE_APPLIED);
    assert_int_equal(rocket_missing(&flight->rocket), missing - 1);
}

static void numbers_below_the_first_run_are_never_given_up(void **context)
{
    struct flight *flight = *context;

    exceed_runs(flight);
    change(flight, 10, MESSAGE_APPLIED);
    change(flight, 1, MESSAGE_APPLIED);
    assert_int_equal(speed_of(flight), ROCKET_MAX_RUNS + 3);
}

/* Two gaps are given up; only the first of a rocket is reported. */
static void first_gap_given_up_is_reported_once(void **context)
{
    struct flight *flight = *context;
    uint64_t last = exceed_runs(flight);

    assert_int_equal(flight->change.first_given_up, 12);
    assert_int_equal(flight->change.last_given_up, 12);
    change(flight, last + 2, MESSAGE_APPLIED);
    assert_int_equal(flight->rocket.floor, 14);
    assert_int_equal(flight->change.first_given_up, 0);
    assert_int_equal(flight->change.last_given_up, 0);
}

/* The gap is reported as a whole, and messages that give up none report none.
 */
static void gap_of_many_numbers_is_reported_by_its_ends(void **context)
{
    struct flight *flight = *context;
    uint64_t number = 3;

    for (unsigned i = 0; i <= ROCKET_MAX_RUNS; i++, number += 1000) {
        assert_int_equal(flight->rocket.floor, 0);
        change(flight, number, MESSAGE_APPLIED);
        assert_int_equal(flight->change.first_given_up,
                         i < ROCKET_MAX_RUNS ? 0 : 4);
        assert_int_equal(flight->change.last_given_up,
                         i < ROCKET_MAX_RUNS ? 0 : 1002);
    }
}

static void floor_never_decreases(void **context)
{
    struct flight *flight = *context;

    exceed_runs(flight);
    change(flight, 5, MESSAGE_APPLIED);
    assert_int_equal(flight->rocket.floor, 12);
    change(flight, 12, MESSAGE_STALE);
    change(flight, 7, MESSAGE_STALE);
    assert_int_equal(runs_count(&flight->rocket.runs), ROCKET_MAX_RUNS);
}

static void memory_of_a_rocket_is_bounded(void **context)
{
    struct flight *flight = *context;
    uint64_t last = exceed_runs(flight);
    size_t most = quota_used(&flight->quota);

    /* Runs at the end fill half of each node; then there are inner nodes. */
    assert_in_range(most, ROCKET_MAX_RUNS * sizeof(struct run),
                    ROCKET_MAX_RUNS * sizeof(struct run) * 9 / 4);
    for (unsigned i = 0; i < 5000; i++) {
        last += 2;
        change(flight, last, MESSAGE_APPLIED);
        assert_in_range(quota_used(&flight->quota), 1, most + most / 100);
    }
}

static int set_up(void **context)
{
    static struct flight flight;

    begin(&flight);
    *context = &flight;
    return 0;
}

static int tear_down(void **context)
{
    end(*context);
    return 0;
}

#define FLIGHT_TEST(test)                                                      \
    cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(histories_give_the_expected_rockets),
        cmocka_unit_test(every_outcome_has_its_own_name),
        FLIGHT_TEST(init_and_release_zero_the_rocket),
        FLIGHT_TEST(updated_is_the_time_of_the_highest_number),
        FLIGHT_TEST(messages_in_order_take_no_memory),
        FLIGHT_TEST(few_runs_take_one_small_block),
        FLIGHT_TEST(memory_is_freed_as_gaps_fill),
        FLIGHT_TEST(out_of_memory_changes_nothing),
        FLIGHT_TEST(extending_and_joining_runs_need_no_memory),
        FLIGHT_TEST(one_run_too_many_gives_up_the_lowest_gap),
        FLIGHT_TEST(numbers_below_the_first_run_are_never_given_up),
        FLIGHT_TEST(first_gap_given_up_is_reported_once),
        FLIGHT_TEST(gap_of_many_numbers_is_reported_by_its_ends),
        FLIGHT_TEST(floor_never_decreases),
        FLIGHT_TEST(memory_of_a_rocket_is_bounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
