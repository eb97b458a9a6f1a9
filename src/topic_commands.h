/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The commands that work on the topic of -kafka, and do not serve. Their
 * results go to stdout, and what is wrong to stderr. A signal ends them at
 * once: what they do to the topic is done whole, or can be done again.
 *
 * Each returns the exit status: 0 done, 1 not done.
 * Locking: on the main thread, while there is no other but that of the log.
 */
#ifndef LUNAR_TOPIC_COMMANDS_H
#define LUNAR_TOPIC_COMMANDS_H

struct config;
struct replica_options;

/* -create-topic. */
int topic_commands_create(const struct config *config);

/* -trim-topic. */
int topic_commands_trim(const struct config *config);

/* What the configuration says of the topic; the rest is 0. */
struct replica_options topic_options(const struct config *config);

#endif
