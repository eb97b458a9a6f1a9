/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The service with a journal whose checkpoints and new segments come after
 * kilobytes instead of megabytes, so that a short test has many of them. The
 * linker redirects sqlite_journal_open() to this function.
 */
#include "store/sqlite_journal.h"

enum {
    CHECKPOINT = 64 * 1024, /* bytes of the log */
    SEGMENT = 96 * 1024,    /* bytes of a database */
};

struct journal *
__real_sqlite_journal_open(const struct sqlite_journal_options *options,
                           char error[JOURNAL_ERROR]);
struct journal *
__wrap_sqlite_journal_open(const struct sqlite_journal_options *options,
                           char error[JOURNAL_ERROR]);

struct journal *
__wrap_sqlite_journal_open(const struct sqlite_journal_options *options,
                           char error[JOURNAL_ERROR])
{
    struct sqlite_journal_options small = *options;

    small.checkpoint = CHECKPOINT;
    small.segment = SEGMENT;
    return __real_sqlite_journal_open(&small, error);
}
