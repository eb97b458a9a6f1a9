/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The limit of open files (RLIMIT_NOFILE), which connections must fit.
 */
#ifndef LUNAR_SERVER_OPEN_FILES_H
#define LUNAR_SERVER_OPEN_FILES_H

/* As server_fit_connections(). Locking: one thread at a time. */
unsigned open_files_fit(unsigned wanted, unsigned sockets);

#endif
