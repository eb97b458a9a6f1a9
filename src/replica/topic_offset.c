/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The protocol of Kafka has times that stand for the begin and the end.
 */
#include "topic_offset.h"

rd_kafka_resp_err_t topic_offset_since(rd_kafka_t *client, const char *topic,
                                       int64_t since, int timeout_ms,
                                       uint64_t *offset)
{
    rd_kafka_topic_partition_list_t *list =
        rd_kafka_topic_partition_list_new(1);
    rd_kafka_topic_partition_t *partition =
        rd_kafka_topic_partition_list_add(list, topic, 0);

    partition->offset = since;
    rd_kafka_resp_err_t error =
        rd_kafka_offsets_for_times(client, list, timeout_ms);
    if (error == RD_KAFKA_RESP_ERR_NO_ERROR)
        error = partition->err;
    if (error == RD_KAFKA_RESP_ERR_NO_ERROR && partition->offset < 0)
        error = RD_KAFKA_RESP_ERR__NO_OFFSET;
    if (error == RD_KAFKA_RESP_ERR_NO_ERROR)
        *offset = (uint64_t)partition->offset;
    rd_kafka_topic_partition_list_destroy(list);
    return error;
}

rd_kafka_resp_err_t topic_offset_ask(rd_kafka_t *client, const char *topic,
                                     enum topic_offset which, int timeout_ms,
                                     uint64_t *offset)
{
    int64_t since = which == TOPIC_OFFSET_LOW ? RD_KAFKA_OFFSET_BEGINNING
                                              : RD_KAFKA_OFFSET_END;

    return topic_offset_since(client, topic, since, timeout_ms, offset);
}
