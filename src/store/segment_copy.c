/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The order in which the files are copied makes the image whole:
 *
 *     the header of the log      its salts name the log
 *     the database
 *     the frames of the log, up to the end of its last whole commit
 *     the header of the log      the same: else the copy begins again
 *
 * A service changes the database only by a checkpoint, which copies pages that
 * are in the log. So every page that was copied while it was being changed is
 * in the log, whose pages replace those of the database here, as they do for
 * SQLite. After a checkpoint the log is begun again, in place, with other salts
 * in its header, or it is cut off: the header tells. An empty log has no salts;
 * then the time of the last change of the database tells whether one was filled
 * and copied to the database meanwhile.
 *
 * Nothing depends on this argument alone: each row has a sum, and rows must
 * join. What was acknowledged before is in the database or in the log that is
 * read after it.
 */
#include "segment_copy.h"

#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <sqlite3.h>

#include "error.h"
#include "segment_parts.h"
#include "segment_rows.h"
#include "wal.h"

enum {
    LOG_HEADER = 32,   /* bytes of the header of a log (file format, 4.1) */
    LOG_PAGE_SIZE = 8, /* where it has the size of pages */
    FRAME_HEADER = 24, /* bytes before each page in the log */
    FRAME = FRAME_HEADER + SEGMENT_PAGE,
    WRITE_VERSION = 18, /* in the header of a database, and to read: 2 if it
                           has a log */
    LEGACY = 1,
    CHUNK = 4 * 1024 * 1024, /* bytes that are copied at a time */
};

/*
 * How a database of ours begins (file format, 1.3): with its format, pages of
 * SEGMENT_PAGE bytes, both versions, and the shares of payload.
 */
static const unsigned char database_header[] = {
    'S', 'Q', 'L', 'i', 't',  'e', ' ', 'f', 'o', 'r', 'm', 'a',
    't', ' ', '3', 0,   0x10, 0,   2,   2,   0,   64,  32,  32};

/* What shows whether the log was begun again. */
struct stamp {
    unsigned char header[LOG_HEADER];
    size_t length; /* of the header; less if the log is empty */
    /* If it is empty: the last change of the database. */
    struct timespec changed;
    off_t size;
};

enum copied { COPIED, CHANGED, INTERRUPTED, FAILED };

static enum copied fail_to_read(const char *path, char error[JOURNAL_ERROR])
{
    error_write(error, "cannot read %s: %s", path, strerrordesc_np(errno));
    return FAILED;
}

/* Read up to `size` bytes; fewer at the end of the file. -1 with errno. */
static ssize_t read_bytes(int descriptor, void *bytes, size_t size,
                          uint64_t offset)
{
    size_t done = 0;

    while (done < size) {
        ssize_t length = pread(descriptor, (char *)bytes + done, size - done,
                               (off_t)(offset + done));
        if (length < 0 && errno == EINTR)
            continue;
        if (length < 0)
            return -1;
        if (length == 0)
            break;
        done += (size_t)length;
    }
    return (ssize_t)done;
}

