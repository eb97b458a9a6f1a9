/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The traffic that `rockets` makes, and the plans by which it is sent.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>

#include <cmocka.h>
#include <cjson/cJSON.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/openapi.h"
#include "plan.h"
#include "traffic.h"

static const struct traffic_options DEFAULTS = {
    .seed = 444, .rockets = 20, .messages = 100000};

static struct traffic make(uint64_t seed, uint32_t rockets, uint32_t messages)
{
    struct traffic_options options = {seed, rockets, messages};
    struct traffic traffic;

    assert_int_equal(traffic_init(&traffic, &options), 0);
    return traffic;
}

static struct plan make_plan(const struct traffic *traffic, uint32_t shuffle,
                             double duplicates, bool drop_launch)
{
    struct plan_options options = {444, shuffle, duplicates, drop_launch};
    struct plan plan;

    assert_int_equal(plan_init(&plan, traffic, &options), 0);
    return plan;
}

/* FNV-1a over all texts, each with a LF, so that lengths count too. */
static uint64_t hash_texts(const struct traffic *traffic)
{
    char text[TRAFFIC_TEXT_SIZE];
    uint64_t hash = UINT64_C(0xcbf29ce484222325);

    for (uint32_t i = 0; i < traffic->message_count; i++) {
        size_t length = traffic_render(traffic, &traffic->messages[i], text);

        assert_int_equal(length, strlen(text));
        text[length++] = '\n';
        for (size_t j = 0; j < length; j++)
            hash = (hash ^ (unsigned char)text[j]) * UINT64_C(0x100000001b3);
    }
    return hash;
}

static void same_seed_gives_the_same_bytes(void **state)
{
    struct traffic once = make(444, 20, 10000);
    struct traffic again = make(444, 20, 10000);
    struct traffic other = make(445, 20, 10000);

    (void)state;
    assert_true(hash_texts(&once) == hash_texts(&again));
    assert_true(hash_texts(&once) != hash_texts(&other));
    traffic_release(&once);
    traffic_release(&again);
    traffic_release(&other);
}

/* Users compare runs of different versions with the same seed. */
static void default_traffic_never_changes(void **state)
{
    struct traffic traffic = make(444, 20, 100000);

    (void)state;
    uint64_t hash = hash_texts(&traffic);
    if (hash != UINT64_C(0x55cedf6bce1a834f))
        fail_msg("the hash is now 0x%" PRIx64, hash);
    traffic_release(&traffic);
}

static void a_message_is_written_as_the_original_writes_it(void **state)
{
    static const struct {
        struct traffic_message message;
        const char *text;
    } CASES[] = {
        {{.number = 1,
          .time = INT64_C(1743578510458989221),
          .type = TRAFFIC_LAUNCHED,
          .rocket_type = 2,
          .speed = 500},
         "{\"metadata\":{\"channel\":\"0e9e9df5-38fd-52e2-916f-c858b9eb4ea5\","
         "\"messageNumber\":1,\"messageType\":\"RocketLaunched\","
         "\"messageTime\":\"2025-04-02T09:21:50.458989221+02:00\"},"
         "\"message\":{\"type\":\"Atlas-H\",\"launchSpeed\":500,"
         "\"mission\":\"APOLLO\"}}"},
        {{.number = 2,
          .time = INT64_C(1743578510400000000),
          .type = TRAFFIC_SPEED_DECREASED,
          .speed = 1500},
         "{\"metadata\":{\"channel\":\"0e9e9df5-38fd-52e2-916f-c858b9eb4ea5\","
         "\"messageNumber\":2,\"messageType\":\"RocketSpeedDecreased\","
         "\"messageTime\":\"2025-04-02T09:21:50.4+02:00\"},"
         "\"message\":{\"by\":1500}}"},
        {{.number = 3,
          .time = INT64_C(1743578511000000000),
          .type = TRAFFIC_EXPLODED,
          .reason = 1},
         "{\"metadata\":{\"channel\":\"0e9e9df5-38fd-52e2-916f-c858b9eb4ea5\","
         "\"messageNumber\":3,\"messageType\":\"RocketExploded\","
         "\"messageTime\":\"2025-04-02T09:21:51+02:00\"},"
         "\"message\":{\"reason\":\"FROZEN_O_RINGS\"}}"},
        {{.number = 4,
          .time = INT64_C(1743638400000000001),
          .type = TRAFFIC_MISSION_CHANGED,
          .mission = 6},
         "{\"metadata\":{\"channel\":\"0e9e9df5-38fd-52e2-916f-c858b9eb4ea5\","
         "\"messageNumber\":4,\"messageType\":\"RocketMissionChanged\","
         "\"messageTime\":\"2025-04-03T02:00:00.000000001+02:00\"},"
         "\"message\":{\"newMission\":\"SKYLAB\"}}"},
    };
    struct traffic_rocket rocket = {"0e9e9df5-38fd-52e2-916f-c858b9eb4ea5"};
    struct traffic traffic = {.rockets = &rocket, .rocket_count = 1};
    char text[TRAFFIC_TEXT_SIZE];

    (void)state;
    for (size_t i = 0; i < sizeof(CASES) / sizeof(CASES[0]); i++) {
        traffic_render(&traffic, &CASES[i].message, text);
        assert_string_equal(text, CASES[i].text);
    }
}

