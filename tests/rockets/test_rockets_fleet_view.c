/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What `rockets watch` knows of a fleet: which state of a rocket is newer,
 * rates between summaries, the feed.
 */
#include "lib/unit_check.h"

#include <math.h>

#include "clock.h"
#include "fleet_view.h"

#define NEAR(a, b) (fabs((a) - (b)) < 1e-9)

static struct fleet_view view;

static int clear_view(void **state)
{
    (void)state;
    memset(&view, 0, sizeof(view));
    return 0;
}

static struct rocket_state rocket_of(const char *id, double speed,
                                     double revision)
{
    struct rocket_state rocket = {.speed = speed, .revision = revision};

    snprintf(rocket.id, sizeof(rocket.id), "%s", id);
    return rocket;
}

static struct fleet_summary summary_of(double applied, double duplicate,
                                       double stale, double rejected)
{
    return (struct fleet_summary){.applied = applied,
                                  .duplicate = duplicate,
                                  .stale = stale,
                                  .rejected = rejected};
}

static int64_t at_ms(int64_t milliseconds)
{
    return 1000 * CLOCK_SECOND + milliseconds * CLOCK_MILLISECOND;
}

static void a_rocket_is_read_from_json(void **state)
{
    cJSON *json = cJSON_Parse(
        "{\"id\":\"a\",\"type\":null,\"speed\":-7,\"mission\":\"M\","
        "\"status\":\"exploded\",\"reason\":\"R\",\"createdAt\":null,"
        "\"updatedAt\":\"U\",\"lastMessageNumber\":9,\"missingMessages\":2,"
        "\"revision\":9007199254740991,\"later\":[]}");
    struct rocket_state rocket;

    (void)state;
    assert_true(rocket_state_read(&rocket, json));
    assert_string_equal(rocket.id, "a");
    assert_string_equal(rocket.type, "");
    assert_string_equal(rocket.mission, "M");
    assert_string_equal(rocket.reason, "R");
    assert_string_equal(rocket.created, "");
    assert_string_equal(rocket.updated, "U");
    assert_true(rocket.speed == -7 && rocket.last_number == 9);
    assert_true(rocket.missing == 2 && rocket.revision == 9007199254740991.0);
    assert_true(rocket.exploded);
    cJSON_Delete(json);
}

static void what_is_no_rocket_is_refused(void **state)
{
    static const char *const TEXTS[] = {"{}", "[]", "1", "{\"id\":\"\"}",
                                        "{\"id\":7}"};
    char text[ROCKET_STATE_ID_SIZE + 32];
    struct rocket_state rocket;
    cJSON *json;

    (void)state;
    for (size_t i = 0; i < COUNT(TEXTS); i++) {
        json = cJSON_Parse(TEXTS[i]);
        assert_false(rocket_state_read(&rocket, json));
        cJSON_Delete(json);
    }
    assert_false(rocket_state_read(&rocket, NULL));
    /* An id that is cut would be another one. */
    for (int length = ROCKET_STATE_ID_SIZE - 1; length <= ROCKET_STATE_ID_SIZE;
         length++) {
        snprintf(text, sizeof(text), "{\"id\":\"%0*d\"}", length, 0);
        json = cJSON_Parse(text);
        assert_int_equal(rocket_state_read(&rocket, json),
                         length < ROCKET_STATE_ID_SIZE);
        cJSON_Delete(json);
    }
}

static void the_newer_state_of_a_row_stays(void **state)
{
    const struct rocket_state list[] = {rocket_of("a", 10, 5),
                                        rocket_of("b", 9, 6)};
    const struct rocket_state reordered[] = {rocket_of("c", 30, 9),
                                             rocket_of("a", 10, 5)};
    struct rocket_state rocket = rocket_of("a", 20, 7);

    (void)state;
    fleet_view_list(&view, list, 2);
    fleet_view_update(&view, &rocket);
    assert_true(view.rows[0].speed == 20);
    /* An event that a resume repeats. */
    rocket = rocket_of("a", 15, 6);
    fleet_view_update(&view, &rocket);
    assert_true(view.rows[0].speed == 20);
    /* Another rocket does not get into the table. */
    rocket = rocket_of("x", 99, 99);
    fleet_view_update(&view, &rocket);
    assert_int_equal(view.row_count, 2);
    /* An event has overtaken the list, which has another order. */
    fleet_view_list(&view, reordered, 2);
    assert_string_equal(view.rows[0].id, "c");
    assert_string_equal(view.rows[1].id, "a");
    assert_true(view.rows[1].speed == 20);
    /* In another history of the state its revisions say nothing. */
    fleet_view_restart(&view);
    assert_int_equal(view.row_count, 0);
    fleet_view_list(&view, list, 2);
    assert_true(view.rows[0].speed == 10);
}

