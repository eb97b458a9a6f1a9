/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tests that who follows a table misses nothing and gets nothing twice: with
 * random histories, and collections, watches and walks at random moments, also
 * between the messages of a group, compared with a plain model. Launches and
 * explosions are those of the plain fold.
 *
 * A watcher that does less is found out.
 */
#include "lib/unit_check.h"

#include <pthread.h>
#include <sodium.h>

#include "base/log.h"
#include "lib/messages.h"
#include "live/changes.h"
#include "oracle.h"
#include "shrink.h"
#include "table/table.h"
#include "table/table_changes.h"
#include "table/table_parts.h"

enum { GROUP = 8 /* messages, at most */, ID_SIZE = 16 };

/* What the model knows of a rocket. */
struct rocket_model {
    struct oracle oracle;
    uint64_t revision; /* 0: there is none */
    bool changed;      /* since the last collection */
};

/* Rockets in order, each once. */
struct news {
    size_t rockets[GENERATOR_ROCKETS];
    size_t count;
};

/* A message of the group that is applied, and what it does in the model. */
struct delivery {
    struct message message;
    size_t rocket;
    enum message_outcome outcome;
    bool launched, exploded;
    uint64_t revision;
};

enum mistake {
    NO_MISTAKE,
    /* Stripes are collected up to the revision of the table. */
    MISTAKE_REVISION,
    /* Changes after the revision of a collection are expected again. */
    MISTAKE_MODEL,
};

struct follower {
    enum mistake mistake;
    bool positions;
    struct table *table;
    struct generator generator;
    struct rocket_model rockets[GENERATOR_ROCKETS];
    uint64_t last; /* revision */
    size_t deliveries;
    struct delivery group[GROUP];
    size_t count, done; /* messages of the group, and those applied */
    bool watched;
    struct news launched, exploded; /* since the last collection */
    struct table_changes changes;
    const char *wrong;
};

/* While a group is applied. */
static struct follower *applying;

/* The stripes of rockets follow from the key of the table's hash. */
static void give_key(void *const bytes, const size_t size)
{
    memset(bytes, 4, size);
}

static const char *implementation_name(void)
{
    return "always the same";
}

static uint32_t give_number(void)
{
    return 4;
}

static struct randombytes_implementation same_key = {
    .implementation_name = implementation_name,
    .random = give_number,
    .buf = give_key,
};

static struct table *new_table(void)
{
    struct table *table = table_new(SIZE_MAX);

    if (table == NULL)
        abort();
    return table;
}

static char ids[GENERATOR_ROCKETS][ID_SIZE];

/* All rockets but the last one are of one stripe. */
static void choose_ids(void)
{
    struct table *table = new_table();
    unsigned next = 0;

    for (size_t i = 0; i < GENERATOR_ROCKETS;) {
        snprintf(ids[i], ID_SIZE, "r%u", next++);
        uint32_t first = table_locate(table, text_of(ids[0])).index;
        uint32_t index = table_locate(table, text_of(ids[i])).index;
        i += (index == first) == (i < GENERATOR_ROCKETS - 1);
    }
    table_free(table);
}

static struct follower *follower_new(struct text input, bool positions,
                                     enum mistake mistake)
{
    struct follower *follower = calloc(1, sizeof(*follower));

    if (follower == NULL)
        abort();
    follower->mistake = mistake;
    follower->positions = positions;
    follower->generator.input = input;
    follower->table = new_table();
    for (size_t i = 0; i < GENERATOR_ROCKETS; i++)
        oracle_init(&follower->rockets[i].oracle);
    return follower;
}

static void follower_free(struct follower *follower)
{
    for (size_t i = 0; i < GENERATOR_ROCKETS; i++)
        oracle_release(&follower->rockets[i].oracle);
    table_changes_release(&follower->changes);
    table_free(follower->table);
    free(follower);
}

/*
 * What depends on the message alone is kept when others are removed from the
 * history.
 */
