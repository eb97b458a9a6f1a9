/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Batches for tests: makes bodies of many messages, one message a line, and
 * checks the responses to them.
 */
#ifndef LUNAR_TEST_BULK_H
#define LUNAR_TEST_BULK_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "lib/connection.h"
#include "lib/instance.h"

#define BULK_TYPE "Content-Type: application/x-ndjson\r\n"
#define BULK_CHUNKED BULK_TYPE "Transfer-Encoding: chunked\r\n"

struct bulk {
    FILE *stream; /* text printed to it becomes the body */
    char *text;   /* set by bulk_end(), as is `length` */
    size_t length;
};

/* Ownership: after bulk_end() the caller frees `text`. */
void bulk_begin(struct bulk *bulk);
void bulk_end(struct bulk *bulk);

/* Append a message that raises the rocket's speed by 1. */
void bulk_add(struct bulk *bulk, const char *channel, uint64_t number);

/*
 * Make a batch of such messages, numbered `first` to `last`. Calls bulk_begin()
 * and bulk_end(). Ownership: the caller frees `text`.
 */
struct bulk bulk_make(const char *channel, uint64_t first, uint64_t last);

/* Expect a 202 with this body that keeps the connection alive. */
void bulk_expect(struct connection *connection, const char *body);

/* Expect this for a batch in which all `applied` lines were applied. */
void bulk_expect_applied(struct connection *connection, uint64_t applied);

/* Expect that the connection serves another request. */
void bulk_expect_next(struct connection *connection);

/*
 * Return the rocket's `lastMessageNumber`, or 0 if there is no such rocket.
 * Fails the test if messages of it are missing.
 */
uint64_t bulk_messages_of(const struct instance *instance, const char *id);

#endif
