/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tests that a walk over a table to which messages are applied meanwhile gives
 * the state of the plain fold: with its images in a new table, and the messages
 * after a position that was applied before the walk, all rockets are as in life
 * and as in the fold, with their revisions, and so is every later outcome. Also
 * past the bound on runs, where the order of messages decides. Compiled with
 * the small bound of test_small_bound.c.
 *
 * A snapshot that keeps less, or that is replayed from another position, is
 * found out.
 */
#include "lib/unit_check.h"

#include <sodium.h>

#include "base/log.h"
#include "counts.h"
#include "fleet.h"
#include "gaps.h"
#include "lib/table_images.h"
#include "shrink.h"
#include "table/table_parts.h"

enum { GROUP = 8 /* messages, at most */ };

/* What is saved, and from where the messages are replayed. */
enum snapshot {
    SNAPSHOT_RIGHT,
    SNAPSHOT_WITHOUT_FLOOR,
    SNAPSHOT_OF_ITS_END,   /* position of the end of the walk */
    SNAPSHOT_OF_UNAPPLIED, /* position that is applied only later */
};

/* A service in its first life and in its second, and the fold. */
struct service {
    enum snapshot snapshot;
    struct random random; /* follows from the input */
    struct table *table, *restarted;
    struct oracle oracles[GENERATOR_ROCKETS];
    struct generator generator;
    size_t deliveries;
    /* The journal. */
    struct message *messages;
    uint64_t *positions;
    size_t count, capacity;
    /* The snapshot. */
    struct table_walk walk;
    struct buffer images;
    uint64_t position; /* messages up to here are not replayed */
};

/* As message_parse() accepts it, and with a channel that may be a UUID. */
static const char *const channels[GENERATOR_ROCKETS] = {
    "a rocket",
    "193270a9-c9cf-404a-8f83-838e71d9ae67",
    "193270a9-c9cf-404a-8f83-838e71d9ae68",
    "193270A9-C9CF-404A-8F83-838E71D9AE67",
};

static size_t rocket_of(struct text channel, const char *const *of)
{
    size_t rocket = 0;

    while (!text_equal(channel, text_of(of[rocket])))
        rocket++;
    return rocket;
}

static void make_valid(struct message *message)
{
    if (message->speed > MESSAGE_MAX_SPEED)
        message->speed = MESSAGE_MAX_SPEED;
    message->time.digits = 9;
    message->channel =
        text_of(channels[rocket_of(message->channel, generator_channels)]);
}

/* The order of a walk follows from the key of the table's hash. */
static uint64_t key_seed;

static void draw_key(void *const bytes, const size_t size)
{
    struct random random = {key_seed};

    for (size_t i = 0; i < size; i++)
        ((unsigned char *)bytes)[i] = (unsigned char)random_next(&random);
}

static const char *implementation_name(void)
{
    return "of a seed";
}

static uint32_t draw_number(void)
{
    return 4;
}

static struct randombytes_implementation drawn_keys = {
    .implementation_name = implementation_name,
    .random = draw_number,
    .buf = draw_key,
};

static struct service *service_new(struct text input, enum snapshot snapshot)
{
    struct service *service = calloc(1, sizeof(*service));

    if (service == NULL)
        abort();
    service->snapshot = snapshot;
    service->generator.input = input;
    for (size_t i = 0; i < input.length; i++)
        service->random.state =
            service->random.state * 31 + (unsigned char)input.data[i];
    key_seed = service->random.state;
    service->table = table_new(SIZE_MAX);
    if (service->table == NULL)
        abort();
    for (size_t i = 0; i < GENERATOR_ROCKETS; i++)
        oracle_init(&service->oracles[i]);
    return service;
}

static void service_free(struct service *service)
{
    table_free(service->table);
    table_free(service->restarted);
    for (size_t i = 0; i < GENERATOR_ROCKETS; i++)
        oracle_release(&service->oracles[i]);
    buffer_release(&service->images);
    free(service->messages);
    free(service->positions);
    free(service);
}

/* Append a message to the journal, with a position of its own. */
static void append(struct service *service, const struct message *message)
{
    uint64_t last =
        service->count == 0 ? 0 : service->positions[service->count - 1];

    if (service->count == service->capacity) {
        service->capacity = 2 * service->capacity + GROUP;
        service->messages = realloc(service->messages,
                                    service->capacity * sizeof(struct message));
        service->positions =
            realloc(service->positions, service->capacity * sizeof(uint64_t));
        if (service->messages == NULL || service->positions == NULL)
            abort();
    }
    service->messages[service->count] = *message;
    service->positions[service->count++] =
        last + 1 + random_below(&service->random, 3);
}

/* Apply messages of the journal, from the index `first` on, as one group. */
static void apply_group(struct service *service, struct table *table,
                        size_t first, struct table_item items[GROUP],
                        size_t count)
{
    for (size_t i = 0; i < count; i++)
        items[i] =
            (struct table_item){.message = &service->messages[first + i],
                                .position = service->positions[first + i]};
    table_apply_group(table, items, count);
}

