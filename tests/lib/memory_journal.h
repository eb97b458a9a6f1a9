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

/* How many bytes may be pending; append() is false past that. */
void memory_journal_limit(struct journal *journal, size_t bytes);

#endif
