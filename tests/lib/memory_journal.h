/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A journal for tests that keeps its records in memory: a second implementation
 * of journal.h, with a thread that settles tickets, or on demand does
 * not.
 */
#ifndef LUNAR_TESTS_MEMORY_JOURNAL_H
#define LUNAR_TESTS_MEMORY_JOURNAL_H

#include <stddef.h>

#include "store/journal.h"

/* An empty journal with this id. Ownership: stop() frees it. */
struct journal *memory_journal_new(uint64_t id);

/*
 * The same, with what another one has; that is stopped. So a test can see what
 * a restart would replay.
 */
struct journal *memory_journal_reopen(struct journal *journal);

/* While held, nothing is settled. Stopping ends that. */
void memory_journal_hold(struct journal *journal, bool held);

/* Refuse what is settled from now on, for this reason; NULL: do not. */
void memory_journal_refuse(struct journal *journal, const char *problem);

/* The same as the disk is full. */
void memory_journal_fill(struct journal *journal);

/* The target gets a notice each time `bytes` were added. 0: it does not. */
void memory_journal_notify(struct journal *journal, size_t bytes);

enum memory_journal_call {
    MEMORY_JOURNAL_ROLL,
    MEMORY_JOURNAL_FORGET,
    MEMORY_JOURNAL_TIDY,
    MEMORY_JOURNAL_CALLS,
};

/* From now on these calls fail: a set of 1 << enum memory_journal_call. */
void memory_journal_fail(struct journal *journal, unsigned calls);

/* How many calls there were. */
unsigned memory_journal_calls(struct journal *journal,
                              enum memory_journal_call call);

/* How many bytes may be pending; append() is false past that. */
void memory_journal_limit(struct journal *journal, size_t bytes);

#endif