static struct random random_of(const struct message *message)
{
    return (struct random){
        message->number * 31 + (uint64_t)message->time.nanoseconds * 7 +
        (uint64_t)message->type + (unsigned char)message->channel.data[1]};
}

static void note_news(struct news *news, size_t rocket)
{
    for (size_t i = 0; i < news->count; i++)
        if (news->rockets[i] == rocket)
            return;
    news->rockets[news->count++] = rocket;
}

/* Fold the message, and note what that changes of its rocket. */
static void deliver_to_fold(struct follower *follower,
                            struct delivery *delivery)
{
    struct oracle *oracle = &follower->rockets[delivery->rocket].oracle;
    struct oracle_state before = oracle_state(oracle);

    delivery->outcome = oracle_apply(oracle, &delivery->message);
    struct oracle_state after = oracle_state(oracle);
    delivery->launched =
        after.type.data != NULL &&
        (before.type.data == NULL ||
         messages_compare_times(&before.created, &after.created) != 0);
    delivery->exploded =
        before.reason.data == NULL && after.reason.data != NULL;
}

static void deliver_to_model(struct follower *follower,
                             const struct delivery *delivery)
{
    struct rocket_model *rocket = &follower->rockets[delivery->rocket];

    if (delivery->outcome != MESSAGE_APPLIED)
        return;
    rocket->revision = follower->last = delivery->revision;
    rocket->changed = true;
}

static void deliver_news(struct follower *follower,
                         const struct delivery *delivery)
{
    if (!follower->watched || delivery->outcome != MESSAGE_APPLIED)
        return;
    if (delivery->launched)
        note_news(&follower->launched, delivery->rocket);
    if (delivery->exploded)
        note_news(&follower->exploded, delivery->rocket);
}

static const struct table_entry *entry_of(struct follower *follower,
                                          size_t rocket)
{
    return table_find_entry(follower->table, text_of(ids[rocket]));
}

static bool same_news(struct follower *follower, const struct table_feed *feed,
                      struct news *news)
{
    bool same = feed->count == news->count && feed->more == 0;

    for (size_t i = 0; same && i < news->count; i++)
        same = feed->entries[i] == entry_of(follower, news->rockets[i]);
    news->count = 0;
    return same;
}

/* What a collection has that it should not have, or the other way round. */
static const char *collect(struct follower *follower)
{
    struct table_changes *changes = &follower->changes;
    size_t expected = 0;
    uint64_t latest = 0;

    table_collect(follower->table, changes);
    if (changes->lost || changes->revision != table_revision(follower->table))
        return "revision of a collection";
    for (size_t i = 0; i < GENERATOR_ROCKETS; i++) {
        struct rocket_model *rocket = &follower->rockets[i];
        const struct table_entry *entry = entry_of(follower, i);
        size_t times = 0;
        for (size_t j = 0; entry != NULL && j < changes->count; j++)
            times += changes->entries[j] == entry;
        if (times != rocket->changed)
            return rocket->changed ? "a change that is not collected"
                                   : "a rocket that has not changed";
        expected += rocket->changed;
        if (rocket->changed && rocket->revision > latest)
            latest = rocket->revision;
        if (follower->mistake != MISTAKE_MODEL ||
            rocket->revision <= changes->revision)
            rocket->changed = false;
    }
    if (changes->count != expected)
        return "rockets that are not there";
    if (changes->latest != latest)
        return "latest change of a collection";
    if (!same_news(follower, &changes->launched, &follower->launched))
        return "launches";
    if (!same_news(follower, &changes->exploded, &follower->exploded))
        return "explosions";
    if (follower->mistake == MISTAKE_REVISION)
        for (size_t i = 0; i < TABLE_STRIPES; i++)
            follower->table->stripes[i].stripe.changes.collected =
                changes->revision;
    return NULL;
}

