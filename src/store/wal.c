/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The format is that of https://www.sqlite.org/fileformat2.html section 4: a
 * header of 32 bytes with two salts, and frames of 24 bytes and a page. The
 * last frame of a commit has the size of the database in its header. Each frame
 * has the salts of the log, and a sum over itself and all frames before it,
 * which begins with the sum of the log's header. A log that was checkpointed is
 * begun again at its start with other salts, so older frames may lie behind.
 *
 * A power cut can leave any part of what was written after the last sync. A
 * commit is synced before the next one is written. So all commits are whole but
 * the last, of which any sector may be there or not: any of its frames may be
 * bad, also the first one, with good ones behind it. What a power cut cannot
 * leave is a bad frame in a commit that another commit follows. That is damage:
 *
 *     commit 1      commit 2      commit 3
 *     good good     good BAD  |   good good     damage: commit 3 was begun, so
 *                             ^                 commit 2 had been whole
 *                             the end of a commit behind the bad frame
 *
 *     good good     good BAD good               a power cut while commit 2 was
 *                                               written
 *
 * As a sum goes on from the sum of the frame before, which stands in that
 * frame's header, frames can also be checked behind a bad one. Two things are
 * damage together: the end of a commit at or behind the bad frame, and a good
 * frame that ends another one. (A good frame alone is not enough: frames that
 * were written while the disk was full, and then rolled back, stay behind what
 * was committed later.) A bad frame ends a commit if its header says so, and
 * the frame is of this log by its salts or by its sum.
 *
 * What cannot be told from a power cut: damage in the last commit; a log that
 * was cut off; and, if a single commit follows, the loss of the header of the
 * frame that ends the commit before: both then look like one commit. SQLite
 * takes all of these as the end of the log.
 *
 * The log's own header is written and synced alone, before any frame, and lies
 * in one sector. So it is the old one or the new one, and a bad one with
 * anything behind it is damage.
 */
#include "wal.h"

#include <endian.h>
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    HEADER = 32,       /* bytes of the header of the log */
    FRAME_HEADER = 24, /* bytes before each page */
    MIN_PAGE = 512,
    MAX_PAGE = 65536,
    SALTS = 8,          /* bytes */
    HEADER_SUMMED = 24, /* bytes of the log's header that its sum covers */
    SECTOR = 512,       /* bytes that a power cut leaves whole, old or new */
    VERSION = 3007000,
    MAGIC = 0x377f0682, /* with the lowest bit: sums of big-endian words */
};

struct wal_sum {
    uint32_t a, b;
};

/* The log as its header says, and the frame at hand. */
struct wal {
    int descriptor;
    uint64_t size;   /* bytes of the file */
    bool big_endian; /* the words of which sums are made */
    uint32_t page_size;
    unsigned char header[HEADER];
    unsigned char *frame; /* room for FRAME_HEADER and MAX_PAGE bytes */
};

static uint32_t read_word(const unsigned char *at)
{
    uint32_t word;

    memcpy(&word, at, sizeof(word));
    return be32toh(word);
}

static struct wal_sum read_sum(const unsigned char *at)
{
    return (struct wal_sum){read_word(at), read_word(at + 4)};
}

static bool is_same_sum(struct wal_sum sum, struct wal_sum other)
{
    return sum.a == other.a && sum.b == other.b;
}

/* Section 4.2. `length` is a multiple of 8. */
static struct wal_sum add_to_sum(struct wal_sum sum, bool big_endian,
                                 const unsigned char *bytes, size_t length)
{
    for (size_t i = 0; i < length; i += 8) {
        uint32_t words[2];
        memcpy(words, bytes + i, sizeof(words));
        sum.a += (big_endian ? be32toh(words[0]) : le32toh(words[0])) + sum.b;
        sum.b += (big_endian ? be32toh(words[1]) : le32toh(words[1])) + sum.a;
    }
    return sum;
}

