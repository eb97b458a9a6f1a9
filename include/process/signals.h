/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Signals: which ones stop the service, which one lets it read files again, and
 * which ones it ignores.
 */
#ifndef LUNAR_PROCESS_SIGNALS_H
#define LUNAR_PROCESS_SIGNALS_H

#include <pthread.h>
#include <signal.h>
#include <stdbool.h>

/*
 * Ignore what must not end the service. Let the signals that stop it end the
 * process at once, until signals_block(): nothing has to be finished yet. Hold
 * SIGHUP back until signals_settle(), and set `inherited` to the signals that
 * were blocked before.
 * Call it first. Process 1 of a container gets no such signal before.
 */
void signals_init(sigset_t *inherited);

/*
 * Say what SIGHUP is for.
 * `reloads`: signals_wait_reload() gets it, and it stops nothing from now on.
 * That is so under nohup(1) as well: a hang-up does not end the service, as
 * nohup promises, and an operator who has removed a token has no other way to
 * make that known. So it is under a service manager, even if there is nothing
 * to read again: its operator reloads the service as any other one. Else it is
 * one of those that stop the service; under nohup it is ignored. Call it before
 * other threads start, which inherit this.
 */
void signals_settle(bool reloads, const sigset_t *inherited);

/* Wait for a SIGHUP, also one that came before this call. */
void signals_wait_reload(void);

/* Let signals_wait_reload() of this thread return. */
void signals_end_wait(pthread_t thread);

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
