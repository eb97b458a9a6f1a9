/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What rockets send, as JSON: single messages, batches (one message a line),
 * and launches of many rockets.
 */
#ifndef LUNAR_TEST_FLEET_H
#define LUNAR_TEST_FLEET_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "lib/connection.h"
#include "lib/instance.h"

#define BULK_TYPE "Content-Type: application/x-ndjson\r\n"
#define BULK_CHUNKED BULK_TYPE "Transfer-Encoding: chunked\r\n"

/* The result of a batch in which no line was rejected. */
#define BULK_RESULT(applied, duplicate)                                        \
    "{\"applied\":" applied ",\"duplicate\":" duplicate                        \
    ",\"stale\":0,\"rejected\":0,\"errors\":[]}"

enum { FLEET_MAX_MESSAGE = 2048 };

struct fleet_message {
    char body[FLEET_MAX_MESSAGE];
};

/* Return a message with this type and this JSON as payload. */
struct fleet_message fleet_message(const char *channel, uint64_t number,
                                   const char *type, const char *payload);

struct fleet_message fleet_launched(const char *channel, uint64_t number,
                                    const char *type, long speed,
                                    const char *mission);
struct fleet_message fleet_faster(const char *channel, uint64_t number,
                                  long by);
struct fleet_message fleet_exploded(const char *channel, uint64_t number,
                                    const char *reason);

/* Post it and expect 202. */
void fleet_post(struct connection *connection,
                const struct fleet_message *message);

/*
 * Launch `count` rockets with the ids "rocket-000000", "rocket-000001" and so
 * on; rocket i has speed 1000 + i. If `padding` is not 0, their missions have
 * that many bytes.
 */
void fleet_launch(const struct instance *instance, size_t count,
                  size_t padding);

/* A batch: text printed to `stream` between bulk_begin() and bulk_end(). */
struct bulk {
    FILE *stream;
    char *text; /* set by bulk_end(), as is `length` */
    size_t length;
};

/* Ownership: after bulk_end() the caller frees `text`. */
void bulk_begin(struct bulk *bulk);
void bulk_end(struct bulk *bulk);

/* Append a message that raises the rocket's speed by 1. */
void bulk_add(struct bulk *bulk, const char *channel, uint64_t number);

/*
 * Make a batch of such messages, numbered `first` to `last`. Ownership: the
 * caller frees `text`.
 */
struct bulk bulk_make(const char *channel, uint64_t first, uint64_t last);

/* Expect a 202 with this body that keeps the connection alive. */
void bulk_expect(struct connection *connection, const char *body);

/* Expect such a 202 as the last response of the connection, and close it. */
void bulk_expect_last(struct connection *connection, const char *body);

/* Expect this for a batch in which all `applied` lines were applied. */
void bulk_expect_applied(struct connection *connection, uint64_t applied);

/* Expect that the connection serves another request. */
void bulk_expect_next(struct connection *connection);

/*
 * Return the rocket's `lastMessageNumber`, or 0 if there is no such rocket.
 * Fails the test if messages of it are missing.
 */
uint64_t bulk_messages_of(const struct instance *instance, const char *id);

/* Wait until that is at least `number`. */
void bulk_wait_for(const struct instance *instance, const char *id,
                   uint64_t number);

#endif
