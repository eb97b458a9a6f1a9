/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reading the blocks of a snapshot that is open, and what is said of errors.
 */
#include <string.h>

#include "error.h"
#include "snapshot_parts.h"

/* What to do about damage. */
static const char *restore_advice(enum snapshot_kind kind)
{
    switch (kind) {
    case SNAPSHOT_OF_BACKUP:
        return "use another backup; nothing was changed";
    case SNAPSHOT_OF_TOPIC:
        return SNAPSHOT_FETCH_AGAIN;
    default:
        return "restore the folder from a backup, or choose another one to "
               "begin without its rockets; nothing was changed";
    }
}

void snapshot_reader_write_whole_damage(const struct snapshot_reader *reader,
                                        const char *what,
                                        char error[JOURNAL_ERROR])
{
    error_write(error, "%s is damaged: %s: %s", reader->path, what,
                restore_advice(reader->kind));
}

static void write_block_damage(const struct snapshot_reader *reader,
                               uint64_t number, const char *what,
                               char error[JOURNAL_ERROR])
{
    error_write(error, "%s is damaged at block %ju: %s: %s", reader->path,
                (uintmax_t)number, what, restore_advice(reader->kind));
}

void snapshot_reader_write_damage(const struct snapshot_reader *reader,
                                  const char *what, char error[JOURNAL_ERROR])
{
    write_block_damage(reader, reader->next - 1, what, error);
}

bool snapshot_reader_fail(const struct snapshot_reader *reader,
                          char error[JOURNAL_ERROR])
{
    int code = sqlite3_extended_errcode(reader->db);

    switch (code & 0xff) {
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
    case SQLITE_ERROR:  /* a table is missing */
    case SQLITE_TOOBIG: /* a length */
        snapshot_reader_write_whole_damage(reader, sqlite3_errmsg(reader->db),
                                           error);
        return false;
    default:
        break;
    }
    int number = sqlite3_system_errno(reader->db);
    error_write(error, "cannot read %s: SQLite's code %d, %s%s%s", reader->path,
                code, sqlite3_errstr(code), number == 0 ? "" : ": ",
                number == 0 ? "" : strerrordesc_np(number));
    return false;
}

const struct snapshot_info *
snapshot_reader_info(const struct snapshot_reader *reader)
{
    return &reader->info;
}

enum snapshot_kind snapshot_reader_kind(const struct snapshot_reader *reader)
{
    return reader->kind;
}

struct sqlite3 *snapshot_reader_database(struct snapshot_reader *reader)
{
    return reader->db;
}

void snapshot_reader_range(struct snapshot_reader *reader, uint64_t number,
                           uint64_t end)
{
    sqlite3_reset(reader->select);
    sqlite3_bind_int64(reader->select, 1, (sqlite3_int64)number);
    sqlite3_bind_int64(reader->select, 2, (sqlite3_int64)end);
    reader->next = number;
    reader->end = end;
}

/* The row is that of the next block, and its sum is right. */
static bool take_row(struct snapshot_reader *reader, struct text *images,
                     char error[JOURNAL_ERROR])
{
    sqlite3_stmt *select = reader->select;
    uint64_t number = (uint64_t)sqlite3_column_int64(select, 0);
    struct text blob = {sqlite3_column_blob(select, 1),
                        (size_t)sqlite3_column_bytes(select, 1)};

    /* SQLite has had no memory for it. */
    if (blob.data == NULL && sqlite3_errcode(reader->db) == SQLITE_NOMEM)
        return snapshot_reader_fail(reader, error);
    if (number != reader->next) {
        write_block_damage(reader, reader->next, "it is missing", error);
        return false;
    }
    if (blob.data == NULL ||
        (uint64_t)sqlite3_column_int64(select, 2) !=
            snapshot_block_sum(reader->info.id, reader->salt, number, blob)) {
        write_block_damage(reader, number, "the checksum is wrong", error);
        return false;
    }
    *images = blob;
    return true;
}

enum snapshot_read snapshot_reader_next(struct snapshot_reader *reader,
                                        struct text *images,
                                        char error[JOURNAL_ERROR])
{
    if (reader->next >= reader->end)
        return SNAPSHOT_END;
    switch (sqlite3_step(reader->select)) {
    case SQLITE_ROW:
        if (!take_row(reader, images, error))
            return SNAPSHOT_BAD;
        reader->next++;
        return SNAPSHOT_BLOCK_READ;
    case SQLITE_DONE:
        write_block_damage(reader, reader->next, "it is missing", error);
        return SNAPSHOT_BAD;
    default:
        snapshot_reader_fail(reader, error);
        return SNAPSHOT_BAD;
    }
}
