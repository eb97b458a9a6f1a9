/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What an error of SQLite means for a commit: whether it is known that nothing
 * was written, and what to tell the operator.
 */
#ifndef LUNAR_STORE_SQLITE_FAULT_H
#define LUNAR_STORE_SQLITE_FAULT_H

#include <stdbool.h>

struct sqlite_fault {
    /*
     * The transaction was rolled back for certain, and later ones may succeed.
     * If not, nobody knows what is on the disk, and the process has to end: the
     * next start reads what is there.
     */
    bool rolled_back;
    /* What is wrong and what to do, as in journal_status. Static. */
    const char *problem;
};

/* The fault of an extended result code other than SQLITE_OK. */
const struct sqlite_fault *sqlite_fault(int code);

#endif
