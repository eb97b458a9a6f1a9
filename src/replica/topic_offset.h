/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where the topic begins and ends, asked of its leader.
 *
 * Not by rd_kafka_query_watermark_offsets(): before librdkafka 2.3.0 it ignores
 * its time-out, and waits for ever if the leader dies meanwhile.
 */
#ifndef LUNAR_REPLICA_TOPIC_OFFSET_H
#define LUNAR_REPLICA_TOPIC_OFFSET_H

#include <stdint.h>

#include <librdkafka/rdkafka.h>

enum topic_offset {
    TOPIC_OFFSET_LOW, /* of the first record that is there */
    TOPIC_OFFSET_END, /* behind the last one */
};

/*
 * Ask for it, and wait up to `timeout_ms`. With any other result than
 * RD_KAFKA_RESP_ERR_NO_ERROR `offset` is untouched.
 * Locking: any thread.
 */
rd_kafka_resp_err_t topic_offset_ask(rd_kafka_t *client, const char *topic,
                                     enum topic_offset which, int timeout_ms,
                                     uint64_t *offset);

/*
 * The same for the first record that has the time `since`, in milliseconds
 * since 1970, or a later one. RD_KAFKA_RESP_ERR__NO_OFFSET: there is none.
 */
rd_kafka_resp_err_t topic_offset_since(rd_kafka_t *client, const char *topic,
                                       int64_t since, int timeout_ms,
                                       uint64_t *offset);

#endif
