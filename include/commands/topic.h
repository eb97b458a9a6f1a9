/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The commands that work on the topic of -kafka, and do not serve. Their
 * results go to stdout, and what is wrong to stderr. A signal ends them at
 * once: what they do to the topic is done whole, or can be done again.
 *
 * Each returns the exit status: 0 done, 1 not done.
 * Locking: on the main thread, while there is no other but that of the log.
 */
#ifndef LUNAR_COMMANDS_TOPIC_H
#define LUNAR_COMMANDS_TOPIC_H

struct replica_options;

/* -create-topic. */
int commands_create_topic(const struct replica_options *options);

/* -trim-topic. */
int commands_trim_topic(const struct replica_options *options);

#endif
