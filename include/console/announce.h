/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the service says at its start: why it cannot run, or a line on stdout
 * with its address, and lines in the log.
 */
#ifndef LUNAR_CONSOLE_ANNOUNCE_H
#define LUNAR_CONSOLE_ANNOUNCE_H

#include "config/config.h"
#include "server/server.h"

enum { EXIT_USAGE = 2 /* the exit status for flags that are not valid */ };

struct access;

extern const char announce_no_threads[];

/*
 * Print one line on stderr, after those of the log, and in JSON if they are;
 * but if nobody reads stderr, the process ends without it. Returns `code`.
 */
int announce_failure(int code, const char *reason);

/* Log what the configuration warns of. */
void announce_warnings(const struct config_report *report);

/*
 * Log how many event loops there are, how much memory rockets may take, and
 * why.
 */
void announce_start(const struct config *config, const struct machine *machine,
                    const struct server_address *address);

/*
 * Log how many tokens there are, and what needs none; nothing without `access`,
 * which may be NULL. Warn if tokens are sent to or by this service without
 * encryption.
 */
void announce_access(const struct config *config, struct access *access,
                     const struct server_address *address);

/* Warn if the file of -tokens has none, and nothing is open without one. */
void announce_no_tokens(const struct config *config, struct access *access);

/* Log that the service listens, but recovers its state from -data first. */
void announce_recovery(const struct config *config,
                       const struct server_address *address);

enum { ANNOUNCE_STATUS = 768 /* bytes of announce_status(), with a NUL */ };

/*
 * What stays true of a service that is ready, as for `systemctl status`: where
 * it listens, who may do what, and where its state is. Cut if it is too long.
 */
void announce_status(const struct config *config,
                     const struct server_address *address,
                     char status[ANNOUNCE_STATUS]);

/*
 * Print the ready line, for scripts to wait for, which also says whether the
 * state is kept. Where that fails or would block, it is in a warning of the
 * log instead.
 */
void announce_ready(const struct config *config,
                    const struct server_address *address);

#endif
