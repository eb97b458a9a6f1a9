/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the service says when it is ready: a line on stdout with its address,
 * and lines in the log.
 */
#ifndef LUNAR_ANNOUNCE_H
#define LUNAR_ANNOUNCE_H

#include "config.h"
#include "server/server.h"

/* Log what the configuration warns of. */
void announce_warnings(const struct config_report *report);

/*
 * Log how many event loops there are, how much memory rockets may take, and
 * why. Warn if clients on other machines can connect. Then print the ready
 * line, for scripts to wait for; where that fails or would block, it is in a
 * warning of the log instead.
 */
void announce_ready(const struct config *config, const struct machine *machine,
                    const struct server_address *address);

#endif