/*
 * Read `size` bytes at `offset`. False with errno; a file that ends before
 * that was cut off meanwhile, or its size was not the true one.
 */
static bool read_at(const struct wal *wal, unsigned char *bytes, size_t size,
                    uint64_t offset)
{
    while (size > 0) {
        ssize_t length = pread(wal->descriptor, bytes, size, (off_t)offset);
        if (length < 0 && errno == EINTR)
            continue;
        if (length == 0)
            errno = EIO;
        if (length <= 0)
            return false;
        bytes += length;
        size -= (size_t)length;
        offset += (uint64_t)length;
    }
    return true;
}

static bool is_page_size(uint32_t size)
{
    return size >= MIN_PAGE && size <= MAX_PAGE && (size & (size - 1)) == 0;
}

static uint64_t frame_size(const struct wal *wal)
{
    return FRAME_HEADER + (uint64_t)wal->page_size;
}

/* Frames are counted from 1. */
static uint64_t frame_offset(const struct wal *wal, uint64_t number)
{
    return HEADER + (number - 1) * frame_size(wal);
}

static uint64_t count_frames(const struct wal *wal)
{
    return (wal->size - HEADER) / frame_size(wal);
}

static bool read_frame(const struct wal *wal, uint64_t number)
{
    return read_at(wal, wal->frame, frame_size(wal), frame_offset(wal, number));
}

/* The parts of the header of the frame at hand. */
static uint32_t frame_page(const struct wal *wal)
{
    return read_word(wal->frame);
}

static bool frame_ends_commit(const struct wal *wal)
{
    return read_word(wal->frame + 4) != 0;
}

static bool frame_has_salts(const struct wal *wal, const unsigned char *salts)
{
    return memcmp(wal->frame + 8, salts, SALTS) == 0;
}

static struct wal_sum frame_sum(const struct wal *wal)
{
    return read_sum(wal->frame + 16);
}

/* What the frame's sum has to be if `sum` is that of the frame before. */
static struct wal_sum sum_frame(const struct wal *wal, struct wal_sum sum)
{
    sum = add_to_sum(sum, wal->big_endian, wal->frame, 8);
    return add_to_sum(sum, wal->big_endian, wal->frame + FRAME_HEADER,
                      wal->page_size);
}

static bool frame_continues(const struct wal *wal, struct wal_sum sum)
{
    return is_same_sum(sum_frame(wal, sum), frame_sum(wal));
}

static const unsigned char *log_salts(const struct wal *wal)
{
    return wal->header + 16;
}

/* Whether SQLite takes the frame behind one with `sum`. */
static bool frame_is_good(const struct wal *wal, struct wal_sum sum)
{
    return frame_has_salts(wal, log_salts(wal)) && frame_page(wal) != 0 &&
           frame_continues(wal, sum);
}

/*
 * Whether the header of a frame is cut between the size of the database and the
 * salts by the bounds of sectors. A power cut may then have written the salts,
 * but not the size before them.
 */
static bool header_is_cut(const struct wal *wal, uint64_t number)
{
    return (frame_offset(wal, number) + 8) % SECTOR == 0;
}

/* What is known of the frames from the first bad one on. */
struct wal_tail {
    /* The frame before: whether it is of this log, and its sum. */
    bool is_ours;
    struct wal_sum stored;   /* as its header has it */
    struct wal_sum computed; /* as its content has it */
    bool after_commit;       /* a frame ended a commit */
    bool has_ours;           /* a frame was of this log */
};

/*
 * Add the frame at hand. True if it ends a whole commit that lies behind the
 * end of another one: damage.
 */
static bool add_to_tail(const struct wal *wal, uint64_t number,
                        struct wal_tail *tail)
{
    bool has_salts = frame_has_salts(wal, log_salts(wal));
    struct wal_sum stored = frame_sum(wal);
    struct wal_sum computed = stored;
    bool is_right = false;

