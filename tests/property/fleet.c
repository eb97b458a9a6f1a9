/* SPDX-License-Identifier: Apache-2.0 */
#include "fleet.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "counts.h"
#include "gaps.h"
#include "lib/generator.h"
#include "lib/messages.h"
#include "lists.h"
#include "table/table.h"

enum {
    KNOWN_NAMES = 12,     /* of GENERATOR_NAMES; the others are new each time */
    MAX_NEW_NAMES = 1000, /* per history */
    NEW_NAME_LENGTH = 200, /* bytes */
    LIMIT_STEP = 320,      /* bytes of the limit per unit of the input's byte */
    /* Upper bounds in bytes: of a rocket, and of a run with three strings. */
    ROCKET_SHARE = 16384,
    RUN_SHARE = 4 * 64 + 3 * (MESSAGE_MAX_NAME + 128),
    /* What a message may need beyond its reservation: pieces and a node. */
    PIECES = 8192,
    POSITION_STEP = 1000, /* most between two positions */
    COUNT_STEP = 16,      /* deliveries between two counts of everything */
};

struct fleet {
    struct table *table;
    size_t empty, limit; /* bytes, as the table counts them */
    struct oracle oracles[GENERATOR_ROCKETS];
    struct table_summary counted[GENERATOR_ROCKETS]; /* each rocket alone */
    char known_names[KNOWN_NAMES][MESSAGE_MAX_NAME];
    char new_names[MAX_NEW_NAMES][NEW_NAME_LENGTH];
    size_t new_count;
};

/* Messages that are applied together. */
struct group {
    struct message messages[TABLE_GROUP];
    struct table_item items[TABLE_GROUP];
    size_t count;
    uint64_t position; /* of the last message; 0: they have none */
    size_t refused;    /* by admission */
    size_t reserved;
};

static struct fleet *fleet_new(unsigned limit)
{
    struct fleet *fleet = calloc(1, sizeof(*fleet));
    struct table *table = table_new(SIZE_MAX);
    if (!fleet || !table)
        abort();
    fleet->empty = table_memory(table);
    fleet->limit = fleet->empty + (size_t)limit * LIMIT_STEP;
    if (limit == 0)
        fleet->limit = SIZE_MAX;
    table_free(table);
    fleet->table = table_new(fleet->limit);
    if (!fleet->table)
        abort();
    return fleet;
}

static void fleet_free(struct fleet *fleet)
{
    table_free(fleet->table);
    for (size_t i = 0; i < GENERATOR_ROCKETS; i++)
        oracle_release(&fleet->oracles[i]);
    free(fleet);
}

static size_t rocket_of(struct text channel)
{
    size_t rocket = 0;
    while (!text_equal(channel, text_of(generator_channels[rocket])))
        rocket++;
    return rocket;
}

/* Known names have the shortest, the longest, and lengths near powers of 2. */
static struct text name_of(struct fleet *fleet, size_t number)
{
    static const size_t lengths[KNOWN_NAMES] = {1,  2,  3,  7,  8,   9,
                                                15, 16, 31, 63, 128, 256};
    if (number >= KNOWN_NAMES && fleet->new_count < MAX_NEW_NAMES) {
        char *name = fleet->new_names[fleet->new_count++];
        memset(name, '\\', NEW_NAME_LENGTH);
        memcpy(name, &fleet->new_count, sizeof(fleet->new_count));
        return (struct text){name, NEW_NAME_LENGTH};
    }
    char *name = fleet->known_names[number % KNOWN_NAMES];
    memset(name, '"', MESSAGE_MAX_NAME);
    name[0] = (char)('A' + number % KNOWN_NAMES);
    return (struct text){name, lengths[number % KNOWN_NAMES]};
}

static void replace_name(struct fleet *fleet, struct text *name)
{
    for (size_t i = 0; name->data && i < GENERATOR_NAMES; i++) {
        if (name->data == generator_names[i])
            *name = name_of(fleet, i);
    }
}

static bool next_message(struct fleet *fleet, struct generator *generator,
                         struct message *message)
{
    if (!generator_next(generator, message))
        return false;
    replace_name(fleet, &message->rocket_type);
    replace_name(fleet, &message->mission);
    replace_name(fleet, &message->reason);
    return true;
}