/*
 * Deliver some messages to the table, to the one that was restarted, if there
 * is one, and to the fold, which must agree. `*more` becomes false at the end.
 */
static const char *deliver_group(struct service *service, bool *more)
{
    struct table_item items[2][GROUP];
    struct message message;
    size_t first = service->count;
    size_t size = 1 + random_below(&service->random, GROUP);

    while (service->count - first < size &&
           generator_next(&service->generator, &message)) {
        make_valid(&message);
        append(service, &message);
    }
    size_t count = service->count - first;
    *more = count == size;
    apply_group(service, service->table, first, items[0], count);
    if (service->restarted != NULL)
        apply_group(service, service->restarted, first, items[1], count);
    service->deliveries += count;
    for (size_t i = 0; i < count; i++) {
        const struct message *applied = &service->messages[first + i];
        size_t rocket = rocket_of(applied->channel, channels);
        if (items[0][i].outcome !=
            oracle_apply(&service->oracles[rocket], applied))
            return "outcome";
        if (service->restarted != NULL &&
            items[1][i].outcome != items[0][i].outcome)
            return "outcome after a restart";
    }
    return NULL;
}

/* Run a step of the walk, or none. False at its end. */
static bool walk(struct service *service, bool step)
{
    enum table_walked walked = TABLE_WALK_MORE;
    uint64_t count;

    if (step)
        walked = table_walk_next(service->table, &service->walk,
                                 &service->images, &count);
    if (walked == TABLE_WALK_NO_MEMORY)
        abort();
    return walked == TABLE_WALK_MORE;
}

/* The position of the last message so far. */
static uint64_t last_position(const struct service *service)
{
    return service->count == 0 ? 0 : service->positions[service->count - 1];
}

/* Deliver some messages, with steps of the walk between them. */
static const char *deliver_and_walk(struct service *service, bool *more)
{
    const char *differs = NULL;

    service->position = last_position(service);
    if (service->snapshot == SNAPSHOT_OF_UNAPPLIED)
        service->position += 20;
    uint64_t pace = 1 + random_below(&service->random, 10);
    while (differs == NULL && *more &&
           walk(service, random_below(&service->random, pace) == 0))
        differs = deliver_group(service, more);
    while (walk(service, true))
        continue;
    if (service->snapshot == SNAPSHOT_OF_ITS_END)
        service->position = last_position(service);
    return differs;
}

static void forget_floors(struct table *table)
{
    for (size_t i = 0; i < GENERATOR_ROCKETS; i++) {
        struct text id = text_of(channels[i]);
        struct table_location location = table_locate(table, id);
        struct table_entry *entry = stripe_find(
            &table->stripes[location.index].stripe, location.tag, id);
        if (entry != NULL)
            entry->rocket.floor = 0;
    }
}

/* Load the images, and replay the journal from the snapshot's position on. */
static const char *restart(struct service *service)
{
    struct table_item items[GROUP];
    size_t first = 0, size;

    service->restarted = table_new(SIZE_MAX);
    if (service->restarted == NULL)
        abort();
    if (table_images_load(service->restarted, buffer_text(&service->images)) !=
        TABLE_LOADED)
        return "whether the images are loaded";
    if (service->snapshot == SNAPSHOT_WITHOUT_FLOOR)
        forget_floors(service->restarted);
    while (first < service->count &&
           service->positions[first] <= service->position)
        first++;
    for (; first < service->count; first += size) {
        size = 1 + random_below(&service->random, GROUP);
        if (size > service->count - first)
            size = service->count - first;
        apply_group(service, service->restarted, first, items, size);
    }
    return NULL;
}

/* What would become of messages at the ends of runs must be the same, too. */
static const char *difference_in_outcomes(struct service *service,
                                          size_t rocket)
{
    const struct oracle *oracle = &service->oracles[rocket];
    struct message message =
        message_of_type(MESSAGE_SPEED_INCREASED, channels[rocket], 1);

    for (size_t i = 0; i < 4 * oracle->range_count; i++) {
        const struct oracle_range *range = &oracle->ranges[i / 4];
        const uint64_t numbers[] = {range->first - 1, range->first, range->last,
                                    range->last + 1};
        size_t reserved = 0;
        message.number = numbers[i % 4];
        if (message.number == 0 || message.number > MESSAGE_MAX_NUMBER)
            continue;
        enum message_outcome outcome =
            table_admit(service->table, &message, &reserved);
        if (table_admit(service->restarted, &message, &reserved) != outcome)
            return "what a further message would do";
        if ((outcome != MESSAGE_APPLIED) != oracle_has(oracle, message.number))
            return "whether a further message would be applied";
    }
    return NULL;
}

