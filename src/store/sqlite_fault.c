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

#define FULL                                                                   \
    "The disk is full. Free space on the file system of -data; writing "       \
    "resumes by itself."
#define WRITE                                                                  \
    "Writing to the folder of -data fails. Check the disk and the kernel's "   \
    "log; writing resumes by itself."
#define READ                                                                   \
    "Reading from the folder of -data fails. Check the disk and the kernel's " \
    "log; writing resumes by itself."
#define MEMORY "Memory is exhausted. Writing resumes by itself once it is free."
#define FILES                                                                  \
    "A file in the folder of -data cannot be opened. Check its permissions "   \
    "and the limit on open files; writing resumes by itself."
#define SYNC                                                                   \
    "The disk did not confirm that it has the data. Check the disk and the "   \
    "kernel's log before the next start."
#define DAMAGED                                                                \
    "The journal is damaged. Check the disk; the next start says where."
#define UNKNOWN "SQLite reports an error that is not expected."

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
