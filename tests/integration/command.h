/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The commands on data folders and backups, as tests run them: -check, -backup,
 * -restore and -export of the real binary. What is not as expected fails the
 * test.
 */
#ifndef LUNAR_TESTS_COMMAND_H
#define LUNAR_TESTS_COMMAND_H

#include "store_scene.h"

#define COMMAND_SNAPSHOT "snapshot.db"
#define COMMAND_FIRST_SEGMENT "journal-00000000000000000001.db"

enum {
    COMMAND_FAILED = 1, /* the status */
    COMMAND_PATH = 160, /* bytes of a path, with its NUL */
};

/* A path in the root of the scene. */
struct command_path {
    char text[COMMAND_PATH];
};

struct command_path command_path(const struct store_scene *scene,
                                 const char *name);

/* Whether there is a file of that name, of any type. */
bool command_exists(const char *path);

/* What a command prints. Ownership: the caller frees both. */
struct command_printed {
    char *output, *errors;
};

/* Run the service with `flags`, which ends with `status`. */
struct command_printed command_run(int status, const char *const flags[]);
void command_printed_free(struct command_printed *printed);

void command_expect_part(const char *text, const char *part);

/*
 * Expect that a command succeeds without a word on stderr. Returns its output,
 * which the caller frees.
 */
char *command_expect_done(const char *const flags[]);

/* Expect that it fails, with this part of a line on stderr. */
void command_expect_failed(const char *const flags[], const char *part);

/* What -export says of a folder; the caller frees it. */
char *command_export(const char *folder);

/* Back up the scene's folder to `file`. */
void command_back_up(const struct store_scene *scene, const char *file);

/* Restore `file` to the new folder `folder`. */
void command_restore(const char *file, const char *folder);

/* Serve with snapshots as early as possible. */
void command_start_service(struct store_scene *scene);

/*
 * A stopped folder with a snapshot, and messages after it. These come when no
 * other snapshot is taken, so all of them are in the last segment.
 */
void command_make_folder(struct store_scene *scene);

/* Add 1 to a byte of a file. */
void command_damage(const char *path, size_t offset);

#endif