static void rates_are_between_two_summaries(void **state)
{
    struct fleet_summary summary = summary_of(1000, 50, 3, 2);
    struct fleet_rates rates;

    (void)state;
    fleet_view_connected(&view, at_ms(0));
    assert_false(fleet_view_rates(&view, at_ms(0), &rates));
    fleet_view_summarize(&view, &summary, at_ms(1000));
    assert_false(fleet_view_rates(&view, at_ms(1000), &rates));
    summary = summary_of(1080, 60, 8, 7);
    fleet_view_summarize(&view, &summary, at_ms(3000));
    assert_true(fleet_view_rates(&view, at_ms(3000), &rates));
    assert_true(NEAR(rates.messages, 50) && NEAR(rates.duplicate, 0.1));
    assert_true(NEAR(rates.stale, 0.05) && NEAR(rates.rejected, 0.05));
    /* Too soon after the last one: the rate stays. */
    summary = summary_of(5080, 60, 8, 7);
    fleet_view_summarize(&view, &summary, at_ms(3100));
    assert_true(fleet_view_rates(&view, at_ms(3100), &rates));
    assert_true(NEAR(rates.messages, 50));
    assert_true(view.summary.applied == 5080);
    /* Then those messages count too. */
    summary = summary_of(5180, 60, 8, 7);
    fleet_view_summarize(&view, &summary, at_ms(4000));
    assert_true(fleet_view_rates(&view, at_ms(4000), &rates));
    assert_true(NEAR(rates.messages, 4100) && NEAR(rates.duplicate, 0));
    /* The service sends a summary only if it differs. */
    assert_true(fleet_view_rates(&view, at_ms(6999), &rates));
    assert_true(NEAR(rates.messages, 4100));
    assert_true(fleet_view_rates(&view, at_ms(7000), &rates));
    assert_true(rates.messages == 0 && rates.duplicate == 0);
}

/* It may be from the time when somebody else watched. */
static void a_summary_right_after_the_connection_gives_no_rate(void **state)
{
    struct fleet_summary summary = summary_of(100, 0, 0, 0);
    struct fleet_rates rates;

    (void)state;
    fleet_view_connected(&view, at_ms(0));
    fleet_view_summarize(&view, &summary, at_ms(1));
    summary = summary_of(100000, 0, 0, 0);
    fleet_view_summarize(&view, &summary, at_ms(1000));
    assert_false(fleet_view_rates(&view, at_ms(1000), &rates));
    summary = summary_of(100100, 0, 0, 0);
    fleet_view_summarize(&view, &summary, at_ms(2000));
    assert_true(fleet_view_rates(&view, at_ms(2000), &rates));
    assert_true(NEAR(rates.messages, 100));
    /*
     * After a reconnection, perhaps to another instance that has processed
     * more, the rate is the last one until two new summaries have come.
     */
    fleet_view_connected(&view, at_ms(3000));
    summary = summary_of(100200, 0, 0, 0);
    fleet_view_summarize(&view, &summary, at_ms(3001));
    summary = summary_of(900400, 0, 0, 0);
    fleet_view_summarize(&view, &summary, at_ms(4000));
    assert_true(fleet_view_rates(&view, at_ms(4000), &rates));
    assert_true(NEAR(rates.messages, 100));
    summary = summary_of(900550, 0, 0, 0);
    fleet_view_summarize(&view, &summary, at_ms(5000));
    assert_true(fleet_view_rates(&view, at_ms(5000), &rates));
    assert_true(NEAR(rates.messages, 150));
}

static void counters_of_a_new_process_give_no_negative_rate(void **state)
{
    struct fleet_summary summary = summary_of(1000, 0, 0, 0);
    struct fleet_rates rates;

    (void)state;
    for (int i = 1; i <= 2; i++)
        fleet_view_summarize(&view, &summary, at_ms(i * INT64_C(1000)));
    assert_true(fleet_view_rates(&view, at_ms(2000), &rates));
    summary = summary_of(10, 0, 0, 0);
    fleet_view_summarize(&view, &summary, at_ms(3000));
    assert_false(fleet_view_rates(&view, at_ms(3000), &rates));
    summary = summary_of(30, 0, 0, 0);
    fleet_view_summarize(&view, &summary, at_ms(4000));
    assert_true(fleet_view_rates(&view, at_ms(4000), &rates));
    assert_true(NEAR(rates.messages, 20));
}

static void a_restart_forgets_the_counters(void **state)
{
    struct fleet_summary summary = summary_of(1000, 0, 0, 0);
    struct fleet_rates rates;

    (void)state;
    for (int i = 1; i <= 2; i++)
        fleet_view_summarize(&view, &summary, at_ms(i * INT64_C(1000)));
    fleet_view_restart(&view);
    assert_false(fleet_view_rates(&view, at_ms(9000), &rates));
    /* More than before, so the counters alone do not tell. */
    summary = summary_of(5000, 0, 0, 0);
    fleet_view_summarize(&view, &summary, at_ms(9000));
    assert_false(fleet_view_rates(&view, at_ms(9000), &rates));
}

static void the_feed_keeps_the_newest(void **state)
{
    const size_t count = 2 * FLEET_VIEW_FEED + 3;

    (void)state;
    assert_null(fleet_view_entry(&view, 0));
    for (size_t i = 0; i < count; i++) {
        struct rocket_state rocket = rocket_of("a", (double)i, 1);

        fleet_view_feed(&view, FEED_LAUNCHED, &rocket, 1, (time_t)i);
        assert_true(fleet_view_entry(&view, 0)->rocket.speed == (double)i);
    }
    for (size_t i = 0; i < FLEET_VIEW_FEED; i++)
        assert_int_equal(fleet_view_entry(&view, i)->time, count - 1 - i);
    assert_null(fleet_view_entry(&view, FLEET_VIEW_FEED));
}

#define VIEW_TEST(test) cmocka_unit_test_setup(test, clear_view)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_rocket_is_read_from_json),
        cmocka_unit_test(what_is_no_rocket_is_refused),
        VIEW_TEST(the_newer_state_of_a_row_stays),
        VIEW_TEST(rates_are_between_two_summaries),
        VIEW_TEST(a_summary_right_after_the_connection_gives_no_rate),
        VIEW_TEST(counters_of_a_new_process_give_no_negative_rate),
        VIEW_TEST(a_restart_forgets_the_counters),
        VIEW_TEST(the_feed_keeps_the_newest),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
