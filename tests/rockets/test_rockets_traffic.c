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

static struct traffic make(uint64_t seed, uint32_t rockets, uint32_t messages)
{
    struct traffic_options options = {seed, rockets, messages};
    struct traffic traffic;

    assert_int_equal(traffic_init(&traffic, &options), 0);
    return traffic;
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

/* Users compare runs of different versions with the same seed. */
static void default_traffic_never_changes(void **state)
{
    struct traffic traffic = make(444, 20, 100000);
    struct traffic other = make(445, 20, 100000);
    uint64_t hash = hash_texts(&traffic);

    (void)state;
    if (hash != UINT64_C(0x55cedf6bce1a834f))
        fail_msg("the hash is now 0x%" PRIx64, hash);
    assert_true(hash_texts(&other) != hash);
    traffic_release(&traffic);
    traffic_release(&other);
}

static void a_message_is_written_as_the_original_writes_it(void **state)
{
    static const struct {
        struct traffic_message message;
        const char *text; /* from messageNumber on */
    } CASES[] = {
        {{.number = 1,
          .time = INT64_C(1743578510458989221),
          .type = TRAFFIC_LAUNCHED,
          .rocket_type = 2,
          .speed = 500},
         "\"messageNumber\":1,\"messageType\":\"RocketLaunched\","
         "\"messageTime\":\"2025-04-02T09:21:50.458989221+02:00\"},"
         "\"message\":{\"type\":\"Atlas-H\",\"launchSpeed\":500,"
         "\"mission\":\"APOLLO\"}}"},
        {{.number = 2,
          .time = INT64_C(1743578510400000000),
          .type = TRAFFIC_SPEED_DECREASED,
          .speed = 1500},
         "\"messageNumber\":2,\"messageType\":\"RocketSpeedDecreased\","
         "\"messageTime\":\"2025-04-02T09:21:50.4+02:00\"},"
         "\"message\":{\"by\":1500}}"},
        {{.number = 3,
          .time = INT64_C(1743578511000000000),
          .type = TRAFFIC_EXPLODED,
          .reason = 1},
         "\"messageNumber\":3,\"messageType\":\"RocketExploded\","
         "\"messageTime\":\"2025-04-02T09:21:51+02:00\"},"
         "\"message\":{\"reason\":\"FROZEN_O_RINGS\"}}"},
        {{.number = 4,
          .time = INT64_C(1743638400000000001),
          .type = TRAFFIC_MISSION_CHANGED,
          .mission = 6},
         "\"messageNumber\":4,\"messageType\":\"RocketMissionChanged\","
         "\"messageTime\":\"2025-04-03T02:00:00.000000001+02:00\"},"
         "\"message\":{\"newMission\":\"SKYLAB\"}}"},
    };
    struct traffic_rocket rocket = {"0e9e9df5-38fd-52e2-916f-c858b9eb4ea5"};
    struct traffic traffic = {.rockets = &rocket, .rocket_count = 1};
    char text[TRAFFIC_TEXT_SIZE], expected[TRAFFIC_TEXT_SIZE];

    (void)state;
    for (size_t i = 0; i < sizeof(CASES) / sizeof(CASES[0]); i++) {
        traffic_render(&traffic, &CASES[i].message, text);
        snprintf(expected, sizeof(expected),
                 "{\"metadata\":{\"channel\":\"%s\",%s", rocket.id,
                 CASES[i].text);
        assert_string_equal(text, expected);
    }
}

/* The types of the service, as its document lists them. */
static void every_text_is_json_and_every_type_is_sent(void **state)
{
    struct openapi_names types = openapi_message_types();
    struct traffic traffic = make(444, 20, 2000);
    size_t sent[OPENAPI_MAX_NAMES] = {0};
    char text[TRAFFIC_TEXT_SIZE];

    (void)state;
    assert_true(types.count > 0);
    for (uint32_t i = 0; i < traffic.message_count; i++) {
        traffic_render(&traffic, &traffic.messages[i], text);
        cJSON *json = cJSON_Parse(text);
        const char *type = cJSON_GetStringValue(cJSON_GetObjectItem(
            cJSON_GetObjectItem(json, "metadata"), "messageType"));
        assert_non_null(type);
        for (size_t j = 0; j < types.count; j++)
            sent[j] += strcmp(type, types.names[j]) == 0;
        cJSON_Delete(json);
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

enum { MAX_ROCKETS = 1000 };

/* A rocket after the messages so far. */
struct flight {
    uint32_t number;
    int64_t speed;
    uint8_t mission;
    bool exploded;
};

static void follow(struct flight *flight, const struct traffic_message *message)
{
    bool launched = message->type == TRAFFIC_LAUNCHED;
    bool increased = message->type == TRAFFIC_SPEED_INCREASED;
    bool decreased = message->type == TRAFFIC_SPEED_DECREASED;
    bool new_mission = message->type == TRAFFIC_MISSION_CHANGED;

    /* Numbers have no gaps and start with the launch. */
    assert_int_equal(message->number, ++flight->number);
    assert_int_equal(launched, message->number == 1);
    /* Nothing follows an explosion. */
    assert_false(flight->exploded);
    flight->exploded = message->type == TRAFFIC_EXPLODED;
    /* Speeds are multiples of 500, and at least 500. */
    assert_int_equal(message->speed % 500, 0);
    if (increased || decreased)
        assert_true(message->speed >= 500);
    flight->speed += decreased ? -(int64_t)message->speed : message->speed;
    assert_true(flight->speed >= 500);
    /* A changed mission is another one. */
    if (new_mission)
        assert_int_not_equal(message->mission, flight->mission);
    if (new_mission || launched)
        flight->mission = message->mission;
}

/* Returns how many rockets have exploded. */
static unsigned follow_all(const struct traffic *traffic,
                           struct flight flights[MAX_ROCKETS])
{
    unsigned explosions = 0;
    int64_t time = 0;

    memset(flights, 0, MAX_ROCKETS * sizeof(*flights));
    for (uint32_t i = 0; i < traffic->message_count; i++) {
        const struct traffic_message *message = &traffic->messages[i];

        assert_true(message->time > time);
        time = message->time;
        follow(&flights[message->rocket], message);
        explosions += message->type == TRAFFIC_EXPLODED;
    }
    return explosions;
}

static void flights_follow_the_rules(void **state)
{
    static const struct {
        uint32_t rockets, messages, expected_rockets;
    } cases[] = {{20, 100000, 20}, {20, 20, 20},      {20, 21, 20},
                 {20, 5, 5},       {1, 1, 1},         {1, 1000, 1},
                 {7, 1003, 7},     {1000, 5000, 1000}};
    static struct flight flights[MAX_ROCKETS];

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct traffic traffic = make(i, cases[i].rockets, cases[i].messages);

        assert_int_equal(traffic.rocket_count, cases[i].expected_rockets);
        assert_int_equal(traffic.message_count, cases[i].messages);
        follow_all(&traffic, flights);
        for (uint32_t j = 0; j < traffic.rocket_count; j++)
            assert_true(flights[j].number >= 1);
        traffic_release(&traffic);
    }
    for (uint64_t seed = 0; seed < 20; seed++) {
        struct traffic traffic = make(seed, 20, 10000);

        assert_int_equal(follow_all(&traffic, flights), 6);
        traffic_release(&traffic);
    }
}

/* As in the original, where the longest flight has about 6,500 messages. */
static void flights_differ_in_length(void **state)
{
    struct traffic traffic = make(444, 20, 100000);
    static struct flight flights[MAX_ROCKETS];
    uint32_t shortest = UINT32_MAX;
    uint32_t longest = 0;

    (void)state;
    follow_all(&traffic, flights);
    for (int i = 0; i < 20; i++) {
        uint32_t length = flights[i].number;

        shortest = length < shortest ? length : shortest;
        longest = length > longest ? length : longest;
    }
    assert_in_range(longest, 5500, 7500);
    assert_true(shortest < longest * 2 / 3);
    traffic_release(&traffic);
}

/* The traffic of 20 rockets, and a plan for it. */
struct planned {
    struct traffic traffic;
    struct plan plan;
};

static struct planned begin(uint32_t messages, uint32_t shuffle,
                            double duplicates, bool drop_launch)
{
    struct plan_options options = {444, shuffle, duplicates, drop_launch};
    struct planned planned = {.traffic = make(444, 20, messages)};

    assert_int_equal(plan_init(&planned.plan, &planned.traffic, &options), 0);
    return planned;
}

static void end(struct planned *planned)
{
    plan_release(&planned->plan);
    traffic_release(&planned->traffic);
}

/* Without one, the plan is the traffic in its order. */
static void a_shuffle_stays_within_its_windows(void **state)
{
    static const uint32_t shuffles[] = {0, 1, 100};

    (void)state;
    for (size_t i = 0; i < sizeof(shuffles) / sizeof(shuffles[0]); i++) {
        struct planned planned = begin(1030, shuffles[i], 0, false);
        const struct plan *plan = &planned.plan;
        uint32_t window = shuffles[i] == 0 ? 1 : shuffles[i];
        bool seen[1030] = {false};
        size_t moved = 0;

        if (plan->order == NULL)
            abort();
        assert_int_equal(plan->count, 1030);
        assert_int_equal(plan->duplicates, 0);
        for (uint32_t j = 0; j < 1030; j++) {
            uint32_t message = plan->order[j];

            assert_int_equal(message / window, j / window);
            assert_false(seen[message]);
            seen[message] = true;
            moved += message != j;
        }
        assert_true(window == 1 || moved > 900);
        end(&planned);
    }
}

static void duplicates_follow_their_originals(void **state)
{
    struct planned planned = begin(10000, 500, 0.2, false);
    const struct plan *plan = &planned.plan;
    uint8_t times[10000] = {0};
    size_t first[10000] = {0};
    size_t repeated = 0;
    size_t distances = 0;

    (void)state;
    assert_int_equal(plan->count, 10000 + plan->duplicates);
    assert_in_range(plan->duplicates, 1800, 2200);
    for (size_t i = 0; i < plan->count; i++) {
        uint32_t message = plan->order[i];

        if (times[message]++ == 0) {
            first[message] = i;
            continue;
        }
        repeated++;
        distances += i - first[message];
    }
    assert_int_equal(repeated, plan->duplicates);
    /*
     * On average half of PLAN_MAX_DISTANCE, and a fifth more: duplicates of
     * other messages are in between.
     */
    assert_in_range(distances, repeated * PLAN_MAX_DISTANCE / 2,
                    repeated * PLAN_MAX_DISTANCE * 7 / 10);
    for (size_t i = 0; i < 10000; i++)
        assert_in_range(times[i], 1, 2);
    end(&planned);
}

static void duplicates_do_not_change_the_order_of_the_others(void **state)
{
    struct planned plain = begin(5000, 50, 0, false);
    struct planned doubled = begin(5000, 50, 1, false);
    bool seen[5000] = {false};
    size_t next = 0;

    (void)state;
    assert_int_equal(doubled.plan.count, 10000);
    for (size_t i = 0; i < doubled.plan.count; i++) {
        uint32_t message = doubled.plan.order[i];

        if (seen[message])
            continue;
        seen[message] = true;
        assert_int_equal(message, plain.plan.order[next++]);
    }
    end(&plain);
    end(&doubled);
}

/* With one message a rocket, the plan is empty. */
static void dropped_launches_are_never_sent(void **state)
{
    struct planned planned = begin(1000, 30, 0.5, true);
    struct planned empty = begin(20, 10, 0.5, true);
    const struct plan *plan = &planned.plan;

    (void)state;
    assert_int_equal(plan->count, 980 + plan->duplicates);
    for (size_t i = 0; i < plan->count; i++)
        assert_int_not_equal(planned.traffic.messages[plan->order[i]].number,
                             1);
    assert_int_equal(empty.plan.count, 0);
    end(&planned);
    end(&empty);
}

static void same_seed_gives_the_same_plan(void **state)
{
    struct planned once = begin(5000, 500, 0.2, true);
    struct planned again = begin(5000, 500, 0.2, true);

    (void)state;
    assert_int_equal(once.plan.count, again.plan.count);
    assert_memory_equal(once.plan.order, again.plan.order,
                        once.plan.count * sizeof(*once.plan.order));
    end(&once);
    end(&again);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(default_traffic_never_changes),
        cmocka_unit_test(a_message_is_written_as_the_original_writes_it),
        cmocka_unit_test(every_text_is_json_and_every_type_is_sent),
        cmocka_unit_test(ids_are_distinct_uuids_of_version_5),
        cmocka_unit_test(flights_follow_the_rules),
        cmocka_unit_test(flights_differ_in_length),
        cmocka_unit_test(a_shuffle_stays_within_its_windows),
        cmocka_unit_test(duplicates_follow_their_originals),
        cmocka_unit_test(duplicates_do_not_change_the_order_of_the_others),
        cmocka_unit_test(dropped_launches_are_never_sent),
        cmocka_unit_test(same_seed_gives_the_same_plan),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
