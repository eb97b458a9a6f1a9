/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The words of journal.h.
 */
#include "store/journal.h"

const char *journal_skip_name(enum journal_skip reason)
{
    static const char *const names[] = {
        [JOURNAL_SKIP_INVALID] = "invalid",
        [JOURNAL_SKIP_KEY] = "key",
        [JOURNAL_SKIP_TOMBSTONE] = "tombstone",
    };

    return names[reason];
}
