/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Signals: which ones stop the service, and which ones it ignores.
 */
#ifndef LUNAR_SIGNALS_H
#define LUNAR_SIGNALS_H

#include <stdbool.h>

/*
 * Ignore what must not end the service. Let the signals that stop it end the
 * process at once, until signals_block(): nothing has to be finished yet.
 * Call it first. Process 1 of a container gets no such signal before.
 */
void signals_init(void);

/*
 * Block the signals that stop the service, so that signals_wait() gets them.
 * Call it before other threads start, which inherit this.
 */
void signals_block(void);

/* Let them end the process at once again; also one that is waiting. */
void signals_unblock(void);

/* Whether one has come that signals_wait() would get. */
bool signals_pending(void);

/*
 * Wait until one of them arrives, also if it came before this call. Returns its
 * name, as "SIGTERM".
 */
const char *signals_wait(void);

/* The same for at most `seconds`. NULL: none has come. */
const char *signals_wait_for(unsigned seconds);

#endif
