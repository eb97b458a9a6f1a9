/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Texts about errors at the start: a sentence that says what to do.
 */
#ifndef LUNAR_STORE_ERROR_H
#define LUNAR_STORE_ERROR_H

#include "store/journal.h"

/* Write a text as printf(3) does, truncated to fit. */
__attribute__((format(printf, 2, 3))) void
error_write(char error[JOURNAL_ERROR], const char *format, ...);

/*
 * What can be done about an error of a system call on a file of the folder: a
 * text that begins with a colon. "" if that depends.
 */
const char *error_advice(int number);

#endif
