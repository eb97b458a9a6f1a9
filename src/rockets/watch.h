/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `rockets watch`: shows a fleet as it changes, on a terminal like top(1), or
 * as lines for other programs.
 */
#ifndef ROCKETS_WATCH_H
#define ROCKETS_WATCH_H

#include "watch_options.h"

/*
 * Watch until a signal, a key, a limit of the options, or the end of whoever
 * reads the output. Returns the exit status. curl must be initialised, and no
 * other thread exist.
 */
int watch_run(const struct watch_options *options);

#endif
