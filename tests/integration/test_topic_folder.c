/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The real binary and the folder of an instance, without any broker: what the
 * commands say of it, and that it is not served without its topic. The room of
 * the store makes the snapshot in it.
 */
#include "lib/data_folder.h"
#include "lib/file_bytes.h"
#include "lib/harness.h"
#include "lib/messages.h"
#include "lib/saved_table.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "domain/rocket.h"
#include "store/folder.h"

enum { ROCKETS = 10, STATUS_FAILED = 1, PATH = 160 };

struct scene {
    struct data_folder folder;
    char snapshot[PATH];
};

/* With rockets of a later position than the snapshot has in all. */
static int set_up(void **state)
{
    struct scene *scene = calloc(1, sizeof(*scene));
    struct table *table = table_new(SIZE_MAX);
    struct snapshot_info info = {.id = 9,
                                 .position = 1234,
                                 .through = 1300,
                                 .max_runs = ROCKET_MAX_RUNS,
                                 .check = 5,
                                 .rules = 1};
    char error[JOURNAL_ERROR] = "";

    if (scene == NULL || table == NULL)
        abort();
    data_folder_make(&scene->folder);
    assert_int_equal(mkdir(scene->folder.path, 0700), 0);
    snprintf(scene->snapshot, sizeof(scene->snapshot), "%s/snapshot.db",
             scene->folder.path);
    for (unsigned i = 0; i < ROCKETS; i++) {
        char id[32];
        snprintf(id, sizeof(id), "rocket %u", i);
        struct message message = message_speed(id, 1, 10);
        table_apply(table, &message);
    }
    if (!saved_table_write_kind(table, scene->snapshot, SNAPSHOT_OF_TOPIC, 4096,
                                &info, error))
        fail_msg("%s", error);
    table_free(table);
    *state = scene;
    return 0;
}

static int tear_down(void **state)
{
    struct scene *scene = *state;

    folder_remove(scene->folder.root);
    free(scene);
    return 0;
}

/* Run a command. It must end with `status`, and say these. */
static void expect(int status, const char *const flags[], const char *output,
                   const char *errors)
{
    struct process process;
    char *on_stderr;

    instance_start_command(&process, flags, NULL);
    char *on_stdout = process_finish(&process, status, &on_stderr);
    if (strstr(on_stdout, output) == NULL)
        fail_msg("\"%s\" is not in: %s", output, on_stdout);
    if (strstr(on_stderr, errors) == NULL)
        fail_msg("\"%s\" is not in: %s", errors, on_stderr);
    free(on_stdout);
    free(on_stderr);
}

static void check_says_how_far_it_goes(void **state)
{
    struct scene *scene = *state;

    expect(0, INSTANCE_FLAGS(scene->folder.flag, "-check"),
           "up to position 1,234; newer records are in the topic\n", "");
    expect(0, INSTANCE_FLAGS(scene->folder.flag, "-check"),
           "sound: an instance can start with ", "");
    expect(0, INSTANCE_FLAGS(scene->folder.flag, "-check"), "10 rockets  ok",
           "");
}

static void check_of_damage_says_what_to_do(void **state)
{
    struct scene *scene = *state;

    assert_int_equal(truncate(scene->snapshot, 40000), 0);
    expect(STATUS_FAILED, INSTANCE_FLAGS(scene->folder.flag, "-check"),
           "remove its snapshot.db, and start it with -peer=URL of another one",
           "snapshot.db");
}

static void export_says_of_which_position_it_is(void **state)
{
    struct scene *scene = *state;

    expect(0, INSTANCE_FLAGS(scene->folder.flag, "-export"),
           "{\"id\":\"rocket 9\",",
           "this is the snapshot, which has all records up to position 1,234, "
           "and some up to 1,300; newer ones are in the topic only\n");
}

static void backup_says_what_to_do_instead(void **state)
{
    struct scene *scene = *state;
    char backup[PATH + 8], restore[PATH + 16], data[PATH + 8];
    struct stat status;

    snprintf(backup, sizeof(backup), "-backup=%s/b", scene->folder.root);
    expect(STATUS_FAILED, INSTANCE_FLAGS(scene->folder.flag, backup), "",
           "a backup by itself: copy that file, or get a newer one with GET "
           "/snapshot");
    assert_int_not_equal(stat(backup + strlen("-backup="), &status), 0);
    snprintf(restore, sizeof(restore), "-restore=%s", scene->snapshot);
    snprintf(data, sizeof(data), "-data=%s/new", scene->folder.root);
    expect(STATUS_FAILED, INSTANCE_FLAGS(data, restore), "",
           "is the snapshot of a topic, not a backup: copy it to a new folder "
           "as snapshot.db");
    assert_int_not_equal(stat(data + strlen("-data="), &status), 0);
}

static void folder_is_not_served_without_its_topic(void **state)
{
    struct scene *scene = *state;

    expect(STATUS_FAILED, INSTANCE_FLAGS(scene->folder.flag), "",
           "is the snapshot of a topic: give -kafka=BROKERS and -topic=NAME, "
           "too, or choose another folder");
}

#define TOPIC_FOLDER_TEST(test)                                                \
    cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TOPIC_FOLDER_TEST(check_says_how_far_it_goes),
        TOPIC_FOLDER_TEST(check_of_damage_says_what_to_do),
        TOPIC_FOLDER_TEST(export_says_of_which_position_it_is),
        TOPIC_FOLDER_TEST(backup_says_what_to_do_instead),
        TOPIC_FOLDER_TEST(folder_is_not_served_without_its_topic),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
