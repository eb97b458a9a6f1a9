/* SPDX-License-Identifier: Apache-2.0 */
/*
 * -check, -backup, -restore and -export with the real binary: of what is
 * damaged, and of what is no folder or backup.
 */
#include "command.h"

#include "lib/count_parts.h"
#include "lib/file_bytes.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { USER_VERSION = 60 /* in the header of a database (SQLite, 1.3) */ };

/* The same where `part` stands for the first time. */
static void damage_part(const char *path, const char *part)
{
    struct file_bytes bytes = file_bytes_read(path);
    unsigned char *at = bytes.data == NULL ? NULL
                                           : memmem(bytes.data, bytes.length,
                                                    part, strlen(part));

    if (at == NULL)
        fail_msg("\"%s\" is not in %s", part, path);
    else
        command_damage(path, (size_t)(at - bytes.data));
    file_bytes_free(&bytes);
}

/* The name of the last segment in the folder of the scene. */
static struct command_path find_segment(const struct store_scene *scene)
{
    struct dirent **entries = NULL;
    struct command_path found = {""};
    int count = scandir(scene->folder.path, &entries, NULL, alphasort);

    for (int i = 0; i < count; i++) {
        const char *name = entries[i]->d_name;
        if (strncmp(name, "journal-", 8) == 0 && strlen(name) == 31)
            snprintf(found.text, sizeof(found.text), "%s/%.40s",
                     scene->folder.path, name);
        free(entries[i]);
    }
    free(entries);
    assert_true(found.text[0] != '\0');
    return found;
}

/* Each segment in turns, and the snapshot: all damage is told at once. */
static void all_damage_is_told_and_nothing_is_made_of_it(void **state)
{
    struct store_scene *scene = *state;
    struct command_path file = command_path(scene, "backup"),
                        snapshot =
                            command_path(scene, "data/" COMMAND_SNAPSHOT);
    char flag[COMMAND_PATH + 16];

    command_make_folder(scene);
    struct command_path segment = find_segment(scene);
    damage_part(snapshot.text, "rocket-00");
    damage_part(segment.text, "moon");

    struct command_printed printed = command_run(
        COMMAND_FAILED, INSTANCE_FLAGS(scene->folder.flag, "-check"));
    /* A line for each file, and the last one. */
    assert_int_equal(count_parts(printed.output, "  is damaged"), 2);
    command_expect_part(printed.output,
                        "\ndamaged: a service cannot start with ");
    command_expect_part(printed.output,
                        "/data: restore a backup to a new folder with "
                        "-data=DIR -restore=FILE\n");
    command_expect_part(printed.errors, COMMAND_SNAPSHOT " is damaged");
    command_printed_free(&printed);

    snprintf(flag, sizeof(flag), "-backup=%s", file.text);
    command_expect_failed(INSTANCE_FLAGS(scene->folder.flag, flag),
                          COMMAND_SNAPSHOT " is damaged");
    assert_false(command_exists(file.text));
    command_expect_failed(INSTANCE_FLAGS(scene->folder.flag, "-export"),
                          COMMAND_SNAPSHOT " is damaged");
}

/*
 * A byte that nothing depends on, such as those behind the end of a value, may
 * be damaged. Then a check finds nothing, and all is restored.
 */
