/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Messages in bulk: JSON texts, one a line (application/x-ndjson), applied
 * as their bytes come. Each line stands for itself: one that is bad is
 * counted and told of, and spoils none of the others. Of the body no more is
 * kept than the line that has not ended yet.
 *
 * Lines end in LF or CR LF, the last one also with the body. Lines of
 * nothing but white space are passed over, but numbered.
 */
#ifndef LUNAR_API_BATCH_H
#define LUNAR_API_BATCH_H

#include <stdint.h>

#include "base/buffer.h"
#include "base/text.h"
#include "table/table.h"

enum {
    BATCH_MAX_LINE = 64 * 1024, /* bytes, the line's end not counted */
    BATCH_MAX_ERRORS = 100,     /* that are told one by one; all are counted */
};

/* How many lines came to what; those passed over are in none of them. */
struct batch_counts {
    uint64_t applied, duplicate, stale;
    uint64_t rejected;        /* the sender's mistakes */
    uint64_t not_taken;       /* for which memory ended: may do later */
    uint64_t first_not_taken; /* number of the first of them, 0 for none */
};

struct batch;

/* `table` is borrowed. NULL where memory ends. */
struct batch *batch_new(struct table *table);

/* NULL does nothing. */
void batch_free(struct batch *batch);

/*
 * Take the next bytes of the body, cut anywhere, and apply the lines that
 * they complete. They are read only during the call.
 * Locking: as table_apply(). By one thread at a time.
 */
void batch_take(struct batch *batch, struct text bytes);

/* The body is complete: apply the last line, if it was not ended. */
void batch_end(struct batch *batch);

const struct batch_counts *batch_counts(const struct batch *batch);

/*
 * Append the result as JSON:
 * {"applied":n,"duplicate":n,"stale":n,"rejected":n,
 *  "errors":[{"line":n,"detail":"..."}]}
 * The errors are those of the first BATCH_MAX_ERRORS lines rejected, in
 * order; fewer where memory for them ended. Lines count from 1, and the
 * bytes that a detail names from the start of its line.
 */
void batch_write(const struct batch *batch, struct buffer *out);

#endif