const char *fleet_difference(const struct rocket_view *view,
                             const struct oracle_state *expected)
{
    static_assert(offsetof(struct rocket_view, strings) ==
                      4 * sizeof(struct text) + sizeof(int64_t) +
                          2 * sizeof(struct timestamp) + 3 * sizeof(uint64_t) +
                          2 * sizeof(bool),
                  "compare a new member of struct rocket_view here");
    if (!messages_same_text(view->type, expected->type))
        return "type";
    if (!messages_same_text(view->mission, expected->mission))
        return "mission";
    if (!messages_same_text(view->reason, expected->reason))
        return "reason";
    if (view->exploded != (expected->reason.data != NULL))
        return "status";
    if (view->speed != expected->speed)
        return "speed";
    if (view->launched != (expected->type.data != NULL))
        return "launched";
    if (view->launched &&
        !messages_same_time(&view->created, &expected->created))
        return "createdAt";
    if (!messages_same_time(&view->updated, &expected->updated))
        return "updatedAt";
    if (view->last_number != expected->last_number)
        return "lastMessageNumber";
    return view->missing == expected->missing ? NULL : "missingMessages";
}

/* Apply `message` to both sides. */
static const char *apply(struct fleet *fleet, const struct message *message)
{
    struct oracle *oracle = &fleet->oracles[rocket_of(message->channel)];
    uint64_t revision = table_revision(fleet->table);
    enum message_outcome outcome = table_apply(fleet->table, message);
    if (outcome == MESSAGE_NO_MEMORY) {
        if (fleet->limit == SIZE_MAX || oracle_has(oracle, message->number))
            return "result (only a new number may need memory)";
    } else if (outcome != oracle_apply(oracle, message)) {
        return "result";
    }
    revision += outcome == MESSAGE_APPLIED;
    if (table_revision(fleet->table) != revision)
        return "revision of the table";
    struct rocket_view view;
    if (outcome == MESSAGE_APPLIED &&
        table_find(fleet->table, message->channel, &view) &&
        view.revision != revision)
        return "revision of the rocket";
    return NULL;
}

static struct table_summary count_rocket(const struct oracle_state *state,
                                         const struct oracle *oracle)
{
    return (struct table_summary){
        .rockets = 1,
        .exploded = state->reason.data != NULL,
        .unlaunched = state->type.data == NULL,
        .incomplete = state->missing > 0,
        .missing = state->missing,
        .given_up = gaps_given_up(oracle),
    };
}

/* The table must have counted its rockets as they are one by one. */
static const char *difference_in_summary(const struct fleet *fleet)
{
    struct table_summary sum = {0}, summary = table_summary(fleet->table);
    static_assert(sizeof(sum) == 6 * sizeof(uint64_t),
                  "count and add a new member of struct table_summary here");
    for (size_t i = 0; i < GENERATOR_ROCKETS; i++) {
        const struct table_summary *counted = &fleet->counted[i];
        sum.rockets += counted->rockets;
        sum.exploded += counted->exploded;
        sum.unlaunched += counted->unlaunched;
        sum.incomplete += counted->incomplete;
        sum.missing += counted->missing;
        sum.given_up += counted->given_up;
    }
    return memcmp(&sum, &summary, sizeof(sum)) == 0 ? NULL : "summary";
}

/*
 * The rocket in the table, which must have it if the oracle has, and its gaps.
 * It is counted for difference_in_summary().
 */
static const char *difference_in_rocket(struct fleet *fleet, size_t rocket,
                                        struct rocket_view *view)
{
    struct text channel = text_of(generator_channels[rocket]);
    const struct oracle *oracle = &fleet->oracles[rocket];
    if (table_find(fleet->table, channel, view) != (oracle->count > 0))
        return "whether there is a rocket";
    if (oracle->count == 0)
        return NULL;
    struct oracle_state state = oracle_state(oracle);
    fleet->counted[rocket] = count_rocket(&state, oracle);
    if (!text_equal(view->id, channel))
        return "id";
    const char *differs = fleet_difference(view, &state);
    return differs ? differs
                   : gaps_difference(fleet->table, channel, oracle,
                                     table_revision(fleet->table));
}