/* Open the log if there is one by now. */
static bool open_log(struct segment_copy *copy)
{
    if (copy->log < 0)
        copy->log = openat(folder_descriptor(copy->folder), copy->log_name,
                           O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    return copy->log >= 0 || errno == ENOENT;
}

static enum copied take_stamp(struct segment_copy *copy, struct stamp *stamp,
                              char error[JOURNAL_ERROR])
{
    struct stat status;
    ssize_t length = 0;

    memset(stamp, 0, sizeof(*stamp));
    if (!open_log(copy))
        return fail_to_read(copy->log_path, error);
    if (copy->log >= 0)
        length = read_bytes(copy->log, stamp->header, LOG_HEADER, 0);
    if (length < 0)
        return fail_to_read(copy->log_path, error);
    stamp->length = (size_t)length;
    if (length == LOG_HEADER)
        return COPIED;
    if (fstat(copy->database, &status) != 0)
        return fail_to_read(copy->path, error);
    stamp->changed = status.st_mtim;
    stamp->size = status.st_size;
    return COPIED;
}

static bool is_same_stamp(const struct stamp *a, const struct stamp *b)
{
    return a->length == b->length &&
           memcmp(a->header, b->header, LOG_HEADER) == 0 &&
           a->changed.tv_sec == b->changed.tv_sec &&
           a->changed.tv_nsec == b->changed.tv_nsec && a->size == b->size;
}

/* Make room for so many bytes. */
static enum copied make_room(struct segment_copy *copy, size_t room,
                             char error[JOURNAL_ERROR])
{
    if (room > copy->room) {
        unsigned char *grown = sqlite3_realloc64(copy->bytes, room);
        if (grown == NULL) {
            error_write(error, "memory is exhausted: %s needs %zu bytes",
                        copy->path, room);
            return FAILED;
        }
        copy->bytes = grown;
        copy->room = room;
    }
    return COPIED;
}

/* Set the size, for which there is room. Bytes that are added are zeros. */
static void extend_copy(struct segment_copy *copy, size_t size)
{
    if (size > copy->size)
        memset(copy->bytes + copy->size, 0, size - copy->size);
    copy->size = size;
}

/*
 * SQLite reads the header of the file before it opens the log, and that of the
 * log's page after it: so it has to be right in both.
 */
static bool check_header(const struct segment_copy *copy,
                         char error[JOURNAL_ERROR])
{
    if (memcmp(copy->bytes, database_header, sizeof(database_header)) == 0)
        return true;
    error_write(error, "%s is damaged: its header is wrong: " SEGMENT_RESTORE,
                copy->path);
    return false;
}

static enum copied copy_database(struct segment_copy *copy,
                                 struct row_replay *replay,
                                 char error[JOURNAL_ERROR])
{
    struct stat status;

    if (fstat(copy->database, &status) != 0)
        return fail_to_read(copy->path, error);
    if (status.st_size == 0) {
        error_write(error, "%s is damaged: it is empty: " SEGMENT_RESTORE,
                    copy->path);
        return FAILED;
    }
    size_t size = (size_t)status.st_size;
    size_t pages = (size + SEGMENT_PAGE - 1) / SEGMENT_PAGE;
    copy->size = 0;
    if (make_room(copy, pages * SEGMENT_PAGE, error) != COPIED)
        return FAILED;
    while (copy->size < size) {
        size_t left = size - copy->size;
        ssize_t length = read_bytes(copy->database, copy->bytes + copy->size,
                                    left < CHUNK ? left : CHUNK, copy->size);
        if (length < 0)
            return fail_to_read(copy->path, error);
        if (length == 0)
            break; /* it was cut off, so pages will be missing */
        copy->size += (size_t)length;
        if (!row_replay_report(replay))
            return INTERRUPTED;
    }
    extend_copy(copy, pages * SEGMENT_PAGE);
    return check_header(copy, error) ? COPIED : FAILED;
}

static uint32_t read_word(const unsigned char *at)
{
    uint32_t word;

    memcpy(&word, at, sizeof(word));
    return be32toh(word);
}

static enum copied fail_frames(const struct segment_copy *copy,
                               char error[JOURNAL_ERROR])
{
    error_write(error,
                "%s is damaged: its pages do not belong to those of the "
                "database: " SEGMENT_RESTORE,
                copy->log_path);
    return FAILED;
}

/*
 * Put the pages of the log's whole commits over those of the database. The last
 * frame has the size of the database.
 */
static enum copied copy_frames(struct segment_copy *copy, uint64_t frames,
                               char error[JOURNAL_ERROR])
{
    unsigned char frame[FRAME];
    uint64_t most = copy->size / SEGMENT_PAGE + frames;

    if (read_bytes(copy->log, frame, FRAME_HEADER,
                   LOG_HEADER + (frames - 1) * FRAME) != FRAME_HEADER)
        return fail_frames(copy, error);
    uint64_t pages = read_word(frame + 4);
    if (pages == 0 || pages > most)
        return fail_frames(copy, error);
    if (make_room(copy, pages * SEGMENT_PAGE, error) != COPIED)
        return FAILED;
    extend_copy(copy, pages * SEGMENT_PAGE);
    for (uint64_t i = 0; i < frames; i++) {
        if (read_bytes(copy->log, frame, FRAME, LOG_HEADER + i * FRAME) !=
            FRAME)
            return fail_frames(copy, error);
        uint64_t page = read_word(frame);
        if (page > 0 && page <= pages)
            memcpy(copy->bytes + (page - 1) * SEGMENT_PAGE,
                   frame + FRAME_HEADER, SEGMENT_PAGE);
    }
    return COPIED;
}

/*
 * Check the log. A frame that is written while the frames before it are read
 * looks like damage: so damage is looked at again, when what lies before the
 * commits that were found behind it has long been written.
 */
static enum wal_state check_log(const struct segment_copy *copy,
                                struct wal_report *report, bool *changed)
{
    struct wal_report first;
    enum wal_state state = wal_check(copy->log, report);

    *changed = false;
    if (state != WAL_DAMAGED)
        return state;
    first = *report;
    state = wal_check(copy->log, report);
    *changed = state == WAL_DAMAGED && report->bad_offset != first.bad_offset;
    return state;
}

static enum copied copy_log(struct segment_copy *copy,
                            const struct stamp *stamp,
                            char error[JOURNAL_ERROR])
{
    struct wal_report report;
    bool changed;

    if (copy->log < 0)
        return COPIED;
    enum wal_state state = check_log(copy, &report, &changed);
    if (changed)
        return CHANGED;
    switch (state) {
    case WAL_EMPTY:
    case WAL_WHOLE:
    case WAL_TORN:
        break;
    case WAL_DAMAGED:
        segment_write_log_damage(copy->log_path, &report, error);
        return FAILED;
    case WAL_UNREADABLE:
        return fail_to_read(copy->log_path, error);
    }
    if (report.frames == 0)
        return COPIED;
    if (read_word(stamp->header + LOG_PAGE_SIZE) != SEGMENT_PAGE) {
        error_write(error,
                    "%s is damaged: its pages do not have %d "
                    "bytes: " SEGMENT_RESTORE,
                    copy->log_path, SEGMENT_PAGE);
        return FAILED;
    }
    return copy_frames(copy, report.frames, error);
}

/* Copy the files once. */
static enum copied copy_files(struct segment_copy *copy,
                              struct row_replay *replay,
                              char error[JOURNAL_ERROR])
{
    struct stamp before, after;

    if (take_stamp(copy, &before, error) != COPIED)
        return FAILED;
    enum copied copied = copy_database(copy, replay, error);
    if (copied == COPIED)
        copied = copy_log(copy, &before, error);
    if (copied == INTERRUPTED)
        return INTERRUPTED;
    /* Also after a failure: what was read may be of two logs. */
    char ignored[JOURNAL_ERROR] = "";
    if (take_stamp(copy, &after, copied == COPIED ? error : ignored) != COPIED)
        return FAILED;
    return is_same_stamp(&before, &after) ? copied : CHANGED;
}

bool segment_copy_open(struct segment_copy *copy, const struct folder *folder,
                       uint64_t first, char error[JOURNAL_ERROR])
{
    char name[FOLDER_NAME];

    *copy = (struct segment_copy){.folder = folder, .log = -1};
    segment_write_path(folder, first, "", copy->path);
    segment_write_path(folder, first, "-wal", copy->log_path);
    folder_segment_name(first, "", name);
    folder_segment_name(first, "-wal", copy->log_name);
    copy->database = openat(folder_descriptor(folder), name,
                            O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (copy->database >= 0 && open_log(copy))
        return true;
    int number = errno;
    fail_to_read(copy->database < 0 ? copy->path : copy->log_path, error);
    segment_copy_close(copy);
    errno = number;
    return false;
}

/* SQLite reads a copy only if its header says that it has no log. */
static bool finish_copy(struct segment_copy *copy, char error[JOURNAL_ERROR])
{
    if (!check_header(copy, error))
        return false;
    copy->bytes[WRITE_VERSION] = LEGACY;
    copy->bytes[WRITE_VERSION + 1] = LEGACY;
    return true;
}

enum journal_replayed segment_copy_files(struct segment_copy *copy,
                                         struct row_replay *replay,
                                         char error[JOURNAL_ERROR])
{
    enum copied copied = CHANGED;

    for (int i = 0; copied == CHANGED && i < SEGMENT_COPY_ATTEMPTS; i++)
        copied = copy_files(copy, replay, error);
    switch (copied) {
    case COPIED:
        return finish_copy(copy, error) ? JOURNAL_COMPLETE : JOURNAL_FAILED;
    case INTERRUPTED:
        return JOURNAL_INTERRUPTED;
    case CHANGED:
        error_write(error,
                    "%s changed while it was copied, %d times: try again when "
                    "fewer messages arrive",
                    copy->path, SEGMENT_COPY_ATTEMPTS);
        break;
    case FAILED:
        break;
    }
    return JOURNAL_FAILED;
}

unsigned char *segment_copy_take(struct segment_copy *copy)
{
    unsigned char *bytes = copy->bytes;

    copy->bytes = NULL;
    segment_copy_clear(copy);
    return bytes;
}

void segment_copy_clear(struct segment_copy *copy)
{
    sqlite3_free(copy->bytes);
    copy->bytes = NULL;
    copy->room = 0;
    copy->size = 0;
}

void segment_copy_close(struct segment_copy *copy)
{
    segment_copy_clear(copy);
    if (copy->log >= 0)
        close(copy->log);
    if (copy->database >= 0)
        close(copy->database);
    copy->log = copy->database = -1;
}

static uint64_t file_bytes(int descriptor)
{
    struct stat status;

    return descriptor >= 0 && fstat(descriptor, &status) == 0
               ? (uint64_t)status.st_size
               : 0;
}

uint64_t segment_copy_file_bytes(const struct segment_copy *copy)
{
    return file_bytes(copy->database) + file_bytes(copy->log);
}
