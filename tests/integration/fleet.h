/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Messages of rockets, as JSON texts, and many rockets at once.
 */
#ifndef LUNAR_TEST_FLEET_H
#define LUNAR_TEST_FLEET_H

#include <stddef.h>
#include <stdint.h>

#include "connection.h"
#include "instance.h"

enum { FLEET_MAX_MESSAGE = 2048 };

struct fleet_message {
    char body[FLEET_MAX_MESSAGE];
};

/* Each returns the text of one message. The time follows from the number. */
struct fleet_message fleet_launched(const char *channel, uint64_t number,
                                    const char *type, long speed,
                                    const char *mission);
struct fleet_message fleet_faster(const char *channel, uint64_t number,
                                  long by);
struct fleet_message fleet_exploded(const char *channel, uint64_t number,
                                    const char *reason);

/* Any message: its type and its payload as JSON. */
struct fleet_message fleet_message(const char *channel, uint64_t number,
                                   const char *type, const char *payload);

/* Post it and get 202. */
void fleet_post(struct connection *connection,
                const struct fleet_message *message);

/*
 * Launch the rockets "rocket-000000" to `count` - 1, each with speed
 * 1000 + its number. With `padding` their missions have that many bytes.
 */
void fleet_launch(const struct instance *instance, size_t count,
                  size_t padding);

#endif