    /* Either sum of the frame before may be what is damaged. */
    if (has_salts || tail->is_ours) {
        computed = sum_frame(wal, tail->stored);
        is_right = is_same_sum(computed, stored) ||
                   frame_continues(wal, tail->computed);
    }
    bool is_good = has_salts && is_right && frame_page(wal) != 0;
    bool is_ours = has_salts || is_right;
    bool ends = is_ours && frame_ends_commit(wal) &&
                (is_right || !header_is_cut(wal, number));
    bool is_damage = is_good && ends && tail->after_commit;

    tail->is_ours = is_ours;
    tail->stored = stored;
    tail->computed = computed;
    tail->after_commit = tail->after_commit || ends;
    tail->has_ours = tail->has_ours || is_ours;
    return is_damage;
}

/* Look at what lies behind the last good frame, whose sum is `sum`. */
static enum wal_state check_tail(const struct wal *wal, uint64_t bad_frame,
                                 struct wal_sum sum, struct wal_report *report)
{
    struct wal_tail tail = {.is_ours = true, .stored = sum, .computed = sum};

    for (uint64_t i = bad_frame; i <= count_frames(wal); i++) {
        if (!read_frame(wal, i))
            return WAL_UNREADABLE;
        if (add_to_tail(wal, i, &tail)) {
            report->bad_frame = bad_frame;
            report->bad_offset = frame_offset(wal, bad_frame);
            return WAL_DAMAGED;
        }
    }
    return tail.has_ours ? WAL_TORN : WAL_WHOLE;
}

static enum wal_state check_frames(const struct wal *wal,
                                   struct wal_report *report)
{
    struct wal_sum sum = read_sum(wal->header + HEADER_SUMMED);
    uint64_t count = count_frames(wal), number = 1;

    for (; number <= count; number++) {
        if (!read_frame(wal, number))
            return WAL_UNREADABLE;
        if (!frame_is_good(wal, sum))
            break;
        sum = frame_sum(wal);
        if (frame_ends_commit(wal)) {
            report->frames = number;
            report->commits++;
        }
    }
    bool begun = number - 1 > report->frames;
    if (number > count)
        begun = begun || wal->size > frame_offset(wal, number);
    enum wal_state state = check_tail(wal, number, sum, report);
    if (state != WAL_WHOLE)
        return state;
    if (begun)
        return WAL_TORN;
    return report->frames > 0 ? WAL_WHOLE : WAL_EMPTY;
}

/* Take the log's header at its word. False if SQLite would not. */
static bool use_header(struct wal *wal)
{
    const struct wal_sum zero = {0, 0};
    uint32_t magic = read_word(wal->header);

    wal->big_endian = (magic & 1) != 0;
    wal->page_size = read_word(wal->header + 8);
    return (magic & ~UINT32_C(1)) == MAGIC &&
           read_word(wal->header + 4) == VERSION &&
           is_page_size(wal->page_size) &&
           is_same_sum(
               add_to_sum(zero, wal->big_endian, wal->header, HEADER_SUMMED),
               read_sum(wal->header + HEADER_SUMMED));
}

enum wal_state wal_check(int descriptor, struct wal_report *report)
{
    struct wal wal = {.descriptor = descriptor};
    enum wal_state state = WAL_UNREADABLE;
    struct stat status;

    memset(report, 0, sizeof(*report));
    if (fstat(descriptor, &status) != 0)
        return WAL_UNREADABLE;
    if (status.st_size <= HEADER)
        return WAL_EMPTY;
    wal.size = (uint64_t)status.st_size;
    wal.frame = malloc(FRAME_HEADER + MAX_PAGE);
    if (wal.frame == NULL)
        return WAL_UNREADABLE;
    if (read_at(&wal, wal.header, HEADER, 0))
        state = use_header(&wal) ? check_frames(&wal, report) : WAL_DAMAGED;
    free(wal.frame);
    return state;
}
