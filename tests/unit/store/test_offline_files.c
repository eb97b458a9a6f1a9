/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A folder whose service takes a snapshot while its files are being opened. The
 * linker redirects segment_image_new() to this file, so that it does so at the
 * worst moment.
 */
#include "lib/journal_user.h"
#include "lib/store_folder.h"

#include <stdio.h>
#include <unistd.h>

#include "domain/rocket.h"
#include "store/offline.h"
#include "store/segment_image.h"
#include "store/snapshot_file.h"

struct segment_image *__real_segment_image_new(const struct folder *folder,
                                               uint64_t first,
                                               char error[JOURNAL_ERROR]);
struct segment_image *__wrap_segment_image_new(const struct folder *folder,
                                               uint64_t first,
                                               char error[JOURNAL_ERROR]);

static struct store_folder store;
static uint64_t history;
static unsigned opened; /* images */

static void remove_file(const char *name)
{
    char path[FOLDER_ROOT + 64];

    snprintf(path, sizeof(path), "%s/%s", store.path, name);
    assert_int_equal(unlink(path), 0);
}

/* Publish a snapshot without rockets, which stands for all up to `position`. */
static void publish_snapshot(uint64_t position)
{
    char error[JOURNAL_ERROR] = "", made[FOLDER_ROOT + 64];
    char path[FOLDER_ROOT + 64];
    struct snapshot_info info = {
        .position = position,
        .through = position,
        .max_runs = ROCKET_MAX_RUNS,
    };

    snprintf(path, sizeof(path), "%s/snapshot.db", store.path);
    snprintf(made, sizeof(made), "%s/snapshot.db.new", store.path);
    struct snapshot_writer *writer =
        snapshot_writer_new(made, SNAPSHOT_OF_FOLDER, history, error);
    if (writer == NULL || !snapshot_writer_finish(writer, &info, error))
        fail_msg("%s", error);
    snapshot_writer_free(writer);
    assert_int_equal(rename(made, path), 0);
}

/*
 * What the service does: it publishes a snapshot, and begins to remove the
 * segment that is opened here, with its log.
 */
struct segment_image *__wrap_segment_image_new(const struct folder *folder,
                                               uint64_t first,
                                               char error[JOURNAL_ERROR])
{
    if (opened++ == 0) {
        assert_int_equal(first, 4);
        publish_snapshot(6);
        remove_file("journal-00000000000000000004.db-wal");
    }
    return __real_segment_image_new(folder, first, error);
}

/*
 * Segments from 1, 4 and 7 on, of three messages each. The journal stays open,
 * and nobody copies the logs of those that are complete.
 */
static void make_segments(struct user *user)
{
    struct journal *journal = store_folder_open(&store);

    history = journal->id;
    user_init(user);
    assert_true(journal->methods->start(journal, &user->target));
    for (uint64_t number = 1; number <= 7; number += 3) {
        assert_int_equal(user_commit(journal, user, number, 3),
                         JOURNAL_SETTLED);
        if (number < 7)
            assert_int_equal(journal->methods->roll(journal), number + 2);
    }
}

static void ignore_file(void *context, const struct offline_file *file)
{
    (void)context;
    (void)file;
}

static void files_of_two_snapshots_are_not_mixed(void **context)
{
    struct offline_source source = {.folder = store.path};
    struct offline_state state = {.position = 0};
    char error[JOURNAL_ERROR] = "";
    static struct user user;

    (void)context;
    store_folder_make(&store);
    make_segments(&user);
    publish_snapshot(3);
    if (offline_check(&source, ignore_file, NULL, NULL, &state, error) !=
        JOURNAL_COMPLETE)
        fail_msg("%s", error);
    assert_int_equal(state.position, 9);
    assert_int_equal(state.messages, 3);
    assert_true(opened > 1);
    store_folder_remove(&store);
    sem_destroy(&user.settlements);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(files_of_two_snapshots_are_not_mixed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
