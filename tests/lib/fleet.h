/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Messages of rockets as JSON texts, and launches of many rockets.
 */
#ifndef LUNAR_TEST_FLEET_H
#define LUNAR_TEST_FLEET_H

#include <stddef.h>
#include <stdint.h>

#include "lib/connection.h"
#include "lib/instance.h"

enum { FLEET_MAX_MESSAGE = 2048 };

struct fleet_message {
    char body[FLEET_MAX_MESSAGE];
};

/* Return the text of one message. Its time follows from its number. */
struct fleet_message fleet_launched(const char *channel, uint64_t number,
                                    const char *type, long speed,
                                    const char *mission);
struct fleet_message fleet_faster(const char *channel, uint64_t number,
                                  long by);
struct fleet_message fleet_exploded(const char *channel, uint64_t number,
                                    const char *reason);

/* Return a message with this type and this JSON as payload. */
struct fleet_message fleet_message(const char *channel, uint64_t number,
                                   const char *type, const char *payload);

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

#endif
