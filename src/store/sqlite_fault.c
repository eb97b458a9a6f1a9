/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A commit writes frames to the write-ahead log and then syncs it. A frame that
 * could not be written is not followed by a sync, and the transaction has no
 * whole commit frame, so it is rolled back and known to be. After a sync that
 * failed, the frames are in the page cache, and the kernel may have dropped
 * them or may still write them: repeating the sync would report success either
 * way (https://wiki.postgresql.org/wiki/Fsync_Errors).
 */
#include "sqlite_fault.h"

#include <stddef.h>

#include <sqlite3.h>

#define RESUMES "; writing resumes by itself"
#define FULL                                                                   \
    "the disk is full, so messages get 503: free space on the file system of " \
    "-data" RESUMES
#define WRITE                                                                  \
    "the folder of -data cannot be written, so messages get 503: check the "   \
    "disk and the kernel's log" RESUMES
#define READ                                                                   \
    "the folder of -data cannot be read, so messages get 503: check the disk " \
    "and the kernel's log" RESUMES
#define MEMORY                                                                 \
    "the journal finds no memory, so messages get 503: give the service "      \
    "more" RESUMES
#define FILES                                                                  \
    "a file of -data cannot be opened, so messages get 503: check "            \
    "permissions and the limit on open files" RESUMES
#define SYNC "check the disk and the kernel's log before the next start"
#define DAMAGED "check the disk; the next start says where it is damaged"
#define UNKNOWN "SQLite is not expected to report this"

/* By extended code; a row of a primary code stands for all that it has. */
static const struct {
    int code;
    struct sqlite_fault fault;
} faults[] = {
    {SQLITE_FULL, {true, FULL}},
    /* A write fails before the sync: no commit frame is complete. */
    {SQLITE_IOERR_WRITE, {true, WRITE}},
    /* Truncation is of a log that has been copied to the database. */
    {SQLITE_IOERR_TRUNCATE, {true, WRITE}},
    {SQLITE_IOERR_FSTAT, {true, READ}},
    /* Of pages that the transaction, or a checkpoint, needs first. */
    {SQLITE_IOERR_READ, {true, READ}},
    {SQLITE_IOERR_SHORT_READ, {true, READ}},
    {SQLITE_IOERR_NOMEM, {true, MEMORY}},
    /*
     * After the sync of a commit, too: then its frames are whole in the log.
     * The writer empties that before it writes again, so its positions are used
     * once. If the process ends before, the next start reads the commit; nobody
     * was told that it was not there for good: a 503 is repeated.
     */
    {SQLITE_NOMEM, {true, MEMORY}},
    /* While a segment is made, or when the file system turns read-only. */
    {SQLITE_CANTOPEN, {true, FILES}},
    {SQLITE_READONLY, {true, FILES}},
    {SQLITE_PERM, {true, FILES}},
    /* The data may be on the disk or not. */
    {SQLITE_IOERR_FSYNC, {false, SYNC}},
    {SQLITE_IOERR_DIR_FSYNC, {false, SYNC}},
    {SQLITE_IOERR_CLOSE, {false, SYNC}},
    {SQLITE_IOERR_DIR_CLOSE, {false, SYNC}},
    /* What is in the database cannot be relied on any more. */
    {SQLITE_CORRUPT, {false, DAMAGED}},
    {SQLITE_NOTADB, {false, DAMAGED}},
};

/* Not foreseen, so nothing is known of the outcome. */
static const struct sqlite_fault unknown = {false, UNKNOWN};

static const struct sqlite_fault *find_fault(int code)
{
    for (size_t i = 0; i < sizeof(faults) / sizeof(faults[0]); i++)
        if (faults[i].code == code)
            return &faults[i].fault;
    return NULL;
}

const struct sqlite_fault *sqlite_fault(int code)
{
    const struct sqlite_fault *fault = find_fault(code);

    /* The low byte of an extended code is its primary code. */
    if (fault == NULL)
        fault = find_fault(code & 0xff);
    return fault != NULL ? fault : &unknown;
}
