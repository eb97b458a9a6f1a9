/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/unit_check.h"

#include "snapshot_scene.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "lib/faulty_vfs.h"

struct snapshot_scene scene;

const struct snapshot_contents snapshot_small = {1, SNAPSHOT_SCENE_BLOCKS, 50};

static size_t block_bytes(const struct snapshot_contents *contents,
                          uint64_t number)
{
    return contents->bytes + (size_t)(number * 37 % 101);
}

struct text snapshot_scene_block(const struct snapshot_contents *contents,
                                 uint64_t number)
{
    static char bytes[SNAPSHOT_BLOCK + 128];
    uint64_t state = contents->seed * 1000 + number;
    size_t length = block_bytes(contents, number);

    for (size_t i = 0; i < length; i++)
        bytes[i] = (char)unit_random(&state);
    return (struct text){bytes, length};
}

bool snapshot_scene_try_write(const struct snapshot_contents *contents,
                              enum snapshot_kind kind,
                              struct snapshot_info *info)
{
    struct snapshot_writer *writer =
        snapshot_writer_new(scene.path, kind, SNAPSHOT_SCENE_ID, scene.error);
    bool written = writer != NULL;

    for (uint64_t i = 1; written && i <= contents->blocks; i++)
        written = snapshot_writer_add(writer, snapshot_scene_block(contents, i),
                                      i, scene.error);
    *info = (struct snapshot_info){.position = 1000,
                                   .through = 1234,
                                   .max_runs = 16384,
                                   .time = 1700000000};
    written = written && snapshot_writer_finish(writer, info, scene.error);
    int number = errno;
    snapshot_writer_free(writer);
    errno = number;
    return written;
}

struct snapshot_info
snapshot_scene_write(const struct snapshot_contents *contents,
                     enum snapshot_kind kind)
{
    struct snapshot_info info;

    unlink(scene.path);
    if (!snapshot_scene_try_write(contents, kind, &info))
        fail_msg("%s", scene.error);
    return info;
}

struct snapshot_reader *snapshot_scene_open(enum snapshot_kind kind)
{
    struct snapshot_reader *reader =
        snapshot_reader_new(scene.path, kind, scene.error);

    if (reader == NULL) {
        fail_msg("%s", scene.error);
        abort();
    }
    return reader;
}

static void check_info(const struct snapshot_info *info,
                       const struct snapshot_info *expected)
{
    assert_memory_equal(info, expected, sizeof(*info));
}

bool snapshot_scene_try_read(const struct snapshot_contents *contents,
                             const struct snapshot_info *info)
{
    struct snapshot_reader *reader =
        snapshot_reader_new(scene.path, SNAPSHOT_OF_FOLDER, scene.error);
    enum snapshot_read result = SNAPSHOT_BAD;
    uint64_t number = 0;
    struct text images;

    if (reader == NULL)
        return false;
    check_info(snapshot_reader_info(reader), info);
    while ((result = snapshot_reader_next(reader, &images, scene.error)) ==
           SNAPSHOT_BLOCK_READ) {
        number++;
        unit_check_text(images, snapshot_scene_block(contents, number));
    }
    if (result == SNAPSHOT_END)
        assert_int_equal(number, contents->blocks);
    snapshot_reader_free(reader);
    return result == SNAPSHOT_END;
}

void snapshot_scene_check_sentence(void)
{
    const char *named = strstr(scene.error, scene.path);

    if (named == NULL || strlen(scene.error) >= JOURNAL_ERROR - 1)
        fail_msg("\"%s\"", scene.error);
}

void snapshot_scene_expect_error(const char *before, const char *after)
{
    char expected[2 * JOURNAL_ERROR];

    snprintf(expected, sizeof(expected), "%s%s%s", before, scene.path, after);
    if (strcmp(scene.error, expected) != 0)
        fail_msg("\"%s\" instead of \"%s\"", scene.error, expected);
}

int snapshot_scene_set_up(void **context)
{
    (void)context;
    folder_make_fast(scene.root);
    snprintf(scene.path, sizeof(scene.path), "%s/snapshot.db", scene.root);
    scene.error[0] = '\0';
    return 0;
}

int snapshot_scene_tear_down(void **context)
{
    (void)context;
    faulty_vfs_plan((struct faulty_plan){0});
    return folder_remove(scene.root);
}