static void every_text_is_json(void **state)
{
    struct traffic traffic = make(7, 20, 2000);
    char text[TRAFFIC_TEXT_SIZE];

    (void)state;
    for (uint32_t i = 0; i < traffic.message_count; i++) {
        cJSON *json;

        traffic_render(&traffic, &traffic.messages[i], text);
        json = cJSON_Parse(text);
        assert_non_null(json);
        cJSON_Delete(json);
    }
    traffic_release(&traffic);
}

/* The types of the service, as its document lists them. */
static void every_type_is_sent(void **state)
{
    struct openapi_names types = openapi_message_types();
    struct traffic traffic = make(444, 20, 2000);
    size_t sent[OPENAPI_MAX_NAMES] = {0};
    char text[TRAFFIC_TEXT_SIZE];

    (void)state;
    assert_true(types.count > 0);
    for (uint32_t i = 0; i < traffic.message_count; i++) {
        traffic_render(&traffic, &traffic.messages[i], text);
        for (size_t j = 0; j < types.count; j++) {
            char member[OPENAPI_NAME_SIZE + 20];
            snprintf(member, sizeof(member), "\"messageType\":\"%s\"",
                     types.names[j]);
            sent[j] += strstr(text, member) != NULL;
        }
    }
    for (size_t j = 0; j < types.count; j++) {
        if (sent[j] == 0)
            fail_msg("no %s is sent", types.names[j]);
    }
    traffic_release(&traffic);
}

static void ids_are_distinct_uuids_of_version_5(void **state)
{
    struct traffic traffic = make(444, 100, 1000);

    (void)state;
    for (uint32_t i = 0; i < traffic.rocket_count; i++) {
        const char *id = traffic.rockets[i].id;

        assert_int_equal(strlen(id), 36);
        assert_int_equal(strspn(id, "0123456789abcdef-"), 36);
        assert_true(id[8] == '-' && id[13] == '-' && id[18] == '-' &&
                    id[23] == '-');
        assert_int_equal(id[14], '5');
        assert_non_null(strchr("89ab", id[19]));
        for (uint32_t j = 0; j < i; j++)
            assert_string_not_equal(id, traffic.rockets[j].id);
    }
    traffic_release(&traffic);
}

static void counts_are_those_of_the_options(void **state)
{
    static const struct {
        uint32_t rockets, messages, expected_rockets;
    } CASES[] = {{20, 100000, 20}, {20, 20, 20},      {20, 21, 20},
                 {20, 5, 5},       {1, 1, 1},         {1, 1000, 1},
                 {7, 1003, 7},     {1000, 5000, 1000}};

    (void)state;
    for (size_t i = 0; i < sizeof(CASES) / sizeof(CASES[0]); i++) {
        struct traffic traffic = make(i, CASES[i].rockets, CASES[i].messages);
        uint32_t *last = calloc(traffic.rocket_count, sizeof(*last));
        uint32_t sum = 0;

        assert_non_null(last);
        assert_int_equal(traffic.rocket_count, CASES[i].expected_rockets);
        assert_int_equal(traffic.message_count, CASES[i].messages);
        for (uint32_t j = 0; j < traffic.message_count; j++)
            last[traffic.messages[j].rocket] = traffic.messages[j].number;
        for (uint32_t j = 0; j < traffic.rocket_count; j++) {
            assert_true(last[j] >= 1);
            sum += last[j];
        }
        assert_int_equal(sum, CASES[i].messages);
        free(last);
        traffic_release(&traffic);
    }
}

static void numbers_have_no_gaps_and_start_with_the_launch(void **state)
{
    struct traffic traffic = make(444, 20, 100000);
    uint32_t last[20] = {0};

    (void)state;
    for (uint32_t i = 0; i < traffic.message_count; i++) {
        const struct traffic_message *message = &traffic.messages[i];

        assert_int_equal(message->number, ++last[message->rocket]);
        assert_int_equal(message->type == TRAFFIC_LAUNCHED,
                         message->number == 1);
    }
    traffic_release(&traffic);
}

