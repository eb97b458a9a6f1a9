/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Batches: bodies of many messages, a line each, and what comes of them.
 */
#ifndef LUNAR_TEST_BULK_H
#define LUNAR_TEST_BULK_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "connection.h"
#include "instance.h"

#define BULK_TYPE "Content-Type: application/x-ndjson\r\n"
#define BULK_CHUNKED BULK_TYPE "Transfer-Encoding: chunked\r\n"

struct bulk {
    FILE *stream; /* what is printed to it becomes the body */
    char *text;   /* both are set by bulk_end() */
    size_t length;
};

/* Ownership: after bulk_end() the caller frees `text`. */
void bulk_begin(struct bulk *bulk);
void bulk_end(struct bulk *bulk);

/* A line that makes the rocket a little faster. */
void bulk_add(struct bulk *bulk, const char *channel, uint64_t number);

/* The same for the numbers `first` to `last`, from begin to end. */
struct bulk bulk_make(const char *channel, uint64_t first, uint64_t last);

/* The next answer, which must be 202 with this body and keep the connection. */
void bulk_expect(struct connection *connection, const char *body);

/* The same for a batch in which every line was applied. */
void bulk_expect_applied(struct connection *connection, uint64_t applied);

/* Another request on the connection must be understood and answered. */
void bulk_expect_next(struct connection *connection);

/*
 * The `lastMessageNumber` of the rocket, of which no message may be missing;
 * 0 if there is no such rocket.
 */
uint64_t bulk_messages_of(const struct instance *instance, const char *id);

#endif
