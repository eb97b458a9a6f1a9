/* SPDX-License-Identifier: Apache-2.0 */
#include "command.h"

#include "lib/file_bytes.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

struct command_path command_path(const struct store_scene *scene,
                                 const char *name)
{
    struct command_path path;

    snprintf(path.text, sizeof(path.text), "%s/%s", scene->folder.root, name);
    return path;
}

bool command_exists(const char *path)
{
    struct stat status;

    return lstat(path, &status) == 0;
}

struct command_printed command_run(int status, const char *const flags[])
{
    struct process process;
    struct command_printed printed;

    instance_start_command(&process, flags, NULL);
    printed.output = process_finish(&process, status, &printed.errors);
    return printed;
}

void command_printed_free(struct command_printed *printed)
{
    free(printed->output);
    free(printed->errors);
}

void command_expect_part(const char *text, const char *part)
{
    if (strstr(text, part) == NULL)
        fail_msg("\"%s\" is not in: %s", part, text);
}

char *command_expect_done(const char *const flags[])
{
    struct command_printed printed = command_run(0, flags);

    assert_string_equal(printed.errors, "");
    free(printed.errors);
    return printed.output;
}

void command_expect_failed(const char *const flags[], const char *part)
{
    struct command_printed printed = command_run(COMMAND_FAILED, flags);

    command_expect_part(printed.errors, part);
    command_printed_free(&printed);
}

char *command_export(const char *folder)
{
    char flag[COMMAND_PATH + 8];

    snprintf(flag, sizeof(flag), "-data=%s", folder);
    return command_expect_done(INSTANCE_FLAGS(flag, "-export"));
}

void command_back_up(const struct store_scene *scene, const char *file)
{
    char flag[COMMAND_PATH + 8];

    snprintf(flag, sizeof(flag), "-backup=%s", file);
    free(command_expect_done(INSTANCE_FLAGS(scene->folder.flag, flag)));
}

void command_restore(const char *file, const char *folder)
{
    char data[COMMAND_PATH + 8], flag[COMMAND_PATH + 16];

    snprintf(data, sizeof(data), "-data=%s", folder);
    snprintf(flag, sizeof(flag), "-restore=%s", file);
    free(command_expect_done(INSTANCE_FLAGS(data, flag)));
}

void command_start_service(struct store_scene *scene)
{
    instance_start(&scene->instance,
                   INSTANCE_FLAGS(scene->folder.flag, "-snapshot=1M"));
}

/* Wait until there is a snapshot. */
static void wait_for_snapshot(const struct store_scene *scene)
{
    struct command_path snapshot =
        command_path(scene, "data/" COMMAND_SNAPSHOT);
    int64_t deadline = process_clock() + PROCESS_PATIENCE;

    while (!command_exists(snapshot.text)) {
        if (process_clock() > deadline)
            fail_msg("there is no snapshot");
        process_wait_until(process_clock() + 5);
    }
}

void command_make_folder(struct store_scene *scene)
{
    command_start_service(scene);
    fleet_launch(&scene->instance, 8000, 250);
    wait_for_snapshot(scene);
    instance_stop(&scene->instance);
    instance_start(&scene->instance,
                   INSTANCE_FLAGS(scene->folder.flag, "-snapshot=off"));
    store_scene_post(&scene->instance, 20);
    instance_stop(&scene->instance);
}

void command_damage(const char *path, size_t offset)
{
    struct file_bytes bytes = file_bytes_read(path);

    if (bytes.data == NULL || offset >= bytes.length)
        fail_msg("%s is too short", path);
    else
        bytes.data[offset]++;
    file_bytes_write(path, &bytes, bytes.length);
    file_bytes_free(&bytes);
}
