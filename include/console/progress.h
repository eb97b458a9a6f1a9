/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Shows how far long work on a data folder or a backup is: as a bar where
 * stderr is a terminal, else, if that is asked for, as a line of the log each
 * second.
 *
 *     recovering [########            ] 43 %, 400,000 rockets, about 2 s left
 *     ... info  recovering /data: 43 %, 400,000 rockets, about 2 s left
 *
 * Neither a terminal that is stopped nor a pipe that nobody reads holds up the
 * work, as the log's own thread writes (base/log.h).
 */
#ifndef LUNAR_CONSOLE_PROGRESS_H
#define LUNAR_CONSOLE_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>

#include "store/journal.h"

struct progress {
    const char *doing; /* "recovering" */
    const char *path;  /* what it works on, as it was given */
    const char *field; /* name of that in JSON; NULL without `lines` */
    bool lines;        /* of the log, without a terminal */
    /* Private. */
    bool bar;
    uint64_t began, shown; /* microseconds of the monotonic clock */
};

/*
 * The work begins: what is not private is set. Ownership: the strings are
 * borrowed until progress_end().
 */
void progress_begin(struct progress *progress);

/* It is so far; call it as often as you like. */
void progress_show(struct progress *progress,
                   const struct journal_progress *now);

/*
 * Remove the bar, as something else is about to be written to the terminal. The
 * next state is shown again.
 */
void progress_clear(struct progress *progress);

/* It has ended: the same. Returns the microseconds since the begin. */
uint64_t progress_end(struct progress *progress);

#endif
