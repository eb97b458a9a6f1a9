/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whole lines to stderr: by a thread of the log's own between log_start() and
 * log_stop(), so that no caller is blocked. What log.h says of its start,
 * flush, stop and footer is done here.
 */
#ifndef LUNAR_BASE_LOG_WRITER_H
#define LUNAR_BASE_LOG_WRITER_H

#include <stddef.h>

/*
 * Write a line, which has its newline, or have it written; drop and count it if
 * too many wait.
 * Locking: as log_line().
 */
void log_writer_add(const char *line, size_t length);

#endif
