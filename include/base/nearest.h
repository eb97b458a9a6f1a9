/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Suggestions for a misspelt name: "did you mean status?"
 */
#ifndef LUNAR_BASE_NEAREST_H
#define LUNAR_BASE_NEAREST_H

#include <stddef.h>

#include "base/text.h"

enum { NEAREST_MAX_NAME = 31 /* characters */ };

/*
 * The name that differs from `text` in the fewest characters (replaced, added
 * or missing; the case of ASCII letters is ignored), the first of several such
 * names. NULL if each differs in more than half of its length. `name_at`
 * returns the name at an index, of at most NEAREST_MAX_NAME characters, and
 * NULL after the last.
 */
const char *nearest_name(struct text text,
                         const char *(*name_at)(size_t index));

#endif
