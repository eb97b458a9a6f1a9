/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Fuzzes deliveries to a table of a few rockets. After each one the rocket is
 * compared with the oracle. Strings are long and short, known and new. The
 * first byte is a memory limit, or 0 for none: a refused message must change
 * nothing, and without a limit the memory in use must not exceed a bound for
 * the rockets, runs and strings. The second byte selects a list that is checked
 * at the end.
 */
#include "fuzz.h"

#include <assert.h>

#include "api/rocket_json.h"
#include "deliveries.h"
#include "listing/list_page.h"
#include "oracle.h"
#include "strict_json.h"
#include "table/table.h"

enum {
    ROCKET_MEMBERS = 10, /* of the JSON; check_json() compares each */
    KNOWN_NAMES = 12,    /* of 16 names; the others are new each time */
    NEW_NAME_LENGTH = 200,
    LIMIT_STEP = 320, /* bytes of the limit per unit of the first byte */
    /* Upper bounds in bytes: of a rocket, and of a run with three strings. */
    ROCKET_SHARE = 16384,
    RUN_SHARE = 4 * 64 + 3 * (MESSAGE_MAX_NAME + 128),
};

struct fleet {
    struct table *table;
    size_t empty, limit; /* bytes, as the table counts them */
    struct oracle oracles[DELIVERIES_ROCKETS];
    unsigned new_names; /* so far */
};

/* Known names have the shortest, the longest, and lengths near powers of 2. */
static struct text name_of(void *context, unsigned number)
{
    static const unsigned char lengths[KNOWN_NAMES] = {
        0, 1, 2, 6, 7, 8, 14, 15, 30, 62, 127, 255};
    static char names[KNOWN_NAMES][MESSAGE_MAX_NAME];
    static char new_names[2 * DELIVERIES_MAX][NEW_NAME_LENGTH];
    struct fleet *fleet = context;

    if (number < KNOWN_NAMES) {
        /* Names differ in the first byte; the others are quotes. */
        memset(names[number], '"', MESSAGE_MAX_NAME);
        names[number][0] = (char)('A' + number);
        return (struct text){names[number], 1U + lengths[number]};
    }
    char *name = new_names[fleet->new_names++];
    memset(name, '\\', NEW_NAME_LENGTH);
    snprintf(name, NEW_NAME_LENGTH, "%u", fleet->new_names);
    name[strlen(name)] = '/';
    return (struct text){name, NEW_NAME_LENGTH};
}

static struct fleet *fleet_new(unsigned limit)
{
    static size_t empty;
    struct fleet *fleet = malloc(sizeof(*fleet));

    FUZZ_CHECK(fleet != NULL);
    if (empty == 0) {
        fleet->table = table_new(SIZE_MAX);
        FUZZ_CHECK(fleet->table != NULL);
        empty = table_memory(fleet->table);
        table_free(fleet->table);
    }
    fleet->empty = empty;
    fleet->limit = limit == 0 ? SIZE_MAX : empty + (size_t)limit * LIMIT_STEP;
    fleet->table = table_new(fleet->limit);
    FUZZ_CHECK(fleet->table != NULL);
    fleet->new_names = 0;
    for (size_t i = 0; i < DELIVERIES_ROCKETS; i++)
        oracle_init(&fleet->oracles[i]);
    return fleet;
}

static void fleet_free(struct fleet *fleet)
{
    table_free(fleet->table);
    for (size_t i = 0; i < DELIVERIES_ROCKETS; i++)
        oracle_release(&fleet->oracles[i]);
    free(fleet);
}

static size_t rocket_of(struct text channel)
{
    size_t rocket = 0;

    while (!text_equal(channel, text_of(deliveries_channels[rocket])))
        rocket++;
    return rocket;
}

static bool same_text(struct text a, struct text b)
{
    return (a.data == NULL) == (b.data == NULL) && text_equal(a, b);
}

static bool same_time(const struct timestamp *a, const struct timestamp *b)
{
    return memcmp(a, b, sizeof(*a)) == 0;
}

static void check_view(const struct rocket_view *view,
                       const struct oracle *oracle)
{
    struct oracle_state state = oracle_state(oracle);

    static_assert(offsetof(struct rocket_view, strings) ==
                      4 * sizeof(struct text) + sizeof(int64_t) +
                          2 * sizeof(struct timestamp) + 3 * sizeof(uint64_t) +
                          2 * sizeof(bool),
                  "compare a new member of struct rocket_view here");
    FUZZ_CHECK(same_text(view->type, state.type));
    FUZZ_CHECK(same_text(view->mission, state.mission));
    FUZZ_CHECK(same_text(view->reason, state.reason));
    FUZZ_CHECK(view->exploded == (state.reason.data != NULL));
    FUZZ_CHECK(view->launched == (state.type.data != NULL));
    FUZZ_CHECK(view->speed == state.speed);
    FUZZ_CHECK(!view->launched || same_time(&view->created, &state.created));
    FUZZ_CHECK(same_time(&view->updated, &state.updated));
    FUZZ_CHECK(view->last_number == state.last_number);
    FUZZ_CHECK(view->missing == state.missing);
}