static const char *difference_in_rocket(struct service *service, size_t rocket)
{
    const struct oracle *oracle = &service->oracles[rocket];
    struct text id = text_of(channels[rocket]);
    struct rocket_view live, restarted;
    bool found = table_find(service->table, id, &live);

    if (found != (oracle->count > 0) ||
        table_find(service->restarted, id, &restarted) != found)
        return "whether there is a rocket";
    if (!found)
        return NULL;
    struct oracle_state state = oracle_state(oracle);
    const char *differs = fleet_difference(&restarted, &state);
    if (differs == NULL)
        differs = table_images_difference(&live, &restarted);
    if (differs == NULL)
        differs = difference_in_outcomes(service, rocket);
    if (differs == NULL)
        differs = gaps_difference(service->restarted, id, oracle, rocket);
    return differs;
}

static const char *difference(struct service *service)
{
    struct table_summary live = table_summary(service->table);
    struct table_summary restarted = table_summary(service->restarted);

    for (size_t i = 0; i < GENERATOR_ROCKETS; i++) {
        const char *differs = difference_in_rocket(service, i);
        if (differs != NULL)
            return differs;
    }
    if (memcmp(&live, &restarted, sizeof(live)) != 0)
        return "summary";
    const char *differs = counts_difference(service->restarted);
    if (differs != NULL)
        return differs;
    return table_revision(service->table) == table_revision(service->restarted)
               ? NULL
               : "revision of the table";
}

/* Deliver messages until some number of steps is left, or none are. */
static const char *deliver_some(struct service *service, bool *more)
{
    const char *differs = NULL;
    size_t left =
        random_below(&service->random, service->generator.input.length + 1);

    while (differs == NULL && *more && service->generator.input.length > left)
        differs = deliver_group(service, more);
    return differs;
}

/* The input decides when the walk begins, and which messages are between. */
static const char *follow(struct text input, size_t *delivery,
                          enum snapshot snapshot)
{
    struct service *service = service_new(input, snapshot);
    bool more = true;
    const char *differs = deliver_some(service, &more);

    if (differs == NULL)
        differs = deliver_and_walk(service, &more);
    if (differs == NULL)
        differs = deliver_some(service, &more);
    if (differs == NULL)
        differs = restart(service);
    if (differs == NULL)
        differs = difference(service);
    while (differs == NULL && more)
        differs = deliver_group(service, &more);
    if (differs == NULL)
        differs = difference(service);
    *delivery = service->deliveries;
    service_free(service);
    return differs;
}

static const char *follow_right(struct text input, size_t *delivery)
{
    return follow(input, delivery, SNAPSHOT_RIGHT);
}

static void walks_change_no_short_history(void **context)
{
    (void)context;
    assert_true(shrink_check("short histories through a walk", follow_right,
                             GENERATOR_SHORT, 2000));
}

static void walks_change_no_fleet(void **context)
{
    (void)context;
    assert_true(shrink_check("fleets through a walk", follow_right,
                             GENERATOR_FLEET, 1000));
}

static void walks_change_no_hostile_history(void **context)
{
    (void)context;
    assert_true(shrink_check("hostile histories through a walk", follow_right,
                             GENERATOR_HOSTILE, 150));
}

/* Each is wrong for some history of these, so the tests above find it. */
static void wrong_snapshots_are_found_out(void **context)
{
    static const struct {
        enum snapshot snapshot;
        enum generator_shape shape;
    } rows[] = {
        {SNAPSHOT_WITHOUT_FLOOR, GENERATOR_HOSTILE},
        {SNAPSHOT_OF_ITS_END, GENERATOR_SHORT},
        {SNAPSHOT_OF_ITS_END, GENERATOR_HOSTILE},
        {SNAPSHOT_OF_UNAPPLIED, GENERATOR_FLEET},
        {SNAPSHOT_OF_UNAPPLIED, GENERATOR_HOSTILE},
    };

    (void)context;
    for (size_t i = 0; i < COUNT(rows); i++) {
        unsigned found = 0;
        for (uint64_t seed = 0; seed < 20; seed++) {
            unsigned char bytes[GENERATOR_INPUT];
            struct random random = {seed};
            size_t delivery;
            struct text input = generator_fill(bytes, rows[i].shape, &random);
            found += follow(input, &delivery, rows[i].snapshot) != NULL;
        }
        if (found == 0)
            fail_msg("row %zu: no history shows it", i);
        print_message("row %zu: %u of 20 histories show it\n", i, found);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(walks_change_no_short_history),
        cmocka_unit_test(walks_change_no_fleet),
        cmocka_unit_test(walks_change_no_hostile_history),
        cmocka_unit_test(wrong_snapshots_are_found_out),
    };

    /* Each rocket would tell that it exceeds the bound. */
    log_set_level(LOG_ERROR);
    if (randombytes_set_implementation(&drawn_keys) != 0)
        abort();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
