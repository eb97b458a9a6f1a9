/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The commands that work on a data folder or on a backup, and do not serve.
 * Their results go to stdout. What is wrong goes to stderr, as does a bar where
 * that is a terminal.
 *
 * Each returns the exit status: 0 done; 1 not done, or damage was found.
 * Locking: on the main thread, while there is no other but that of the log.
 */
#ifndef LUNAR_COMMANDS_DATA_H
#define LUNAR_COMMANDS_DATA_H

struct config;

/* -check of `data`, or of the backup `file`. */
int commands_check(const struct config *config);

/* -backup of `data` to `file`. */
int commands_backup(const struct config *config);

/* -restore of `file` to `data`. */
int commands_restore(const struct config *config);

/* -export of `data`. */
int commands_export(const struct config *config);

#endif
