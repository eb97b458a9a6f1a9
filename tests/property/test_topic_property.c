/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tests that all instances that share a journal have the same rockets, byte for
 * byte, wherever they begin: with all records, or with a snapshot that another
 * instance has taken at any moment while it applied them. The records are those
 * of several senders: some are in it twice, far from each other, and between
 * them are records of no message. Compiled with the small bound of
 * test_small_bound.c, past which the order of messages decides.
 */
#include "lib/unit_check.h"

#include <stdlib.h>

#include "base/log.h"
#include "fleet.h"
#include "lib/folder.h"
#include "lib/saved_table.h"
#include "shrink.h"
#include "store/commit.h"
#include "store/folder.h"
#include "store/snapshot_load.h"
#include "store/snapshot_take.h"
#include "table/table.h"

enum { ID = 5 };

/* The records; their places are the positions. */
struct topic {
    struct message *messages;
    bool *skipped; /* it is no message */
    uint64_t count;
};

/* What one of the sharing processes has. */
struct instance {
    const struct topic *topic;
    struct table *table;
    struct commit *commit;
    uint64_t next; /* position to apply */
};

static void add_record(struct topic *topic, const struct message *message)
{
    uint64_t count = topic->count + 1;

    struct message *messages =
        realloc(topic->messages, count * sizeof(*messages));
    bool *skipped = realloc(topic->skipped, count * sizeof(*skipped));
    if (messages == NULL || skipped == NULL)
        abort();
    topic->messages = messages;
    topic->skipped = skipped;
    topic->skipped[topic->count] = message == NULL;
    if (message != NULL)
        topic->messages[topic->count] = *message;
    topic->count = count;
}

/* Also what is not acknowledged in time is sent again, to any instance. */
static void fill_topic(struct topic *topic, struct text input,
                       struct random *random)
{
    struct generator generator = {.input = input};
    struct message message;

    add_record(topic, NULL); /* what begins the history */
    while (generator_next(&generator, &message)) {
        /* As message_parse() accepts it. */
        if (message.speed > MESSAGE_MAX_SPEED)
            message.speed = MESSAGE_MAX_SPEED;
        message.time.digits = 9;
        add_record(topic, &message);
        if (random_below(random, 10) == 0)
            add_record(topic, NULL);
        uint64_t again = random_below(random, topic->count);
        if (random_below(random, 5) == 0 && !topic->skipped[again]) {
            message = topic->messages[again];
            add_record(topic, &message);
        }
    }
}

static void begin_instance(struct instance *instance, const struct topic *topic)
{
    static struct journal shared = {.shared = true};

    *instance = (struct instance){.topic = topic, .next = 1};
    instance->table = table_new(SIZE_MAX);
    if (instance->table == NULL)
        abort();
    instance->commit = commit_new(&shared, instance->table, NULL, NULL);
    if (instance->commit == NULL)
        abort();
    table_limit_admission(instance->table, 100);
}

static void end_instance(struct instance *instance)
{
    commit_free(instance->commit);
    table_free(instance->table);
}

/* Apply up to `count` more records. */
static void apply_some(struct instance *instance, uint64_t count)
{
    const struct journal_target *target = commit_target(instance->commit);
    const struct topic *topic = instance->topic;

    for (; count > 0 && instance->next < topic->count; count--) {
        uint64_t position = instance->next++;
        const struct record record = {
            .kind = RECORD_MESSAGE,
            .message = topic->messages[position],
        };
        if (!topic->skipped[position])
            target->apply(target->context, position, &record, NULL, 0);
    }
    target->applied(target->context);
}

/* The instance whose snapshot is being taken. */
static struct {
    struct instance *instance;
    struct random *random;
} walked;

enum table_walked __real_table_walk_next(struct table *table,
                                         struct table_walk *walk,
                                         struct buffer *images,
                                         uint64_t *count);
enum table_walked __wrap_table_walk_next(struct table *table,
                                         struct table_walk *walk,
                                         struct buffer *images,
                                         uint64_t *count);

/* The linker redirects the calls of snapshot_take() to here. */
enum table_walked __wrap_table_walk_next(struct table *table,
                                         struct table_walk *walk,
                                         struct buffer *images, uint64_t *count)
{
    if (walked.instance != NULL)
        apply_some(walked.instance, random_below(walked.random, 8));
    return __real_table_walk_next(table, walk, images, count);
}

static void take_snapshot(const struct folder *folder,
                          struct instance *instance, struct random *random)
{
    static const _Atomic bool never = false;
    const struct snapshot_source source = {
        .folder = folder,
        .table = instance->table,
        .id = ID,
        .kind = SNAPSHOT_OF_TOPIC,
        .stop = &never,
    };
    const struct journal_place place = {.position = instance->next - 1};
    struct snapshot_info info;
    char error[JOURNAL_ERROR] = "";

