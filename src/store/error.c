/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A text that is too long is cut off: it is for people.
 */
#include "error.h"

#include <stdarg.h>
#include <stdio.h>

void error_write(char error[JOURNAL_ERROR], const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(error, JOURNAL_ERROR, format, arguments);
    va_end(arguments);
}
