/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An event as a line of the log, in either format.
 */
#ifndef LUNAR_BASE_LOG_ENTRY_H
#define LUNAR_BASE_LOG_ENTRY_H

#include <stddef.h>

#include "base/log.h"

struct log_entry {
    enum log_format format;
    enum log_level level;
    const char *message;
    const struct log_field *fields;
    size_t count;
};

/*
 * Write the line, with the time and its newline. Returns its length. The
 * message is cut so that all fits; a field that does not fit into
 * LOG_MAX_FIELDS is left out. Control characters become spaces: callers escape
 * text from clients, but if one does not, or a library ends its message with a
 * newline, this still keeps an event on one line. JSON is ASCII: other bytes
 * become \xHH, as log_escape() writes them.
 */
size_t log_entry_write(const struct log_entry *entry, char line[LOG_MAX_LINE]);

#endif
