/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Nothing depends on how the files were copied (segment_copy.c) alone: each row
 * has a sum, and rows must join.
 */
#include "segment_image.h"

#include <errno.h>
#include <stdlib.h>

#include "error.h"
#include "segment_copy.h"
#include "segment_rows.h"

struct segment_image {
    struct segment_copy copy;
    sqlite3 *db; /* NULL: it is not loaded */
    struct segment_rows rows;
};

/* Hand the copy over to SQLite, which frees it with the connection. */
static bool open_copy(struct segment_image *image, char error[JOURNAL_ERROR])
{
    int result =
        sqlite3_open_v2(":memory:", &image->db,
                        SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL);

    image->rows.db = image->db;
    image->rows.bytes = image->copy.size;
    if (result == SQLITE_OK) {
        sqlite3_int64 size = (sqlite3_int64)image->copy.size;
        sqlite3_int64 room = (sqlite3_int64)image->copy.room;
        sqlite3_extended_result_codes(image->db, 1);
        result = sqlite3_deserialize(
            image->db, "main", segment_copy_take(&image->copy), size, room,
            SQLITE_DESERIALIZE_FREEONCLOSE | SQLITE_DESERIALIZE_READONLY);
    }
    if (result != SQLITE_OK) {
        segment_rows_write_error(&image->rows, error);
        return false;
    }
    sqlite3_exec(image->db, "PRAGMA cell_size_check = ON", NULL, NULL, NULL);
    return segment_rows_check(&image->rows, error) &&
           segment_rows_prepare(&image->rows, error);
}

struct segment_image *segment_image_new(const struct folder *folder,
                                        uint64_t first,
                                        char error[JOURNAL_ERROR])
{
    struct segment_image *image = calloc(1, sizeof(*image));

    if (image == NULL) {
        error_write(error, "memory is exhausted");
        errno = ENOMEM;
        return NULL;
    }
    if (!segment_copy_open(&image->copy, folder, first, error)) {
        int number = errno;
        free(image);
        errno = number;
        return NULL;
    }
    image->rows.first = first;
    image->rows.path = image->copy.path;
    return image;
}

enum journal_replayed segment_image_load(struct segment_image *image,
                                         struct row_replay *replay,
                                         char error[JOURNAL_ERROR])
{
    if (image->db != NULL)
        return JOURNAL_COMPLETE;
    enum journal_replayed copied =
        segment_copy_files(&image->copy, replay, error);
    if (copied != JOURNAL_COMPLETE || open_copy(image, error))
        return copied;
    segment_image_unload(image);
    return JOURNAL_FAILED;
}

void segment_image_unload(struct segment_image *image)
{
    segment_rows_release(&image->rows);
    sqlite3_close(image->db);
    image->db = NULL;
    segment_copy_clear(&image->copy);
}

void segment_image_free(struct segment_image *image)
{
    if (image == NULL)
        return;
    segment_image_unload(image);
    segment_copy_close(&image->copy);
    free(image);
}

uint64_t segment_image_bytes(const struct segment_image *image)
{
    return segment_copy_file_bytes(&image->copy);
}

uint64_t segment_image_first(const struct segment_image *image)
{
    return image->rows.first;
}

struct segment_rows *segment_image_rows(struct segment_image *image)
{
    return &image->rows;
}
