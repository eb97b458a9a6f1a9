/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A disk that a test can watch and break. disk.c is preloaded into a program,
 * follows its calls for the files of one folder, and can
 *
 * - record them, and what is sent to clients, in one order (DISK_TRACE);
 * - fail, shorten or hold them while the program runs (DISK_CONTROL).
 *
 * disk.py is the other side of both, and has the same layouts.
 *
 * Followed is what the C library offers by name. Not followed, as the C library
 * calls itself for these: stdio, remove(3), tmpfile(3). A shared mapping that
 * can be written would change a file unseen, so it ends the program.
 */
#ifndef LUNAR_TESTS_DISK_H
#define LUNAR_TESTS_DISK_H

#include <stdatomic.h>
#include <stdint.h>

/* Environment: the folder, which exists; a file to append to; a shared file. */
#define DISK_FOLDER "DISK_FOLDER"
#define DISK_TRACE "DISK_TRACE"
#define DISK_CONTROL "DISK_CONTROL"

/* The kinds of calls that can fail, in the order of their rules. */
enum disk_call {
    DISK_OPEN,
    DISK_WRITE,
    DISK_TRUNCATE, /* and the allocation of space */
    DISK_SYNC,     /* of a file */
    DISK_SYNC_FOLDER,
    DISK_RENAME,
    DISK_UNLINK,
    DISK_CALLS,
};

enum { DISK_NAME = 32, DISK_ALWAYS = UINT32_MAX };

/* What becomes of one kind of call. All zero: nothing. */
struct disk_rule {
    char name[DISK_NAME];    /* only files whose name contains it */
    _Atomic uint32_t skip;   /* so many calls pass first */
    _Atomic uint32_t times;  /* then so many are hit, or DISK_ALWAYS */
    _Atomic uint32_t hold;   /* while it is not 0, a call that is hit waits */
    _Atomic uint32_t error;  /* errno; 0: it succeeds */
    _Atomic uint32_t length; /* if not 0, a write writes at most so many bytes,
                                and has no error */
    _Atomic uint32_t hits;   /* calls that were hit, also those that wait */
};

struct disk_control {
    struct disk_rule rules[DISK_CALLS];
};

/*
 * A record of the trace: this head, then `length` bytes. Files are told apart
 * by their inodes.
 *
 *     'o' a file was opened, 'c' it was made: bytes are its name
 *     'w' bytes were written at `offset`
 *     't' its size was set to `offset`
 *     'b' a sync of file number `file` began; `offset` is a number for it
 *     's' it succeeded, 'x' it failed: `offset` as in 'b'
 *     'B' 'S' the same of the folder; 'x' if it failed
 *     'r' a file was renamed: old name, NUL, new name
 *     'u' a name was removed
 *     'a' bytes are about to be sent to the client whose port is `file`
 *
 * A change is recorded after it is made, under a lock that keeps the next one
 * waiting, so the order of records is that of the changes.
 */
struct __attribute__((packed)) disk_record {
    char kind;
    uint64_t file;
    uint64_t offset;
    uint32_t length;
};

#endif