static const char *toggle_watch(struct follower *follower)
{
    bool correct = true;

    if (follower->watched)
        table_unwatch(follower->table);
    else
        correct = table_watch(follower->table) == follower->last;
    follower->watched = !follower->watched;
    follower->launched.count = follower->exploded.count = 0;
    for (size_t i = 0; i < GENERATOR_ROCKETS; i++)
        follower->rockets[i].changed = false;
    return correct ? NULL : "revision at which a watch begins";
}

/* The rockets with later revisions, in order of these. */
static size_t expect_changes(struct follower *follower, uint64_t after,
                             struct change expected[GENERATOR_ROCKETS])
{
    size_t count = 0;

    for (size_t i = 0; i < GENERATOR_ROCKETS; i++) {
        uint64_t revision = follower->rockets[i].revision;
        size_t at = count;
        if (revision <= after)
            continue;
        for (; at > 0 && expected[at - 1].revision > revision; at--)
            expected[at] = expected[at - 1];
        expected[at] = (struct change){entry_of(follower, i), revision};
        count++;
    }
    return count;
}

static const char *find(struct follower *follower, struct random *random)
{
    struct change expected[GENERATOR_ROCKETS];
    uint64_t after = random_below(random, follower->last + 2);
    size_t max = 1 + random_below(random, GENERATOR_ROCKETS + 1);
    enum changes_end end =
        random_below(random, 2) == 0 ? CHANGES_OLDEST : CHANGES_NEWEST;
    struct changes changes;
    size_t total = expect_changes(follower, after, expected);
    size_t count = total < max ? total : max;
    const struct change *first =
        end == CHANGES_NEWEST ? &expected[total - count] : expected;

    if (!changes_find(follower->table, after, end, max, &changes))
        return "memory for changes";
    bool same = changes.revision == table_revision(follower->table) &&
                changes.total == total && changes.count == count;
    for (size_t i = 0; same && i < count; i++)
        same = changes.rockets[i].entry == first[i].entry &&
               changes.rockets[i].revision == first[i].revision &&
               table_read_revision(follower->table, first[i].entry) ==
                   first[i].revision;
    changes_release(&changes);
    return same ? NULL : "changes that a walk finds";
}

/* Do something, which depends on the latest message and on the moment. */
static void act(struct follower *follower, const struct message *message,
                uint64_t moment)
{
    struct random random = random_of(message);

    random.state += moment << 32;
    if (follower->wrong != NULL)
        return;
    switch (random_below(&random, 32)) {
    case 0:
        follower->wrong = toggle_watch(follower);
        break;
    case 1:
    case 2:
    case 3:
    case 4:
        if (follower->watched)
            follower->wrong = collect(follower);
        break;
    case 5:
    case 6:
        follower->wrong = find(follower, &random);
        break;
    default:
        break;
    }
}

int __real_pthread_rwlock_unlock(pthread_rwlock_t *lock);
int __wrap_pthread_rwlock_unlock(pthread_rwlock_t *lock);

/*
 * A message that is applied takes one lock. So when it is given back, the next
 * message of the group is applied, and its launch or explosion is not noted
 * yet.
 */
int __wrap_pthread_rwlock_unlock(pthread_rwlock_t *lock)
{
    int error = __real_pthread_rwlock_unlock(lock);
    struct follower *follower = applying;

    if (follower == NULL)
        return error;
    applying = NULL;
    if (follower->done == follower->count)
        abort();
    const struct delivery *delivery = &follower->group[follower->done++];
    deliver_to_model(follower, delivery);
    act(follower, &delivery->message, 1);
    deliver_news(follower, delivery);
    applying = follower;
    return error;
}

