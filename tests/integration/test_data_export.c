/* SPDX-License-Identifier: Apache-2.0 */
/*
 * -export with the real binary: what it writes, and to whom.
 */
#include "command.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* By its bytes, whatever came first, and whatever the service keeps. */
static void the_same_state_is_exported_as_the_same_bytes(void **state)
{
    struct store_scene *scene = *state;
    char *exports[3];
    static const char *const flags[] = {"-snapshot=1M", "-snapshot=off",
                                        "-threads=per-connection"};

    for (size_t i = 0; i < 3; i++) {
        struct connection connection;
        instance_start(&scene->instance,
                       INSTANCE_FLAGS(scene->folder.flag, flags[i]));
        instance_connect(&scene->instance, &connection);
        for (uint64_t n = 0; n < 300; n++) {
            uint64_t number = i == 1 ? 299 - n : n;
            char id[16];
            snprintf(id, sizeof(id), "r%ju", (uintmax_t)(number % 30));
            struct fleet_message message =
                number < 30 ? fleet_launched(id, 1, "T", 5, "M")
                            : fleet_faster(id, number / 30 + 1, 1);
            fleet_post(&connection, &message);
        }
        connection_close(&connection);
        instance_stop(&scene->instance);
        exports[i] = command_export(scene->folder.path);
        assert_int_equal(folder_remove(scene->folder.path), 0);
    }
    assert_string_equal(exports[1], exports[0]);
    assert_string_equal(exports[2], exports[0]);
    /* "r1", "r10", ..., "r2": bytewise, each on a line. */
    char last[16] = "";
    size_t lines = 0;
    for (char *line = exports[0]; *line != '\0'; lines++) {
        char id[16];
        assert_int_equal(sscanf(line, "{\"id\":\"%15[^\"]\"", id), 1);
        assert_true(strcmp(last, id) < 0);
        memcpy(last, id, sizeof(last));
        line = strchr(line, '\n');
        assert_non_null(line);
        line++;
    }
    assert_int_equal(lines, 30);
    for (size_t i = 0; i < 3; i++)
        free(exports[i]);
}

/* Output that is not complete must not look as if it were. */
static void an_export_that_is_not_taken_fails(void **state)
{
    struct store_scene *scene = *state;
    static const struct {
        const char *rest, *part;
    } rows[] = {
        {"-export > /dev/full",
         "cannot write to stdout: No space left on device: the output is not "
         "complete"},
        {"-check > /dev/full",
         "cannot write to stdout: No space left on device: the output is not "
         "complete"},
    };

    command_make_folder(scene);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct process process;
        char command[4 * COMMAND_PATH], *errors = NULL;
        snprintf(command, sizeof(command), "exec %s %s %s",
                 process_setting("LUNAR_SERVICE"), scene->folder.flag,
                 rows[i].rest);
        process_start(&process, INSTANCE_FLAGS("/bin/sh", "-c", command), NULL);
        free(process_finish(&process, COMMAND_FAILED, &errors));
        command_expect_part(errors, rows[i].part);
        free(errors);
    }

    /* A reader that has gone. */
    struct process process;
    char *errors = NULL;
    instance_start_command(&process,
                           INSTANCE_FLAGS(scene->folder.flag, "-export"), NULL);
    char line[512];
    assert_true(process_line(&process, line, sizeof(line), PROCESS_PATIENCE));
    close(process.out);
    process.out = open("/dev/null", O_RDONLY | O_CLOEXEC);
    free(process_finish(&process, COMMAND_FAILED, &errors));
    command_expect_part(errors, "cannot write to stdout: Broken pipe: ");
    free(errors);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        STORE_SCENE_TEST(the_same_state_is_exported_as_the_same_bytes),
        STORE_SCENE_TEST(an_export_that_is_not_taken_fails),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
