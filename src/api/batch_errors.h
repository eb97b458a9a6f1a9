/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The rejected lines of a batch, which are the sender's mistakes: the first of
 * them one by one, and what they say about the batch as a whole.
 *
 * Locking: none; one thread at a time, as the batch.
 */
#ifndef LUNAR_API_BATCH_ERRORS_H
#define LUNAR_API_BATCH_ERRORS_H

#include <stdint.h>

#include "base/buffer.h"
#include "base/text.h"
#include "batch.h"

struct batch_errors {
    struct batch_error first;
    const char *mistake; /* see batch_likely_mistake() */
    struct buffer items; /* of the array of batch_write() */
};

void batch_errors_init(struct batch_errors *errors);
void batch_errors_release(struct batch_errors *errors);

/*
 * Line `number` is rejected, after `before` others. `line` is its beginning, at
 * least; `detail` says why, as struct parsed_message does.
 */
void batch_errors_add(struct batch_errors *errors, uint64_t before,
                      uint64_t number, struct text line, const char *detail);

#endif
