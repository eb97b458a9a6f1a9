/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A text that is too long is cut off: it is for people.
 */
#include "error.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>

void error_write(char error[JOURNAL_ERROR], const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(error, JOURNAL_ERROR, format, arguments);
    va_end(arguments);
}

const char *error_advice(int number)
{
    switch (number) {
    case EACCES:
    case EPERM:
        return ": give the user who runs this the permission, which root and "
               "the owner have, or choose another folder";
    case EROFS:
        return ": make the file system writable, or choose another folder; of "
               "a unit with ProtectSystem= only those of StateDirectory= and "
               "ReadWritePaths= are writable";
    case ENOSPC:
    case EDQUOT:
        return ": free some space";
    case EIO:
        return ": check the disk, and the log of the kernel";
    case ENOENT:
        return ": make the folder that it is in first";
    case ENOTDIR:
        return ": choose a path that is a folder";
    case ENOLCK:
    case EOPNOTSUPP:
        return ": use a file system with flock(2), such as that of a local "
               "disk";
    default:
        return "";
    }
}
