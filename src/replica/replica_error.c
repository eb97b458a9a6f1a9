/* SPDX-License-Identifier: Apache-2.0 */
#include "replica_error.h"

#include <stdarg.h>
#include <stdio.h>

void replica_error(char error[JOURNAL_ERROR], const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(error, JOURNAL_ERROR, format, arguments);
    va_end(arguments);
}