/* The member `name` must be `text`, or null if that is absent. */
static void check_text_member(const struct strict_json *json, const char *name,
                              struct text expected)
{
    size_t value;

    FUZZ_CHECK(strict_json_find(json, 0, name, &value) == 1);
    FUZZ_CHECK(json->events[value].kind ==
               (expected.data == NULL ? STRICT_NULL : STRICT_STRING));
    FUZZ_CHECK(text_equal(json->events[value].text, expected));
}

static void check_number_member(const struct strict_json *json,
                                const char *name, const char *expected)
{
    size_t value;

    FUZZ_CHECK(strict_json_find(json, 0, name, &value) == 1);
    FUZZ_CHECK(json->events[value].kind == STRICT_NUMBER);
    FUZZ_CHECK(text_equal(json->events[value].text, text_of(expected)));
}

/* The member `name` must be the time, or null if `known` is false. */
static void check_time_member(const struct strict_json *json, const char *name,
                              bool known, const struct timestamp *time)
{
    char bytes[TIMESTAMP_MAX_LENGTH];
    struct text text = {NULL, 0};

    if (known)
        text = (struct text){bytes, timestamp_format(time, bytes)};
    check_text_member(json, name, text);
}

/* The JSON of a rocket must have the values of its view. */
static void check_json(const struct rocket_view *view)
{
    struct buffer out = BUFFER_INIT;
    struct strict_json json;
    char number[32];

    rocket_json_write(&out, view);
    FUZZ_CHECK(!buffer_failed(&out));
    strict_json_read(buffer_text(&out), &json);
    FUZZ_CHECK(strict_json_is_accepted(&json));
    check_text_member(&json, "id", view->id);
    check_text_member(&json, "type", view->type);
    check_text_member(&json, "mission", view->mission);
    check_text_member(&json, "reason", view->reason);
    check_text_member(&json, "status",
                      view->exploded ? TEXT("exploded") : TEXT("active"));
    snprintf(number, sizeof(number), "%lld", (long long)view->speed);
    check_number_member(&json, "speed", number);
    snprintf(number, sizeof(number), "%llu",
             (unsigned long long)view->last_number);
    check_number_member(&json, "lastMessageNumber", number);
    snprintf(number, sizeof(number), "%llu", (unsigned long long)view->missing);
    check_number_member(&json, "missingMessages", number);
    check_time_member(&json, "createdAt", view->launched, &view->created);
    check_time_member(&json, "updatedAt", true, &view->updated);
    /* Start and end of the object, and name and value of each member. */
    FUZZ_CHECK(json.count == 2 + 2 * ROCKET_MEMBERS);
    strict_json_release(&json);
    buffer_release(&out);
}

/* Compare the rocket with its oracle. False if neither table nor oracle has it.
 */
static bool check_rocket(struct fleet *fleet, size_t rocket,
                         struct rocket_view *view)
{
    struct text channel = text_of(deliveries_channels[rocket]);
    const struct oracle *oracle = &fleet->oracles[rocket];

    FUZZ_CHECK(table_find(fleet->table, channel, view) == (oracle->count > 0));
    if (oracle->count == 0)
        return false;
    FUZZ_CHECK(text_equal(view->id, channel));
    check_view(view, oracle);
    return true;
}

static bool is_new(const struct oracle *oracle, uint64_t number)
{
    for (size_t i = 0; i < oracle->range_count; i++) {
        if (oracle->ranges[i].first <= number &&
            number <= oracle->ranges[i].last)
            return false;
    }
    return true;
}

static void deliver(struct fleet *fleet, const struct message *message)
{
    struct oracle *oracle = &fleet->oracles[rocket_of(message->channel)];
    uint64_t revision = table_revision(fleet->table);
    enum message_outcome outcome = table_apply(fleet->table, message);

    if (outcome == MESSAGE_NO_MEMORY) {
        /* Only a new number may need memory. */
        FUZZ_CHECK(fleet->limit != SIZE_MAX);
        FUZZ_CHECK(is_new(oracle, message->number));
    } else {
        FUZZ_CHECK(outcome == oracle_apply(oracle, message));
    }
    FUZZ_CHECK(table_revision(fleet->table) ==
               revision + (outcome == MESSAGE_APPLIED));
}

/* The memory in use must not exceed the bound for the rockets and runs. */
static void check_memory(const struct fleet *fleet)
{
    size_t rockets = 0, runs = 0;

    for (size_t i = 0; i < DELIVERIES_ROCKETS; i++) {
        rockets += fleet->oracles[i].count > 0;
        runs += fleet->oracles[i].range_count;
    }
    FUZZ_CHECK(table_count(fleet->table) == rockets);
    FUZZ_CHECK(table_memory(fleet->table) <= fleet->limit);
    if (fleet->limit == SIZE_MAX)
        FUZZ_CHECK(table_memory(fleet->table) <=
                   fleet->empty + rockets * ROCKET_SHARE + runs * RUN_SHARE);
}