/* The memory in use must not exceed the bound for the rockets and runs. */
static const char *difference_in_memory(const struct fleet *fleet)
{
    size_t rockets = 0, runs = 0;
    for (size_t i = 0; i < GENERATOR_ROCKETS; i++) {
        rockets += fleet->oracles[i].count > 0;
        runs += fleet->oracles[i].range_count;
    }
    size_t bound = fleet->limit;
    if (bound == SIZE_MAX)
        bound = fleet->empty + rockets * ROCKET_SHARE + runs * RUN_SHARE;
    if (table_count(fleet->table) != rockets)
        return "number of rockets";
    return table_memory(fleet->table) <= bound ? NULL : "memory";
}

/* The first bytes of a channel, at most 1, 4 or 8 of them. */
static struct text prefix_of(size_t number)
{
    static const size_t lengths[] = {1, 4, 8};
    struct text prefix =
        text_of(generator_channels[number % GENERATOR_ROCKETS]);
    size_t length = lengths[number / GENERATOR_ROCKETS % 3];
    if (prefix.length > length)
        prefix.length = length;
    return prefix;
}

static struct list_query query_of(struct fleet *fleet,
                                  const unsigned char step[GENERATOR_STEP])
{
    struct list_query query = {0};
    query.sort = (enum table_field)(step[1] % TABLE_FIELD_COUNT);
    query.descending = step[2] % 2 == 1;
    query.filter.status = (enum table_status)(step[3] % (TABLE_EXPLODED + 1));
    if (step[4] % 2 == 1)
        query.filter.type = name_of(fleet, 2);
    if (step[4] / 2 % 2 == 1)
        query.filter.mission = name_of(fleet, 1);
    query.filter.launch =
        (enum table_launch)(step[4] / 4 % (TABLE_NOT_LAUNCHED + 1));
    if (step[4] / 12 % 2 == 1)
        query.filter.id_prefix = prefix_of(step[3] / 3);
    query.filter.completeness =
        (enum table_completeness)(step[4] / 24 % (TABLE_COMPLETE + 1));
    return query;
}

/* All rockets, and the list of them, must be as expected. */
static const char *difference_in_list(struct fleet *fleet,
                                      const struct list_query *query)
{
    struct rocket_view views[2];
    const char *differs = NULL;
    size_t expected = 0;
    for (size_t i = 0; !differs && i < GENERATOR_ROCKETS; i++) {
        differs = difference_in_rocket(fleet, i, &views[0]);
        if (fleet->oracles[i].count > 0)
            expected += lists_match(&query->filter, &views[0]);
    }
    struct list_page *page = list_page_new(fleet->table, query);
    if (!page)
        abort();
    if (list_page_count(page) != expected || list_page_total(page) != expected)
        differs = "number of rockets in a list";
    for (size_t i = 0; !differs && i < expected; i++) {
        struct rocket_view *view = &views[i % 2];
        list_page_read(page, i, view);
        struct oracle_state state =
            oracle_state(&fleet->oracles[rocket_of(view->id)]);
        differs = fleet_difference(view, &state);
        if (!lists_match(&query->filter, view) ||
            (i > 0 && lists_compare(query, &views[(i - 1) % 2], view) >= 0))
            differs = "order or filter of a list";
    }
    list_page_free(page);
    return differs;
}

const char *fleet_follow(struct text input, size_t *delivery)
{
    struct generator generator = {0};
    struct message message;
    struct rocket_view view;
    const char *differs = NULL;
    *delivery = 0;
    if (input.length < GENERATOR_STEP)
        return NULL;
    const unsigned char *first = (const unsigned char *)input.data;
    struct fleet *fleet = fleet_new(first[0]);
    struct list_query query = query_of(fleet, first);
    generator.input = text_skip(input, GENERATOR_STEP);
    while (!differs && next_message(fleet, &generator, &message)) {
        differs = apply(fleet, &message);
        if (!differs)
            differs = difference_in_memory(fleet);
        if (!differs)
            differs =
                difference_in_rocket(fleet, rocket_of(message.channel), &view);
        if (!differs)
            differs = difference_in_summary(fleet);
        if (!differs && *delivery % COUNT_STEP == 0)
            differs = counts_difference(fleet->table);
        ++*delivery;
    }
    if (!differs)
        differs = counts_difference(fleet->table);
    if (!differs)
        differs = difference_in_list(fleet, &query);
    fleet_free(fleet);
    return differs;
}

