/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tests of freeing removed files. A copy of the descriptor is no other opener
 * for the kernel, so it shows what has become of the file after the close.
 */
#include "lib/unit_check.h"

#include <fcntl.h>
#include <linux/magic.h>
#include <stdatomic.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "lib/temporary_folder.h"
#include "store/removed_file.h"

enum { SIZE = 3 * REMOVED_FILE_PIECE + 1 };

static char root[FOLDER_ROOT];
static char path[FOLDER_ROOT + 16], other[FOLDER_ROOT + 16];
static _Atomic bool stop;

static int set_up(void **context)
{
    (void)context;
    folder_make(root);
    snprintf(path, sizeof(path), "%s/file", root);
    snprintf(other, sizeof(other), "%s/other", root);
    int file = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    int result = ftruncate(file, SIZE);
    close(file);
    atomic_store(&stop, false);
    return result;
}

static int tear_down(void **context)
{
    (void)context;
    return folder_remove(root);
}

static int open_it(void)
{
    int file = removed_file_open(path);

    assert_true(file >= 0);
    return file;
}

static off_t size_of(int file)
{
    struct stat status;

    assert_int_equal(fstat(file, &status), 0);
    return status.st_size;
}

/* Close `file`. Returns the size that the file has then. */
static off_t size_after(int file, const _Atomic bool *stopped)
{
    int copy = dup(file);

    removed_file_close(file, stopped);
    off_t size = size_of(copy);
    close(copy);
    return size;
}

/* The temporary folder may be in a file system where this is not done. */
static bool is_ext4(int file)
{
    struct statfs status;

    return fstatfs(file, &status) == 0 && status.f_type == EXT4_SUPER_MAGIC;
}

static void removed_file_is_freed_piece_by_piece(void **context)
{
    (void)context;
    int file = open_it();
    bool shortened = is_ext4(file);

    assert_int_equal(unlink(path), 0);
    off_t size = size_after(file, &stop);
    if (!shortened)
        skip();
    assert_in_range(size, 1, REMOVED_FILE_PIECE);
}

static void replaced_file_is_freed_too(void **context)
{
    (void)context;
    int file = open_it();
    bool shortened = is_ext4(file);

    close(open(other, O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
    assert_int_equal(rename(other, path), 0);
    off_t size = size_after(file, &stop);
    if (!shortened)
        skip();
    assert_in_range(size, 1, REMOVED_FILE_PIECE);
}

static void file_with_a_name_is_not_changed(void **context)
{
    (void)context;

    assert_int_equal(size_after(open_it(), &stop), SIZE);
    int file = open_it();
    assert_int_equal(link(path, other), 0);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(size_after(file, &stop), SIZE);
}

/* As -check and -backup have it. */
static void file_that_somebody_reads_is_not_changed(void **context)
{
    (void)context;
    int file = open_it();
    int reader = open(path, O_RDONLY | O_CLOEXEC);

    assert_true(reader >= 0);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(size_after(file, &stop), SIZE);
    assert_int_equal(size_of(reader), SIZE);
    close(reader);
}

/* The last close frees it. */
static void stop_leaves_it_to_the_close(void **context)
{
    (void)context;
    int file = open_it();

    assert_int_equal(unlink(path), 0);
    atomic_store(&stop, true);
    int copy = dup(file);
    assert_int_equal(size_after(file, &stop), SIZE);
    assert_int_equal(size_after(copy, NULL), SIZE);
}

static void missing_file_is_no_error(void **context)
{
    (void)context;

    assert_int_equal(removed_file_open(other), -1);
    assert_int_equal(symlink(path, other), 0);
    assert_int_equal(removed_file_open(other), -1);
    removed_file_close(-1, &stop);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        FIXTURE_TEST(removed_file_is_freed_piece_by_piece),
        FIXTURE_TEST(replaced_file_is_freed_too),
        FIXTURE_TEST(file_with_a_name_is_not_changed),
        FIXTURE_TEST(file_that_somebody_reads_is_not_changed),
        FIXTURE_TEST(stop_leaves_it_to_the_close),
        FIXTURE_TEST(missing_file_is_no_error),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
