/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Batches of messages: JSON texts, one a line (application/x-ndjson), applied
 * as their bytes arrive. Lines are independent: a bad one is counted and
 * reported, and the others are applied. No more of the body is kept than the
 * line that has not ended yet.
 *
 * With a store the messages are given to it as their bytes arrive, and applied
 * once they are durable: batch_hold() and batch_wait() wait for that.
 *
 * Lines end in LF or CR LF; the last one may end with the body. Lines of white
 * space alone are skipped, but numbered.
 */
#ifndef LUNAR_API_BATCH_H
#define LUNAR_API_BATCH_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buffer.h"
#include "base/text.h"

enum {
    BATCH_MAX_LINE = 64 * 1024, /* bytes, without the line's end */
    BATCH_MAX_ERRORS = 100,     /* reported one by one; all are counted */
};

/* Numbers of lines. Skipped lines are not counted. */
struct batch_counts {
    uint64_t applied, duplicate, stale;
    uint64_t rejected;        /* the sender's mistakes */
    uint64_t not_taken;       /* they may be sent again */
    uint64_t no_memory;       /* of these: memory ended */
    uint64_t first_not_taken; /* line number of the first of them, or 0 */
    const char *reason;       /* why that one was not taken; static */
    uint64_t unknown;         /* nobody knows whether they are written */
    uint64_t first_unknown;   /* line number of the first of them, or 0 */
    uint64_t position;        /* which all that were applied, duplicates or
                                 stale have, if the journal is shared; else 0 */
};

/* The first rejected line. */
struct batch_error {
    uint64_t line;    /* its number; 0: no line was rejected */
    char detail[256]; /* as in the result */
};

struct api;
struct batch;

/*
 * What becomes of the lines is added to the metrics of `api` after each part,
 * or when it is settled. Returns NULL if memory is exhausted. Ownership: `api`
 * is borrowed.
 */
struct batch *batch_new(struct api *api);

/*
 * What was given to a store is settled and counted nevertheless. NULL does
 * nothing.
 */
void batch_free(struct batch *batch);

/*
 * Take the next bytes of the body, cut anywhere, and apply the lines that they
 * complete.
 * Ownership: the bytes are borrowed for the call. Locking: as table_apply();
 * one thread at a time.
 */
void batch_take(struct batch *batch, struct text bytes);

/* The body is complete: apply the last line, if it has no end. */
void batch_end(struct batch *batch);

/*
 * If so much waits for the store that the sender should wait: have `call`
 * called once, on the journal's thread, when there is room again, and return
 * true. Until the call the caller only waits. Without a store never.
 */
bool batch_hold(struct batch *batch, void (*call)(void *context),
                void *context);

/* The same, if anything waits for the store, when nothing does any more. */
bool batch_wait(struct batch *batch, void (*call)(void *context),
                void *context);

/* Of the lines so far; with a store without those that wait for it. */
struct batch_counts batch_counts(const struct batch *batch);

/* Whose it is. */
struct api *batch_api(const struct batch *batch);

const struct batch_error *batch_first_error(const struct batch *batch);

/* How many lines have ended, blank ones too. */
uint64_t batch_lines(const struct batch *batch);

/*
 * If no line was a message: what the sender is likely to have done wrong, as a
 * sentence; NULL if that is not known.
 */
const char *batch_likely_mistake(const struct batch *batch);

/*
 * Append the result as members of a JSON object, without its braces:
 * "applied":n,"duplicate":n,"stale":n,"rejected":n,
 * "errors":[{"line":n,"detail":"..."}]
 * The errors are those of the first BATCH_MAX_ERRORS rejected lines, in order;
 * fewer if memory for them ended. Lines are numbered from 1; a byte that a
 * detail names is counted from the start of its line.
 */
void batch_write(const struct batch *batch, struct buffer *out);

#endif
