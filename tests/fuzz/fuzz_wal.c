/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Fuzzes SQLite's write-ahead log: a byte, and the log. As many frames must be
 * counted as SQLite recovers. If the byte is odd, all frames get the salts and
 * sums that make them good, so that what else may be wrong is reached.
 */
#include "fuzz.h"

#include <sys/mman.h>
#include <unistd.h>

#include "lib/sqlite_log.h"
#include "store/wal.h"

static struct sqlite_folder folder;
static struct sqlite_log database;
static int descriptor;

static void remove_folder(void)
{
    sqlite_folder_remove(&folder);
}

/* A database with a table and nothing in its log. */
static void make_folder(void)
{
    sqlite_folder_make(&folder);
    atexit(remove_folder);
    sqlite_folder_open(&folder);
    sqlite_folder_commit(&folder, 1500);
    sqlite_folder_checkpoint(&folder, SQLITE_CHECKPOINT_TRUNCATE);
    sqlite_folder_read(folder.database, &database);
    sqlite_folder_abandon(&folder);
    descriptor = memfd_create("wal", 0);
    FUZZ_CHECK(descriptor >= 0);
}

static void check_report(enum wal_state state, const struct wal_report *report,
                         size_t length)
{
    FUZZ_CHECK(state != WAL_UNREADABLE);
    FUZZ_CHECK(report->commits <= report->frames);
    FUZZ_CHECK((report->commits == 0) == (report->frames == 0));
    FUZZ_CHECK(state != WAL_WHOLE || report->frames > 0);
    FUZZ_CHECK(state != WAL_EMPTY || report->frames == 0);
    if (state == WAL_DAMAGED) {
        FUZZ_CHECK(report->bad_offset < length);
        FUZZ_CHECK(report->bad_frame == 0 ||
                   report->bad_frame > report->frames);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct sqlite_log log;
    struct wal_report report;

    if (descriptor == 0)
        make_folder();
    if (size < 1 || size - 1 >= sizeof(log.bytes))
        return 0;
    log.length = size - 1;
    memcpy(log.bytes, data + 1, log.length);
    if (data[0] % 2 == 1 && log.length >= SQLITE_LOG_HEADER)
        sqlite_log_repair(&log);

    FUZZ_CHECK(ftruncate(descriptor, 0) == 0);
    FUZZ_CHECK(pwrite(descriptor, log.bytes, log.length, 0) ==
               (ssize_t)log.length);
    enum wal_state state = wal_check(descriptor, &report);
    check_report(state, &report, log.length);
    int frames = sqlite_folder_recover(&folder, &database, &log);
    FUZZ_CHECK(frames < 0 || (uint64_t)frames == report.frames);
    return 0;
}
