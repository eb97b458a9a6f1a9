/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tests of the file of a snapshot: each call of SQLite to the disk, or for
 * memory, may fail.
 */
#include "lib/faulty_vfs.h"
#include "lib/unit_check.h"

#include <sqlite3.h>

#include "snapshot_scene.h"
#include "store/snapshot_file.h"

#define SNAPSHOT_TEST(test)                                                    \
    cmocka_unit_test_setup_teardown(test, snapshot_scene_set_up,               \
                                    snapshot_scene_tear_down)

static const struct snapshot_contents medium = {
    9, SNAPSHOT_SYNC / SNAPSHOT_BLOCK + 5, SNAPSHOT_BLOCK};

static void each_call_that_fails_while_it_is_written_is_told(void **context)
{
    (void)context;
    static const struct {
        unsigned call;
        int code, number;
        const char *error;
    } rows[] = {
        {FAULTY_WRITE, SQLITE_FULL, ENOSPC,
         ": No space left on device: free some space"},
        {FAULTY_WRITE, SQLITE_IOERR_WRITE, 0, ": "},
        {FAULTY_SYNC, SQLITE_IOERR_FSYNC, 0, ": "},
        {FAULTY_TRUNCATE, SQLITE_IOERR_TRUNCATE, 0, ": "},
        {FAULTY_OPEN, SQLITE_CANTOPEN, 0, ": "},
        {FAULTY_ALLOCATION, SQLITE_NOMEM, ENOMEM, ": Cannot allocate memory"},
    };

    for (size_t i = 0; i < COUNT(rows); i++) {
        unsigned first = 1;
        bool written = false;
        while (!written) {
            struct snapshot_info info;
            unlink(scene.path);
            scene.error[0] = '\0';
            faulty_vfs_plan((struct faulty_plan){
                .calls = rows[i].call,
                .first = first,
                .count = 1,
                .code = rows[i].code,
                .half = true,
            });
            written =
                snapshot_scene_try_write(&medium, SNAPSHOT_OF_FOLDER, &info);
            int number = errno;
            unsigned calls = faulty_vfs_calls();
            faulty_vfs_plan((struct faulty_plan){0});
            if (written) {
                /* SQLite may do without some memory. */
                assert_true(calls < first || rows[i].call == FAULTY_ALLOCATION);
                assert_true(snapshot_scene_try_read(&medium, &info));
                written = calls < first;
            } else {
                snapshot_scene_check_sentence();
                assert_non_null(strstr(scene.error, rows[i].error));
                assert_true(number != 0);
                assert_true(rows[i].number == 0 || number == rows[i].number);
            }
            /* All of the first ones, then some. */
            first += first < 40 ? 1 : first / 7;
        }
        assert_true(first > 2);
    }
}

/* What is not damage is not called so: the next try may succeed. */
static void each_call_that_fails_while_it_is_read_is_told(void **context)
{
    (void)context;
    static const struct {
        unsigned call;
        int code;
        const char *error;
    } rows[] = {
        {FAULTY_READ, SQLITE_IOERR_READ, "SQLite's code 266, disk I/O error"},
        {FAULTY_OPEN, SQLITE_CANTOPEN,
         "SQLite's code 14, unable to open database file"},
        {FAULTY_ALLOCATION, SQLITE_NOMEM, ""},
    };
    struct snapshot_info info =
        snapshot_scene_write(&medium, SNAPSHOT_OF_FOLDER);

    for (size_t i = 0; i < COUNT(rows); i++) {
        for (unsigned first = 1;; first += first < 100 ? 1 : first / 7) {
            scene.error[0] = '\0';
            faulty_vfs_plan((struct faulty_plan){
                .calls = rows[i].call,
                .first = first,
                .count = 1,
                .code = rows[i].code,
            });
            bool read = snapshot_scene_try_read(&medium, &info);
            unsigned calls = faulty_vfs_calls();
            faulty_vfs_plan((struct faulty_plan){0});
            if (calls < first)
                break;
            if (read) {
                /* SQLite may do without some memory. */
                assert_int_equal(rows[i].call, FAULTY_ALLOCATION);
                continue;
            }
            snapshot_scene_check_sentence();
            if (strncmp(scene.error, "cannot read ", 12) != 0 ||
                strstr(scene.error, rows[i].error) == NULL)
                fail_msg("call %u: %s", first, scene.error);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        SNAPSHOT_TEST(each_call_that_fails_while_it_is_written_is_told),
        SNAPSHOT_TEST(each_call_that_fails_while_it_is_read_is_told),
    };

    faulty_vfs_install();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