/* Less than, equal to or greater than 0. Unknown values are always last. */
static int compare(const struct rocket_view *a, const struct rocket_view *b,
                   const struct list_query *query)
{
    int order = 0;
    bool known = true, other_known = true;

    switch (query->sort) {
    case TABLE_TYPE:
        known = a->type.data != NULL;
        other_known = b->type.data != NULL;
        order = text_compare(a->type, b->type);
        break;
    case TABLE_MISSION:
        known = a->mission.data != NULL;
        other_known = b->mission.data != NULL;
        order = text_compare(a->mission, b->mission);
        break;
    case TABLE_SPEED:
        order = (a->speed > b->speed) - (a->speed < b->speed);
        break;
    case TABLE_STATUS:
        order = a->exploded - b->exploded;
        break;
    case TABLE_CREATED:
        known = a->launched;
        other_known = b->launched;
        if (known && other_known)
            order = timestamp_compare(&a->created, &b->created);
        break;
    case TABLE_UPDATED:
        order = timestamp_compare(&a->updated, &b->updated);
        break;
    case TABLE_LAST_NUMBER:
        order = (a->last_number > b->last_number) -
                (a->last_number < b->last_number);
        break;
    case TABLE_ID:
        order = text_compare(a->id, b->id);
        break;
    case TABLE_FIELD_COUNT:
        FUZZ_CHECK(false);
    }
    if (known != other_known)
        return known ? -1 : 1;
    if (known && order != 0)
        return query->descending ? -order : order;
    return text_compare(a->id, b->id);
}

static bool matches_filter(const struct oracle *oracle,
                           const struct table_filter *filter)
{
    struct oracle_state state = oracle_state(oracle);
    bool exploded = state.reason.data != NULL;

    return oracle->count > 0 &&
           (filter->status == TABLE_ANY_STATUS ||
            exploded == (filter->status == TABLE_EXPLODED)) &&
           (filter->type.data == NULL || same_text(filter->type, state.type)) &&
           (filter->mission.data == NULL ||
            same_text(filter->mission, state.mission));
}

/* Remove a number below `count` from `shape`. */
static unsigned take_number(unsigned *shape, unsigned count)
{
    unsigned number = *shape % count;

    *shape /= count;
    return number;
}

/* The list that `shape` selects must have the right rockets in order. */
static void check_list(struct fleet *fleet, unsigned shape)
{
    enum { STATUSES = TABLE_EXPLODED + 1 };
    struct list_query query = {0};
    struct rocket_view views[2];
    size_t expected = 0;

    static_assert(TABLE_FIELD_COUNT * 2 * STATUSES * 2 * 2 <= 256,
                  "one byte must select any list");
    query.sort = (enum table_field)take_number(&shape, TABLE_FIELD_COUNT);
    query.descending = take_number(&shape, 2) == 1;
    query.filter.status = (enum table_status)take_number(&shape, STATUSES);
    if (take_number(&shape, 2) == 1)
        query.filter.type = name_of(fleet, 2);
    if (take_number(&shape, 2) == 1)
        query.filter.mission = name_of(fleet, 1);
    struct list_page *page = list_page_new(fleet->table, &query);
    FUZZ_CHECK(page != NULL);
    for (size_t i = 0; i < DELIVERIES_ROCKETS; i++)
        expected += matches_filter(&fleet->oracles[i], &query.filter);
    FUZZ_CHECK(list_page_count(page) == expected);
    FUZZ_CHECK(list_page_total(page) == expected);
    for (size_t i = 0; i < expected; i++) {
        struct rocket_view *view = &views[i % 2];
        list_page_read(page, i, view);
        const struct oracle *oracle = &fleet->oracles[rocket_of(view->id)];
        FUZZ_CHECK(matches_filter(oracle, &query.filter));
        check_view(view, oracle);
        if (i > 0)
            FUZZ_CHECK(compare(&views[(i - 1) % 2], view, &query) < 0);
    }
    list_page_free(page);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct deliveries deliveries = {.name = name_of};
    struct rocket_view view;
    struct message message;

    if (size < 2)
        return 0;
    struct fleet *fleet = fleet_new(data[0]);
    deliveries.bytes = fuzz_text(data + 2, size - 2);
    deliveries.context = fleet;
    while (deliveries_next(&deliveries, &message)) {
        deliver(fleet, &message);
        check_memory(fleet);
        check_rocket(fleet, rocket_of(message.channel), &view);
    }
    for (size_t i = 0; i < DELIVERIES_ROCKETS; i++) {
        if (check_rocket(fleet, i, &view))
            check_json(&view);
    }
    check_list(fleet, data[1]);
    fleet_free(fleet);
    return 0;
}
