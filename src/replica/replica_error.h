/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Texts about errors: a sentence that says what to do.
 */
#ifndef LUNAR_REPLICA_REPLICA_ERROR_H
#define LUNAR_REPLICA_REPLICA_ERROR_H

#include "store/journal.h"

/* Write a text as printf(3) does, truncated to fit. */
__attribute__((format(printf, 2, 3))) void
replica_error(char error[JOURNAL_ERROR], const char *format, ...);

#endif