static void times_increase(void **state)
{
    struct traffic traffic = make(444, 20, 100000);

    (void)state;
    for (uint32_t i = 1; i < traffic.message_count; i++)
        assert_true(traffic.messages[i].time > traffic.messages[i - 1].time);
    traffic_release(&traffic);
}

static void nothing_follows_an_explosion(void **state)
{
    (void)state;
    for (uint64_t seed = 0; seed < 20; seed++) {
        struct traffic traffic = make(seed, 20, 10000);
        bool exploded[20] = {false};
        int explosions = 0;

        for (uint32_t i = 0; i < traffic.message_count; i++) {
            const struct traffic_message *message = &traffic.messages[i];

            assert_false(exploded[message->rocket]);
            if (message->type == TRAFFIC_EXPLODED) {
                exploded[message->rocket] = true;
                explosions++;
            }
        }
        assert_int_equal(explosions, 6);
        traffic_release(&traffic);
    }
}

static void speeds_are_multiples_of_500_and_at_least_500(void **state)
{
    struct traffic traffic = make(444, 20, 100000);
    int64_t speed[20] = {0};

    (void)state;
    for (uint32_t i = 0; i < traffic.message_count; i++) {
        const struct traffic_message *message = &traffic.messages[i];
        int64_t change = message->speed;

        assert_int_equal(change % 500, 0);
        if (message->type == TRAFFIC_SPEED_INCREASED ||
            message->type == TRAFFIC_SPEED_DECREASED)
            assert_true(change >= 500);
        if (message->type == TRAFFIC_SPEED_DECREASED)
            change = -change;
        speed[message->rocket] += change;
        assert_true(speed[message->rocket] >= 500);
    }
    traffic_release(&traffic);
}

static void a_changed_mission_is_another_one(void **state)
{
    struct traffic traffic = make(444, 20, 20000);
    uint8_t mission[20] = {0};

    (void)state;
    for (uint32_t i = 0; i < traffic.message_count; i++) {
        const struct traffic_message *message = &traffic.messages[i];

        if (message->type == TRAFFIC_MISSION_CHANGED)
            assert_int_not_equal(message->mission, mission[message->rocket]);
        if (message->type == TRAFFIC_MISSION_CHANGED ||
            message->type == TRAFFIC_LAUNCHED)
            mission[message->rocket] = message->mission;
    }
    traffic_release(&traffic);
}

/* As in the original, where the longest flight has about 6,500 messages. */
static void flights_differ_in_length(void **state)
{
    struct traffic traffic;
    uint32_t last[20] = {0};
    uint32_t shortest = UINT32_MAX;
    uint32_t longest = 0;

    (void)state;
    assert_int_equal(traffic_init(&traffic, &DEFAULTS), 0);
    for (uint32_t i = 0; i < traffic.message_count; i++)
        last[traffic.messages[i].rocket] = traffic.messages[i].number;
    for (int i = 0; i < 20; i++) {
        shortest = last[i] < shortest ? last[i] : shortest;
        longest = last[i] > longest ? last[i] : longest;
    }
    assert_in_range(longest, 5500, 7500);
    assert_true(shortest < longest * 2 / 3);
    traffic_release(&traffic);
}

static void a_plain_plan_is_the_traffic_in_its_order(void **state)
{
    struct traffic traffic = make(444, 20, 1000);
    struct plan plan = make_plan(&traffic, 0, 0, false);

    (void)state;
    assert_int_equal(plan.count, 1000);
    assert_int_equal(plan.duplicates, 0);
    for (uint32_t i = 0; i < 1000; i++)
        assert_int_equal(plan.order[i], i);
    plan_release(&plan);
    traffic_release(&traffic);
}

static void a_shuffle_stays_within_its_windows(void **state)
{
    struct traffic traffic = make(444, 20, 1030);
    struct plan plan = make_plan(&traffic, 100, 0, false);
    bool seen[1030] = {false};
    size_t moved = 0;

    (void)state;
    assert_int_equal(plan.count, 1030);
    for (uint32_t i = 0; i < 1030; i++) {
        assert_int_equal(plan.order[i] / 100, i / 100);
        assert_false(seen[plan.order[i]]);
        seen[plan.order[i]] = true;
        moved += plan.order[i] != i;
    }
    assert_true(moved > 900);
    plan_release(&plan);
    traffic_release(&traffic);
}