static void a_damaged_backup_is_restored_as_it_was_or_not_at_all(void **state)
{
    struct store_scene *scene = *state;
    struct command_path file = command_path(scene, "backup"),
                        restored = command_path(scene, "restored");
    char data[COMMAND_PATH + 8], flag[COMMAND_PATH + 16],
        check[COMMAND_PATH + 16];
    size_t refused = 0;

    command_make_folder(scene);
    command_back_up(scene, file.text);
    char *exported = command_export(scene->folder.path);
    struct file_bytes bytes = file_bytes_read(file.text);
    snprintf(data, sizeof(data), "-data=%s", restored.text);
    snprintf(flag, sizeof(flag), "-restore=%s", file.text);
    snprintf(check, sizeof(check), "-check=%s", file.text);
    for (size_t part = 1; part < 16; part++) {
        command_damage(file.text, part * bytes.length / 16);
        struct process process;
        char *errors = NULL;
        instance_start_command(&process, INSTANCE_FLAGS(check), NULL);
        int status = process_wait(&process, PROCESS_PATIENCE);
        process_release(&process);
        instance_start_command(&process, INSTANCE_FLAGS(data, flag), NULL);
        free(process_finish(&process, status, &errors));
        if (status == 0) {
            char *after = command_export(restored.text);
            assert_string_equal(after, exported);
            free(after);
            assert_int_equal(folder_remove(restored.text), 0);
        } else {
            refused++;
            assert_int_equal(status, COMMAND_FAILED);
            command_expect_part(errors, "use another backup");
            assert_false(command_exists(restored.text));
        }
        free(errors);
        file_bytes_write(file.text, &bytes, bytes.length);
    }
    assert_true(refused > 4);
    /* One that was cut off, as by a copy that was interrupted. */
    file_bytes_write(file.text, &bytes, bytes.length - bytes.length / 3);
    command_expect_failed(INSTANCE_FLAGS(check), file.text);
    command_expect_failed(INSTANCE_FLAGS(data, flag), file.text);
    file_bytes_write(file.text, &bytes, bytes.length);
    file_bytes_free(&bytes);
    command_restore(file.text, restored.text);
    free(exported);
}

/* Flags of commands that are refused. */
struct refused {
    char backup[COMMAND_PATH + 16],
        to_missing[COMMAND_PATH + 16]; /* of the folder */
    char into_itself[COMMAND_PATH + 16], to_pipe[COMMAND_PATH + 16];
    char restore[COMMAND_PATH + 16],
        snapshot[2 * COMMAND_PATH];                            /* from these */
    char empty[COMMAND_PATH + 16], missing[COMMAND_PATH + 16]; /* folders */
    char as_backup[COMMAND_PATH + 16]; /* a check of the folder as a backup */
};

static struct refused make_refused(const struct store_scene *scene)
{
    struct command_path file = command_path(scene, "backup"),
                        into_missing = command_path(scene, "missing/backup"),
                        empty = command_path(scene, "empty"),
                        missing = command_path(scene, "missing");
    struct refused made;

    assert_int_equal(mkdir(empty.text, 0700), 0);
    snprintf(made.backup, sizeof(made.backup), "-backup=%s", file.text);
    snprintf(made.to_missing, sizeof(made.to_missing), "-backup=%s",
             into_missing.text);
    snprintf(made.into_itself, sizeof(made.into_itself),
             "-backup=%s/../data/journal-00000000000009999999.db",
             scene->folder.path);
    snprintf(made.to_pipe, sizeof(made.to_pipe), "-backup=%s",
             command_path(scene, "pipe").text);
    assert_int_equal(mkfifo(command_path(scene, "pipe.new").text, 0600), 0);
    snprintf(made.restore, sizeof(made.restore), "-restore=%s", file.text);
    snprintf(made.snapshot, sizeof(made.snapshot),
             "-restore=%s/" COMMAND_SNAPSHOT, scene->folder.path);
    snprintf(made.empty, sizeof(made.empty), "-data=%s", empty.text);
    snprintf(made.missing, sizeof(made.missing), "-data=%s", missing.text);
    snprintf(made.as_backup, sizeof(made.as_backup), "-check=%s",
             scene->folder.path);
    return made;
}

