/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Says in words why json_scan() has refused a text, and where.
 */
#ifndef LUNAR_FORMAT_JSON_ERROR_H
#define LUNAR_FORMAT_JSON_ERROR_H

#include "base/text.h"
#include "format/json_scan.h"

enum { JSON_ERROR_SIZE = 128 /* bytes, with the NUL */ };

/*
 * Write what is wrong with `text`, as in "is not JSON: at byte 7: expected a
 * value", to follow "the message ". The place is an offset in bytes, from 0;
 * or, if the text has several lines, the line and the column, both from 1,
 * where a column is one byte. A byte order mark, UTF-16, UTF-32 and gzip data
 * are named, without a place. ASCII, and never a part of the text.
 */
void json_error_write(const struct json_error *error, struct text text,
                      char out[JSON_ERROR_SIZE]);

#endif
