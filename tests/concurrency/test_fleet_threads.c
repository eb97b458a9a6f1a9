/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tests that names and speeds can be counted while they change: rockets of one
 * stripe get new missions, so that strings come, go and change their places
 * between two steps of a count. Most useful with the sanitizers.
 */
#include "lib/unit_check.h"

#include <pthread.h>
#include <stdatomic.h>

#include "lib/messages.h"
#include "property/counts.h"
#include "table/table_fleet.h"
#include "table/table_parts.h"

enum {
    WRITERS = 2,
    COUNTERS = 2,
    ROCKETS = 800, /* more strings than a step of a count reads */
    ROUNDS = 30,
    ID_SIZE = 32,
};

static struct stage {
    struct table *table;
    char ids[ROCKETS][ID_SIZE];
    _Atomic unsigned writers; /* that have been started */
    _Atomic unsigned writing; /* that have not finished */
    _Atomic(const char *) failure;
} stage;

static void check(bool holds, const char *claim)
{
    if (!holds)
        atomic_store(&stage.failure, claim);
}

/* Every third mission is one that others have, too. */
static void *write_missions(void *argument)
{
    unsigned first = atomic_fetch_add(&stage.writers, 1);
    char mission[ID_SIZE];

    for (unsigned number = 1; number <= ROUNDS; number++) {
        for (unsigned i = first; i < ROCKETS; i += WRITERS) {
            unsigned name = i % 3 == 0 ? number % 5 : i;
            snprintf(mission, sizeof(mission), "m %u %u", name, number);
            struct message message =
                i % 7 == 0 ? message_launched(stage.ids[i], number, mission,
                                              mission, number)
                           : message_mission(stage.ids[i], number, mission);
            check(table_apply(stage.table, &message) == MESSAGE_APPLIED,
                  "a message is not applied");
        }
    }
    atomic_fetch_sub(&stage.writing, 1);
    return argument;
}

static void check_names(const struct table_names *names)
{
    for (size_t i = 0; i < names->count; i++) {
        struct text name = names->names[i].name;
        check(name.length > 2 && memcmp(name.data, "m ", 2) == 0,
              "a name is in no message");
        check(names->names[i].rockets > 0, "a name has no rocket");
        if (i == 0)
            continue;
        const struct table_name *before = &names->names[i - 1];
        check(before->rockets > names->names[i].rockets ||
                  (before->rockets == names->names[i].rockets &&
                   text_compare(before->name, name) < 0),
              "names are not in order, or one is there twice");
    }
}

static void *count_missions(void *argument)
{
    struct table_names *names = malloc(sizeof(*names));
    struct table_speeds speeds;

    if (names == NULL)
        abort();
    while (atomic_load(&stage.writing) > 0) {
        if (!table_count_names(stage.table, TABLE_MISSION, names))
            abort();
        check_names(names);
        table_count_speeds(stage.table, &speeds);
        uint64_t rockets = 0;
        for (size_t i = 0; i <= TABLE_SPEED_BOUNDS; i++)
            rockets += speeds.rockets[i];
        check(rockets <= ROCKETS, "more speeds are counted than rockets");
    }
    free(names);
    return argument;
}

static void names_are_counted_while_they_change(void **context)
{
    pthread_t threads[WRITERS + COUNTERS];

    (void)context;
    stage.table = table_new(SIZE_MAX);
    assert_non_null(stage.table);
    for (unsigned i = 0, rockets = 0; rockets < ROCKETS; i++) {
        char *id = stage.ids[rockets];
        snprintf(id, ID_SIZE, "%u", i);
        rockets += table_locate(stage.table, text_of(id)).index == 0;
    }
    atomic_store(&stage.writing, WRITERS);
    for (size_t i = 0; i < WRITERS + COUNTERS; i++)
        assert_int_equal(
            pthread_create(&threads[i], NULL,
                           i < WRITERS ? write_missions : count_missions, NULL),
            0);
    for (size_t i = 0; i < WRITERS + COUNTERS; i++)
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    if (stage.failure != NULL)
        fail_msg("%s", stage.failure);
    const char *differs = counts_difference(stage.table);
    if (differs != NULL)
        fail_msg("%s", differs);
    table_free(stage.table);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_are_counted_while_they_change),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
