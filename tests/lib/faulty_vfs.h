/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A VFS of SQLite whose calls fail on demand: it stands between SQLite and the
 * system (https://sqlite.org/vfs.html), as the default one, so that the code
 * under test knows nothing of it.
 */
#ifndef LUNAR_TESTS_FAULTY_VFS_H
#define LUNAR_TESTS_FAULTY_VFS_H

#include <stdbool.h>

enum faulty_call {
    FAULTY_WRITE = 1,
    FAULTY_SYNC = 2,
    FAULTY_READ = 4,
    FAULTY_TRUNCATE = 8,
    FAULTY_OPEN = 16,
    FAULTY_ALLOCATION = 32, /* of SQLite's memory */
};

struct faulty_plan {
    unsigned calls; /* a set of enum faulty_call: these are counted */
    unsigned first; /* the first one that fails, from 1; 0: none */
    unsigned count; /* how many fail from there on */
    int code;       /* what they return */
    bool half;      /* half of what is to be written is written before */
    unsigned delay; /* ms before each call returns */
};

/* Make it SQLite's default. Locking: before SQLite is used. */
void faulty_vfs_install(void);

/* From now on. Locking: any thread. */
void faulty_vfs_plan(struct faulty_plan plan);

/* How many of the plan's calls there were since then. */
unsigned faulty_vfs_calls(void);

#endif
