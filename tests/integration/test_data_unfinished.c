/* SPDX-License-Identifier: Apache-2.0 */
/*
 * -backup and -restore with the real binary, when they cannot be completed: the
 * disk is full, or a signal or a kill ends them.
 */
#include "command.h"

#include "lib/file_bytes.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A backup that was killed leaves this; its name is not that of a backup. */
static void what_a_killed_backup_left_is_replaced(void **state)
{
    struct store_scene *scene = *state;
    struct command_path file = command_path(scene, "backup"),
                        left = command_path(scene, "backup.new");
    struct file_bytes junk = {(unsigned char *)strdup("junk"), 4};

    command_make_folder(scene);
    file_bytes_write(left.text, &junk, junk.length);
    file_bytes_free(&junk);
    command_back_up(scene, file.text);
    assert_false(command_exists(left.text));
    assert_true(command_exists(file.text));
}

/* As on a disk that is full: ulimit -f ends a file early. */
static void a_backup_that_cannot_be_written_leaves_nothing(void **state)
{
    struct store_scene *scene = *state;
    struct command_path file = command_path(scene, "backup"),
                        left = command_path(scene, "backup.new");
    char command[8 * COMMAND_PATH];
    struct process process;
    char *errors = NULL;

    command_make_folder(scene);
    snprintf(command, sizeof(command), "ulimit -f 128; exec %s %s -backup=%s",
             process_setting("LUNAR_SERVICE"), scene->folder.flag, file.text);
    process_start(&process, INSTANCE_FLAGS("/bin/sh", "-c", command), NULL);
    free(process_finish(&process, COMMAND_FAILED, &errors));
    command_expect_part(errors, "backup.new: ");
    free(errors);
    assert_false(command_exists(file.text));
    assert_false(command_exists(left.text));
    command_back_up(scene, file.text);
}

/*
 * Interrupt a command when it has made the file `begun`. It is synced in
 * pieces, so it cannot be complete before the syncs end.
 */
static void interrupt(const struct store_scene *scene,
                      const char *const flags[], const char *begun,
                      const char *part)
{
    char library[512], disk[STORE_SCENE_PATH];
    struct process process;

    store_scene_slow_variables(scene, library, disk);
    store_scene_set_slow(scene, "syncs", true);
    instance_start_command(&process, flags, INSTANCE_FLAGS(library, disk));
    while (!command_exists(begun))
        process_wait_until(process_clock() + 5);
    process_signal(&process, SIGTERM);
    store_scene_set_slow(scene, "syncs", false);
    assert_int_equal(process_wait(&process, PROCESS_PATIENCE),
                     PROCESS_SIGNALLED + SIGTERM);
    char *errors = process_errors(&process);
    command_expect_part(errors, part);
    free(errors);
    process_release(&process);
}

/* Whoever has started it sees that it was stopped. */
static void a_signal_ends_a_command_and_leaves_nothing(void **state)
{
    struct store_scene *scene = *state;
    struct command_path file = command_path(scene, "backup"),
                        left = command_path(scene, "backup.new"),
                        restored = command_path(scene, "restored"),
                        segment = command_path(
                            scene, "restored/" COMMAND_FIRST_SEGMENT ".new");
    char data[COMMAND_PATH + 8], flag[COMMAND_PATH + 16];

    instance_start(&scene->instance,
                   INSTANCE_FLAGS(scene->folder.flag, "-snapshot=off"));
    fleet_launch(&scene->instance, 24000, 250);
    instance_stop(&scene->instance);
    snprintf(flag, sizeof(flag), "-backup=%s", file.text);
    interrupt(scene, INSTANCE_FLAGS(scene->folder.flag, flag), left.text,
              "interrupted by a signal: there is no backup");
    assert_false(command_exists(left.text));
    assert_false(command_exists(file.text));

    command_back_up(scene, file.text);
    snprintf(data, sizeof(data), "-data=%s", restored.text);
    snprintf(flag, sizeof(flag), "-restore=%s", file.text);
    interrupt(scene, INSTANCE_FLAGS(data, flag), segment.text,
              "interrupted by a signal: nothing is restored");
    assert_false(command_exists(restored.text));
    command_restore(file.text, restored.text);
}

static void a_restore_that_cannot_be_written_leaves_no_state(void **state)
{
    struct store_scene *scene = *state;
    struct command_path file = command_path(scene, "backup"),
                        restored = command_path(scene, "restored");
    char command[8 * COMMAND_PATH], data[COMMAND_PATH + 8];
    struct process process;
    char *errors = NULL;

    command_make_folder(scene);
    command_back_up(scene, file.text);
    snprintf(data, sizeof(data), "-data=%s", restored.text);
    snprintf(command, sizeof(command), "ulimit -f 128; exec %s %s -restore=%s",
             process_setting("LUNAR_SERVICE"), data, file.text);
    process_start(&process, INSTANCE_FLAGS("/bin/sh", "-c", command), NULL);
    free(process_finish(&process, COMMAND_FAILED, &errors));
    command_expect_part(errors, COMMAND_SNAPSHOT ".new: ");
    free(errors);
    assert_false(command_exists(restored.text));
    command_restore(file.text, restored.text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        STORE_SCENE_TEST(what_a_killed_backup_left_is_replaced),
        STORE_SCENE_TEST(a_backup_that_cannot_be_written_leaves_nothing),
        STORE_SCENE_TEST(a_signal_ends_a_command_and_leaves_nothing),
        STORE_SCENE_TEST(a_restore_that_cannot_be_written_leaves_no_state),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
