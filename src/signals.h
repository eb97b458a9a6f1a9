/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Signals: which ones stop the service, and which ones it ignores.
 */
#ifndef LUNAR_SIGNALS_H
#define LUNAR_SIGNALS_H

/*
 * Ignore what must not end the service. Call it first, as until then these
 * signals do end it.
 */
void signals_ignore(void);

/*
 * Block the signals that stop the service, so that signals_wait() gets them.
 * Call it before other threads start, which inherit this.
 */
void signals_block(void);

/*
 * Let them have their default action again, which is to end the process at
 * once; also that of any that is waiting.
 */
void signals_unblock(void);

/*
 * Wait until one of them arrives, also if it came before this call. Returns its
 * name, as "SIGTERM".
 */
const char *signals_wait(void);

#endif
