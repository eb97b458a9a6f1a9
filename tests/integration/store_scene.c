/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The port of a service that still recovers is read from its log, as its ready
 * line comes later.
 */
#include "store_scene.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int store_scene_set_up(void **state)
{
    static struct store_scene scene;

    scene = (struct store_scene){0};
    data_folder_make(&scene.folder);
    *state = &scene;
    return 0;
}

int store_scene_tear_down(void **state)
{
    struct store_scene *scene = *state;

    instance_release(&scene->instance);
    return folder_remove(scene->folder.root);
}

void store_scene_start(struct store_scene *scene)
{
    instance_start(&scene->instance, INSTANCE_FLAGS(scene->folder.flag));
}

void store_scene_post(const struct instance *instance, uint64_t count)
{
    struct connection connection;

    instance_connect(instance, &connection);
    for (uint64_t number = 1; number <= count; number++) {
        struct fleet_message message =
            number == 1 ? fleet_launched("moon", 1, "Falcon-9", 500, "ARTEMIS")
                        : fleet_faster("moon", number, 1);
        fleet_post(&connection, &message);
    }
    connection_close(&connection);
}

static void find_path(const struct store_scene *scene, const char *what,
                      char path[STORE_SCENE_PATH])
{
    snprintf(path, STORE_SCENE_PATH, "%s/disk.%s", scene->folder.root, what);
}

void store_scene_set_slow(const struct store_scene *scene, const char *what,
                          bool slow)
{
    char path[STORE_SCENE_PATH];

    find_path(scene, what, path);
    if (slow)
        close(open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
    else
        unlink(path);
}

void store_scene_wait_sync(const struct store_scene *scene)
{
    char path[STORE_SCENE_PATH];
    int64_t limit = process_clock() + INSTANCE_PATIENCE;

    find_path(scene, "waiting", path);
    while (access(path, F_OK) != 0) {
        assert_true(process_clock() < limit);
        process_wait_until(process_clock() + 1);
    }
}

void store_scene_slow_variables(const struct store_scene *scene,
                                char library[512], char disk[STORE_SCENE_PATH])
{
    snprintf(library, 512, "LD_PRELOAD=%s", process_setting("LUNAR_SLOW_DISK"));
    snprintf(disk, STORE_SCENE_PATH, "SLOW_DISK=%s/disk", scene->folder.root);
}

void store_scene_start_slow(struct store_scene *scene, const char *format)
{
    char library[512], disk[STORE_SCENE_PATH];
    const char *const variables[] = {library, disk, "LUNAR_IDLE_TIMEOUT=3600",
                                     NULL};
    static const char listening[] = "listening on http://127.0.0.1:";
    struct instance *instance = &scene->instance;

    *instance = (struct instance){0};
    store_scene_slow_variables(scene, library, disk);
    instance_start_command(
        &instance->process,
        INSTANCE_FLAGS("-port=0", scene->folder.flag, format), variables);
    process_wait_error(&instance->process, listening);
    char *log = process_errors(&instance->process);
    instance->port =
        (uint16_t)strtoul(strstr(log, listening) + strlen(listening), NULL, 10);
    free(log);
}