static void take_group(struct fleet *fleet, struct generator *generator,
                       struct group *group, size_t size)
{
    for (group->count = 0; group->count < size; group->count++) {
        struct message *message = &group->messages[group->count];
        if (!next_message(fleet, generator, message))
            return;
        if (group->position > 0)
            group->position += 1 + message->number % POSITION_STEP;
        group->items[group->count] = (struct table_item){
            .message = message, .position = group->position};
    }
}

/* Admit all messages to the table as it is. */
static const char *admit_group(struct fleet *fleet, struct group *group)
{
    group->refused = group->reserved = 0;
    for (size_t i = 0; i < group->count; i++) {
        const struct message *message = &group->messages[i];
        const struct oracle *oracle =
            &fleet->oracles[rocket_of(message->channel)];
        size_t before = group->reserved;
        enum message_outcome outcome =
            table_admit(fleet->table, message, &group->reserved);
        bool known = oracle_has(oracle, message->number);
        bool refused = outcome == MESSAGE_NO_MEMORY && fleet->limit != SIZE_MAX;
        if (known != (outcome == MESSAGE_DUPLICATE || outcome == MESSAGE_STALE))
            return "result of table_admit()";
        if (!known && outcome != MESSAGE_APPLIED && !refused)
            return "result of table_admit() (only the limit may refuse)";
        if (outcome != MESSAGE_APPLIED && group->reserved != before)
            return "reservation for a message that is not admitted";
        group->refused += refused;
    }
    return NULL;
}

/* Compare the outcomes, and the revision of each rocket that has changed. */
static const char *difference_in_group(struct fleet *fleet,
                                       const struct group *group,
                                       uint64_t revision)
{
    uint64_t revisions[GENERATOR_ROCKETS] = {0};
    for (size_t i = 0; i < group->count; i++) {
        const struct table_item *item = &group->items[i];
        size_t rocket = rocket_of(item->message->channel);
        if (item->outcome !=
            oracle_apply(&fleet->oracles[rocket], item->message))
            return "result";
        if (item->outcome == MESSAGE_APPLIED)
            revisions[rocket] = revision =
                item->position == 0 ? revision + 1 : item->position;
    }
    if (table_revision(fleet->table) != revision)
        return "revision of the table";
    for (size_t i = 0; i < GENERATOR_ROCKETS; i++) {
        struct rocket_view view;
        const char *differs = difference_in_rocket(fleet, i, &view);
        if (differs)
            return differs;
        if (revisions[i] > 0 && view.revision != revisions[i])
            return "revision of the rocket";
    }
    return difference_in_summary(fleet);
}

/* The most that the table may hold after a group that was admitted whole. */
static size_t memory_bound(const struct group *group, size_t before)
{
    if (group->refused > 0)
        return SIZE_MAX;
    if (group->count == 1 && group->reserved == 0)
        return before;
    return before + group->reserved + group->count * PIECES;
}

static const char *follow_group(struct fleet *fleet, struct group *group)
{
    uint64_t revision = table_revision(fleet->table);
    size_t before = table_memory(fleet->table);
    const char *differs = admit_group(fleet, group);
    if (differs)
        return differs;
    table_apply_group(fleet->table, group->items, group->count);
    table_unreserve(fleet->table, group->reserved);
    if (table_memory(fleet->table) > memory_bound(group, before))
        return "memory: more than was reserved";
    return difference_in_group(fleet, group, revision);
}

const char *fleet_follow_groups(struct text input, size_t *delivery)
{
    struct generator generator = {0};
    const char *differs = NULL;
    *delivery = 0;
    if (input.length < GENERATOR_STEP)
        return NULL;
    const unsigned char *first = (const unsigned char *)input.data;
    struct fleet *fleet = fleet_new(first[0] % 2 == 0 ? 0 : first[0]);
    struct group group = {.position = first[1] % 2};
    size_t size = 1;
    table_limit_admission(fleet->table, 100);
    generator.input = text_skip(input, GENERATOR_STEP);
    do {
        size = size > 1 ? 1 : 1 + first[2] % TABLE_GROUP;
        take_group(fleet, &generator, &group, size);
        differs = follow_group(fleet, &group);
        *delivery += group.count;
    } while (!differs && group.count == size);
    if (!differs)
        differs = counts_difference(fleet->table);
    fleet_free(fleet);
    return differs;
}