/* Take the next messages of the history. False if there are none. */
static bool draw_group(struct follower *follower)
{
    size_t size = 1;

    follower->count = follower->done = 0;
    while (follower->count < size) {
        struct delivery *delivery = &follower->group[follower->count];
        if (!generator_next(&follower->generator, &delivery->message))
            break;
        delivery->rocket = 0;
        while (!text_equal(delivery->message.channel,
                           text_of(generator_channels[delivery->rocket])))
            delivery->rocket++;
        delivery->message.channel = text_of(ids[delivery->rocket]);
        if (follower->count++ == 0 && follower->positions) {
            struct random random = random_of(&delivery->message);
            size = 1 + random_below(&random, GROUP);
        }
    }
    return follower->count > 0;
}

/* Apply the group. Positions are not contiguous; duplicates have some, too. */
static void apply_group(struct follower *follower)
{
    struct table_item items[GROUP];
    uint64_t revision = follower->last;

    for (size_t i = 0; i < follower->count; i++) {
        struct delivery *delivery = &follower->group[i];
        deliver_to_fold(follower, delivery);
        bool drawn =
            follower->positions || delivery->outcome == MESSAGE_APPLIED;
        if (drawn)
            revision += follower->positions ? 1 + delivery->rocket % 2 : 1;
        delivery->revision = revision;
        items[i] =
            (struct table_item){.message = &delivery->message,
                                .position = follower->positions ? revision : 0};
    }
    applying = follower;
    if (follower->positions)
        table_apply_group(follower->table, items, follower->count);
    else
        items[0].outcome =
            table_apply(follower->table, &follower->group[0].message);
    applying = NULL;
    for (size_t i = 0; i < follower->count; i++)
        if (items[i].outcome != follower->group[i].outcome &&
            follower->wrong == NULL)
            follower->wrong = "outcome";
}

static const char *follow(struct text input, size_t *deliveries, bool positions,
                          enum mistake mistake)
{
    struct follower *follower = follower_new(input, positions, mistake);
    const char *wrong;

    while (follower->wrong == NULL && draw_group(follower)) {
        apply_group(follower);
        act(follower, &follower->group[follower->count - 1].message, 2);
        follower->deliveries += follower->count;
    }
    if (follower->wrong == NULL && follower->watched)
        follower->wrong = collect(follower);
    wrong = follower->wrong;
    *deliveries = follower->deliveries;
    follower_free(follower);
    return wrong;
}

static const char *follow_singly(struct text input, size_t *deliveries)
{
    return follow(input, deliveries, false, NO_MISTAKE);
}

static const char *follow_positions(struct text input, size_t *deliveries)
{
    return follow(input, deliveries, true, NO_MISTAKE);
}

static void changes_of_messages_are_collected_once(void **context)
{
    (void)context;
    assert_true(shrink_check("changes", follow_singly, GENERATOR_FLEET, 1000));
}

static void changes_with_positions_are_collected_once(void **context)
{
    (void)context;
    assert_true(shrink_check("changes with positions", follow_positions,
                             GENERATOR_FLEET, 1000));
}

/* Each shows only with positions, in the middle of a group. */
static void mistakes_of_watchers_are_found_out(void **context)
{
    static const enum mistake mistakes[] = {MISTAKE_REVISION, MISTAKE_MODEL};

    (void)context;
    for (size_t i = 0; i < COUNT(mistakes); i++) {
        unsigned found = 0;
        for (uint64_t seed = 0; seed < 200; seed++) {
            unsigned char bytes[GENERATOR_INPUT];
            struct random random = {seed};
            size_t deliveries;
            struct text input = generator_fill(bytes, GENERATOR_FLEET, &random);
            found += follow(input, &deliveries, true, mistakes[i]) != NULL;
        }
        if (found == 0)
            fail_msg("mistake %zu: no history shows it", i);
        print_message("mistake %zu: %u of 200 histories show it\n", i, found);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(changes_of_messages_are_collected_once),
        cmocka_unit_test(changes_with_positions_are_collected_once),
        cmocka_unit_test(mistakes_of_watchers_are_found_out),
    };

    log_set_level(LOG_ERROR);
    if (randombytes_set_implementation(&same_key) != 0)
        abort();
    choose_ids();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
