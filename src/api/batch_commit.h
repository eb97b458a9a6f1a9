/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The messages of one batch on their way through the store: they are put into
 * blocks, each a ticket of the journal, which are appended as the body arrives.
 * Nothing waits for a block but the response, and a sender that is faster than
 * the disk.
 *
 * Locking: one thread at a time calls these functions. Blocks are settled on
 * the journal's thread, which takes the lock of the batch for a moment.
 */
#ifndef LUNAR_API_BATCH_COMMIT_H
#define LUNAR_API_BATCH_COMMIT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "api/api.h"
#include "domain/message.h"

enum {
    /* Bytes of a block's records, about: more are put into the next block. */
    BATCH_BLOCK = 32 * 1024,
    /* With so many bytes of blocks that are not settled, the sender waits. */
    BATCH_MAX_PENDING = 256 * 1024,
    /*
     * The same if the journal is shared: brokers answer after milliseconds, in
     * which they could have taken thousands of messages.
     */
    BATCH_MAX_PENDING_SHARED = 1024 * 1024,
    /* Where its connection cannot wait (body.h), more than this is a 503. */
    BATCH_MAX_UNHELD = 1024 * 1024,
    BATCH_MAX_UNHELD_SHARED = 4 * 1024 * 1024,
};

struct batch_commit;

/* What became of the messages whose blocks are settled. */
struct batch_settled {
    uint64_t outcomes[MESSAGE_NO_MEMORY]; /* messages, by their outcome */
    uint64_t not_written;
    uint64_t first_not_written; /* the line of the first of them, or 0 */
    const char *problem;        /* why that one was not; static */
    uint64_t unknown;           /* nobody knows whether they are written */
    uint64_t first_unknown;     /* the line of the first of them, or 0 */
    uint64_t position;          /* of the last that is written, or 0 */
};

/*
 * NULL if memory is exhausted.
 * Ownership: `api`, which has a store, is borrowed.
 */
struct batch_commit *batch_commit_new(struct api *api);

/*
 * What was appended is settled and counted nevertheless; the last block frees
 * the rest then. NULL does nothing.
 */
void batch_commit_free(struct batch_commit *commit);

/* The messages that follow come from so many bytes of JSON, at most. */
void batch_commit_expect(struct batch_commit *commit, size_t bytes);

/*
 * Admit the message of `line`. MESSAGE_APPLIED in `*outcome`: it was put into a
 * block; any other outcome is final. False, with `*outcome` untouched, if too
 * much is pending for another block.
 */
bool batch_commit_add(struct batch_commit *commit,
                      const struct message *message, uint64_t line,
                      enum message_outcome *outcome);

/* Append what was added, if anything was. */
void batch_commit_append(struct batch_commit *commit);

/*
 * If so much is pending that the sender should wait: have `call` called once,
 * on the journal's thread, when there is room again, and return true. Until the
 * call the caller only waits.
 */
bool batch_commit_hold(struct batch_commit *commit, void (*call)(void *context),
                       void *context);

/* The same, if anything is pending, when nothing is any more. */
bool batch_commit_wait(struct batch_commit *commit, void (*call)(void *context),
                       void *context);

struct batch_settled batch_commit_settled(struct batch_commit *commit);

#endif
