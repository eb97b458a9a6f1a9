/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Texts about errors at the start: a sentence that says what to do.
 */
#ifndef LUNAR_STORE_ERROR_H
#define LUNAR_STORE_ERROR_H

#include "store/journal.h"

/*
 * A format for error_write(): of a path, and of the version and the version of
 * its content that it has, as intmax_t, and that are the highest known, as int.
 */
#define ERROR_LATER_VERSION                                                    \
    "%s has version %jd.%jd, but lunar.service " LUNAR_VERSION                 \
    " reads at most %d.%d: use the version that wrote it, or a later one"

/* Write a text as printf(3) does, truncated to fit. */
__attribute__((format(printf, 2, 3))) void
error_write(char error[JOURNAL_ERROR], const char *format, ...);

/*
 * What can be done about an error of a system call on a file of the folder: a
 * text that begins with a colon. "" if that depends.
 */
const char *error_advice(int number);

#endif
