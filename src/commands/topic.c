/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The work is that of the room `replica`; here are its words.
 */
#include "commands/topic.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/readable.h"
#include "console/announce.h"
#include "replica/replica.h"

/* All lines are on stdout. Returns the exit status. */
static int end_output(void)
{
    char line[JOURNAL_ERROR];

    errno = 0;
    if (fflush(stdout) == 0 && ferror(stdout) == 0)
        return EXIT_SUCCESS;
    snprintf(line, sizeof(line), "it is done, but stdout cannot be written: %s",
             strerrordesc_np(errno));
    return announce_failure(EXIT_FAILURE, line);
}

/* What a topic with fewer copies than recommended means. */
static void print_doubts(const struct replica_topic *topic)
{
    if (topic->min_in_sync < REPLICA_IN_SYNC)
        puts("WARNING: one copy acknowledges a message, so if its broker's "
             "disk is lost, acknowledged messages are lost: use three brokers, "
             "and for a topic that exists raise min.insync.replicas to 2 with "
             "kafka-configs.sh");
    else if (topic->min_in_sync >= topic->replication)
        puts("WARNING: all copies have to acknowledge a message, so without "
             "any one broker messages get 503: use more brokers, and add "
             "copies with kafka-reassign-partitions.sh");
}

int commands_create_topic(const struct replica_options *options)
{
    struct replica_topic topic = {.existed = false};
    char error[JOURNAL_ERROR];

    if (!replica_create_topic(options, &topic, error))
        return announce_failure(EXIT_FAILURE, error);
    printf("topic %s %s: 1 partition, %u cop%s of each message, %u of them "
           "%s it before it is acknowledged; no message is deleted by age or "
           "size\n",
           options->topic, topic.existed ? "exists" : "is made",
           topic.replication, topic.replication == 1 ? "y" : "ies",
           topic.min_in_sync, topic.min_in_sync == 1 ? "has" : "have");
    print_doubts(&topic);
    printf("run an instance on each machine with lunar.service -kafka=%s "
           "-topic=%s -data=DIR\n",
           options->brokers, options->topic);
    return end_output();
}

int commands_trim_topic(const struct replica_options *options)
{
    struct replica_trim trim = {.first = 0};
    char error[JOURNAL_ERROR];

    if (!replica_trim_topic(options, &trim, error))
        return announce_failure(EXIT_FAILURE, error);
    int length = (int)strcspn(trim.lowest, ",");
    if (trim.first == trim.before)
        printf("topic %s begins at offset %s already: nothing to delete; the "
               "oldest snapshot is that of %.*s\n",
               options->topic, readable_number(trim.first).text, length,
               trim.lowest);
    else
        printf("topic %s begins at offset %s now: %s records deleted; the "
               "oldest snapshot, of %.*s, holds them\n"
               "new instances need -peer=URL, or a copy of a snapshot.db\n",
               options->topic, readable_number(trim.first).text,
               readable_number(trim.first - trim.before).text, length,
               trim.lowest);
    return end_output();
}