    walked.instance = instance;
    walked.random = random;
    if (snapshot_take(&source, &place, &info, error) != SNAPSHOT_TAKEN)
        fail_msg("%s", error);
    walked.instance = NULL;
}

/* Begin with the snapshot, and apply what is behind it. */
static void load_snapshot(const struct folder *folder,
                          struct instance *instance)
{
    char path[FOLDER_FILE], error[JOURNAL_ERROR] = "";

    folder_snapshot_path(folder, "", path);
    struct snapshot_reader *reader =
        snapshot_reader_new(path, SNAPSHOT_OF_TOPIC, error);
    if (reader == NULL) {
        fail_msg("%s", error);
        return;
    }
    instance->next = snapshot_reader_info(reader)->position + 1;
    snapshot_reader_free(reader);
    if (snapshot_load(path, SNAPSHOT_OF_TOPIC, instance->table, NULL, error) !=
        JOURNAL_COMPLETE)
        fail_msg("%s", error);
}

/* The other must be as the first, once it has applied as many records. */
static const char *compare_new_instance(const struct folder *folder,
                                        struct instance *first)
{
    struct instance other;

    begin_instance(&other, first->topic);
    load_snapshot(folder, &other);
    apply_some(&other, first->next - other.next);
    bool same = other.next == first->next &&
                table_revision(other.table) == table_revision(first->table) &&
                saved_table_same(first->table, other.table);
    end_instance(&other);
    return same ? NULL : "an instance that began with a snapshot";
}

/* All rockets must be as in the plain fold of the records. */
static const char *compare_fold(struct instance *instance)
{
    const struct topic *topic = instance->topic;
    const char *differs = NULL;

    for (size_t i = 0; differs == NULL && i < GENERATOR_ROCKETS; i++) {
        struct text id = text_of(generator_channels[i]);
        struct oracle oracle;
        struct rocket_view view = {.speed = 0};
        oracle_init(&oracle);
        for (uint64_t at = 0; at < instance->next; at++)
            if (!topic->skipped[at] &&
                text_equal(topic->messages[at].channel, id))
                oracle_apply(&oracle, &topic->messages[at]);
        bool found = table_find(instance->table, id, &view);
        struct oracle_state state = oracle_state(&oracle);
        if (found != (oracle.count > 0))
            differs = "whether there is a rocket";
        else if (found)
            differs = fleet_difference(&view, &state);
        oracle_release(&oracle);
    }
    return differs;
}

static const char *follow_topic(struct text input, size_t *delivery)
{
    struct random random = {input.length};
    struct topic topic = {NULL, NULL, 0};
    struct instance first;
    char root[FOLDER_ROOT], error[JOURNAL_ERROR] = "";
    const char *differs = NULL;
    bool taken = false;

    for (size_t i = 0; i < input.length; i++)
        random.state = random.state * 31 + (unsigned char)input.data[i];
    folder_make_fast(root);
    struct folder *folder = folder_open(root, error);
    if (folder == NULL)
        fail_msg("%s", error);
    fill_topic(&topic, input, &random);
    begin_instance(&first, &topic);
    while (differs == NULL && first.next < topic.count) {
        apply_some(&first, 1 + random_below(&random, 40));
        if (random_below(&random, 4) == 0) {
            take_snapshot(folder, &first, &random);
            taken = true;
        }
        if (taken && random_below(&random, 4) == 0)
            differs = compare_new_instance(folder, &first);
    }
    if (differs == NULL && taken)
        differs = compare_new_instance(folder, &first);
    if (differs == NULL)
        differs = compare_fold(&first);
    *delivery = (size_t)first.next;
    end_instance(&first);
    folder_close(folder);
    folder_remove(root);
    free(topic.messages);
    free(topic.skipped);
    return differs;
}

static void instances_agree_on_short_histories(void **context)
{
    (void)context;
    assert_true(shrink_check("short histories of a topic", follow_topic,
                             GENERATOR_SHORT, 100));
}

static void instances_agree_on_hostile_histories(void **context)
{
    (void)context;
    assert_true(shrink_check("hostile histories of a topic", follow_topic,
                             GENERATOR_HOSTILE, 10));
}

static void instances_agree_on_fleets(void **context)
{
    (void)context;
    assert_true(
        shrink_check("fleets of a topic", follow_topic, GENERATOR_FLEET, 50));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(instances_agree_on_short_histories),
        cmocka_unit_test(instances_agree_on_fleets),
        cmocka_unit_test(instances_agree_on_hostile_histories),
    };

    /* Each start would tell again which rockets exceed the bound. */
    log_set_level(LOG_ERROR);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