static void duplicates_follow_their_originals(void **state)
{
    struct traffic traffic = make(444, 20, 10000);
    struct plan plan = make_plan(&traffic, 500, 0.2, false);
    uint8_t times[10000] = {0};
    size_t first[10000] = {0};
    size_t repeated = 0;
    size_t distances = 0;

    (void)state;
    assert_int_equal(plan.count, 10000 + plan.duplicates);
    assert_in_range(plan.duplicates, 1800, 2200);
    for (size_t i = 0; i < plan.count; i++) {
        uint32_t message = plan.order[i];

        if (times[message]++ == 0) {
            first[message] = i;
            continue;
        }
        repeated++;
        distances += i - first[message];
    }
    assert_int_equal(repeated, plan.duplicates);
    /*
     * On average half of PLAN_MAX_DISTANCE, and a fifth more: duplicates of
     * other messages are in between.
     */
    assert_in_range(distances, repeated * PLAN_MAX_DISTANCE / 2,
                    repeated * PLAN_MAX_DISTANCE * 7 / 10);
    for (size_t i = 0; i < 10000; i++)
        assert_in_range(times[i], 1, 2);
    plan_release(&plan);
    traffic_release(&traffic);
}

static void duplicates_do_not_change_the_order_of_the_others(void **state)
{
    struct traffic traffic = make(444, 20, 5000);
    struct plan plain = make_plan(&traffic, 50, 0, false);
    struct plan doubled = make_plan(&traffic, 50, 1, false);
    bool seen[5000] = {false};
    size_t next = 0;

    (void)state;
    assert_int_equal(doubled.count, 10000);
    for (size_t i = 0; i < doubled.count; i++) {
        if (seen[doubled.order[i]])
            continue;
        seen[doubled.order[i]] = true;
        assert_int_equal(doubled.order[i], plain.order[next++]);
    }
    plan_release(&plain);
    plan_release(&doubled);
    traffic_release(&traffic);
}

static void dropped_launches_are_never_sent(void **state)
{
    struct traffic traffic = make(444, 20, 1000);
    struct plan plan = make_plan(&traffic, 30, 0.5, true);

    (void)state;
    assert_int_equal(plan.count, 980 + plan.duplicates);
    for (size_t i = 0; i < plan.count; i++)
        assert_int_not_equal(traffic.messages[plan.order[i]].number, 1);
    plan_release(&plan);
    traffic_release(&traffic);
}

static void a_plan_can_be_empty(void **state)
{
    struct traffic traffic = make(444, 20, 20);
    struct plan plan = make_plan(&traffic, 10, 0.5, true);

    (void)state;
    assert_int_equal(plan.count, 0);
    plan_release(&plan);
    traffic_release(&traffic);
}

static void same_seed_gives_the_same_plan(void **state)
{
    struct traffic traffic = make(444, 20, 5000);
    struct plan once = make_plan(&traffic, 500, 0.2, true);
    struct plan again = make_plan(&traffic, 500, 0.2, true);

    (void)state;
    assert_int_equal(once.count, again.count);
    assert_memory_equal(once.order, again.order,
                        once.count * sizeof(*once.order));
    plan_release(&once);
    plan_release(&again);
    traffic_release(&traffic);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(same_seed_gives_the_same_bytes),
        cmocka_unit_test(default_traffic_never_changes),
        cmocka_unit_test(a_message_is_written_as_the_original_writes_it),
        cmocka_unit_test(every_text_is_json),
        cmocka_unit_test(every_type_is_sent),
        cmocka_unit_test(ids_are_distinct_uuids_of_version_5),
        cmocka_unit_test(counts_are_those_of_the_options),
        cmocka_unit_test(numbers_have_no_gaps_and_start_with_the_launch),
        cmocka_unit_test(times_increase),
        cmocka_unit_test(nothing_follows_an_explosion),
        cmocka_unit_test(speeds_are_multiples_of_500_and_at_least_500),
        cmocka_unit_test(a_changed_mission_is_another_one),
        cmocka_unit_test(flights_differ_in_length),
        cmocka_unit_test(a_plain_plan_is_the_traffic_in_its_order),
        cmocka_unit_test(a_shuffle_stays_within_its_windows),
        cmocka_unit_test(duplicates_follow_their_originals),
        cmocka_unit_test(duplicates_do_not_change_the_order_of_the_others),
        cmocka_unit_test(dropped_launches_are_never_sent),
        cmocka_unit_test(a_plan_can_be_empty),
        cmocka_unit_test(same_seed_gives_the_same_plan),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
