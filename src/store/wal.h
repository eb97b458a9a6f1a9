/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Looks at SQLite's write-ahead log before SQLite opens it. SQLite ends a log
 * in silence at the first frame that is not right: after a power cut that is
 * the commit that was being written, but it may also be damage, and then what
 * was acknowledged after it would be lost. wal.c argues how to tell these
 * apart.
 *
 * That holds if the writer syncs each commit before it writes the next one
 * (synchronous=FULL), ends the process if that sync fails, and truncates the
 * log by a checkpoint (SQLITE_CHECKPOINT_TRUNCATE) after each start and each
 * refused commit, before the next one. Else frames of a commit that was cut off
 * or rolled back could lie behind later ones, and look like damage.
 *
 * Locking: none.
 */
#ifndef LUNAR_STORE_WAL_H
#define LUNAR_STORE_WAL_H

#include <stdint.h>

enum wal_state {
    WAL_EMPTY,      /* no whole commit, and no trace of one */
    WAL_WHOLE,      /* whole commits, and nothing of this log behind them */
    WAL_TORN,       /* the same, and the begin of a commit that was not
                       acknowledged */
    WAL_DAMAGED,    /* SQLite would leave out whole commits: they lie behind a
                       bad frame, or, it may be, behind a bad header */
    WAL_UNREADABLE, /* a system call failed, or no memory: see errno */
};

struct wal_report {
    /* What SQLite will recover. */
    uint64_t frames; /* up to the end of the last whole commit */
    uint64_t commits;
    /* WAL_DAMAGED: */
    uint64_t bad_frame;  /* from 1; 0: the header of the log */
    uint64_t bad_offset; /* in the file, in bytes */
};

/*
 * Read the log from the start of the file `descriptor`. A file that is missing
 * is an empty log: the caller sees that when it opens it.
 */
enum wal_state wal_check(int descriptor, struct wal_report *report);

#endif