/* It says what to do, and nothing is replaced or made. */
static void what_cannot_be_done_says_why(void **state)
{
    struct store_scene *scene = *state;

    command_make_folder(scene);
    const struct refused flags = make_refused(scene);
    const char *data = scene->folder.flag;
    free(command_expect_done(INSTANCE_FLAGS(data, flags.backup)));
    const struct {
        const char *const *flags;
        const char *part;
    } rows[] = {
        {INSTANCE_FLAGS(data, flags.backup),
         "is there already, and a backup replaces no file: choose another "
         "name, or move that one away"},
        {INSTANCE_FLAGS(data, flags.to_missing),
         "/missing/backup.new: No such file or directory: make the folder "
         "that it is in first"},
        {INSTANCE_FLAGS(data, flags.into_itself),
         "is in the data folder, which is for the service alone: choose "
         "another folder for the backup"},
        {INSTANCE_FLAGS(data, flags.to_pipe),
         "pipe.new is not a regular file: remove it, or choose another name"},
        {INSTANCE_FLAGS(data, flags.restore),
         "holds state already, and a restore replaces none: choose a new "
         "folder, or move the files of that one away"},
        {INSTANCE_FLAGS(flags.missing, flags.snapshot),
         "is the snapshot of a data folder, not a backup: make a backup of "
         "that folder"},
        {INSTANCE_FLAGS(flags.missing, "-restore=/dev/null"),
         "/dev/null is not a regular file: give the file of a backup"},
        {INSTANCE_FLAGS(flags.missing, "-restore=/nowhere"),
         "there is no /nowhere"},
        {INSTANCE_FLAGS(flags.as_backup), "is not a regular file"},
        {INSTANCE_FLAGS(flags.missing, "-check"), "there is no folder "},
        {INSTANCE_FLAGS(flags.missing, "-export"), "there is no folder "},
        {INSTANCE_FLAGS(flags.missing, flags.backup), "there is no folder "},
        {INSTANCE_FLAGS(flags.empty, "-check"), "holds no state: give the "},
        {INSTANCE_FLAGS(flags.empty, "-export"), "holds no state: give the "},
        {INSTANCE_FLAGS(flags.empty, "-backup=/tmp/lunar-never"),
         "holds no state: give the "},
    };
    uint64_t hash = folder_hash(scene->folder.path);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        command_expect_failed(rows[i].flags, rows[i].part);
    assert_int_equal(folder_hash(scene->folder.path), hash);
    assert_false(command_exists(command_path(scene, "missing").text));
    assert_false(command_exists("/tmp/lunar-never"));
    assert_true(command_exists(command_path(scene, "pipe.new").text));

    command_start_service(scene);
    command_expect_failed(INSTANCE_FLAGS(data, flags.restore),
                          "is in use by another lunar.service: stop that one");
    instance_stop(&scene->instance);
}

/* A pipe would be waited for, and signals are blocked then. */
static void a_lock_that_is_a_pipe_is_not_waited_for(void **state)
{
    struct store_scene *scene = *state;
    struct command_path lock = command_path(scene, "data/lock");

    command_make_folder(scene);
    assert_int_equal(unlink(lock.text), 0);
    assert_int_equal(mkfifo(lock.text, 0600), 0);
    free(command_expect_done(INSTANCE_FLAGS(scene->folder.flag, "-check")));
}

static void files_of_later_versions_are_refused(void **state)
{
    struct store_scene *scene = *state;
    struct command_path file = command_path(scene, "backup"),
                        snapshot =
                            command_path(scene, "data/" COMMAND_SNAPSHOT);
    char check[COMMAND_PATH + 16];
    static const char part[] = "has version 2.1, but lunar.service ";

    command_make_folder(scene);
    command_back_up(scene, file.text);
    snprintf(check, sizeof(check), "-check=%s", file.text);
    command_damage(file.text, USER_VERSION + 3);
    command_expect_failed(INSTANCE_FLAGS(check), part);
    command_damage(snapshot.text, USER_VERSION + 3);
    command_expect_failed(INSTANCE_FLAGS(scene->folder.flag, "-check"), part);
    command_expect_failed(INSTANCE_FLAGS(scene->folder.flag, "-export"), part);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        STORE_SCENE_TEST(all_damage_is_told_and_nothing_is_made_of_it),
        STORE_SCENE_TEST(a_damaged_backup_is_restored_as_it_was_or_not_at_all),
        STORE_SCENE_TEST(what_cannot_be_done_says_why),
        STORE_SCENE_TEST(a_lock_that_is_a_pipe_is_not_waited_for),
        STORE_SCENE_TEST(files_of_later_versions_are_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
