/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The room in a build without librdkafka.
 */
#include <stdio.h>

#include "replica/replica.h"

static const char absent[] =
    "this binary was built without Kafka: build it where librdkafka-dev is "
    "installed, without -DLUNAR_KAFKA=OFF";

bool replica_is_built(void)
{
    return false;
}

struct journal *replica_open(const struct replica_options *options,
                             char error[JOURNAL_ERROR])
{
    (void)options;
    snprintf(error, JOURNAL_ERROR, "%s", absent);
    return NULL;
}

bool replica_create_topic(const struct replica_options *options,
                          struct replica_topic *topic,
                          char error[JOURNAL_ERROR])
{
    (void)options;
    (void)topic;
    snprintf(error, JOURNAL_ERROR, "%s", absent);
    return false;
}

bool replica_trim_topic(const struct replica_options *options,
                        struct replica_trim *trim, char error[JOURNAL_ERROR])
{
    (void)options;
    (void)trim;
    snprintf(error, JOURNAL_ERROR, "%s", absent);
    return false;
}
