/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Offsets that brokers do not have, and records that may not be the ones that
 * were applied. A broker that was the leader a moment ago may answer from what
 * it had then, so an answer counts only if it stays; what was deleted, and a
 * record that is another one, are certain at once.
 */
#include "intake_parts.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/sync.h"
#include "topic_offset.h"

enum {
    ASK_MS = 1000,      /* for the range of offsets, when one is not in it */
    LOG_EVERY = 10,     /* seconds from one line about an error to the next */
    FORGIVEN_MS = 5000, /* without a further answer of that kind */
    REFUSED_MS = 500,   /* until an offset is asked for again */
    /* Between two calls, this process has stood still, so much may be new. */
    STANDSTILL_MS = 10000,
};

/* The brokers say again and again that they do not have the offset. */
static void halt_out_of_range(struct intake *intake)
{
    uint64_t next = intake_next(intake), end;
    const char *name = intake_topic_name(intake);

    if (topic_offset_ask(intake->options.consumer, name, TOPIC_OFFSET_END,
                         ASK_MS, &end) == 0 &&
        end < next)
        intake_halt(intake,
                    "topic %s ends before offset %ju, but this instance has "
                    "applied records up to %ju: the topic was made anew, or "
                    "its brokers have lost records: see docs/replicas.md "
                    "before starting any instance again",
                    name, (uintmax_t)end, (uintmax_t)next - 1);
    else
        intake_halt(intake,
                    "the brokers do not have offset %ju of topic %s: records "
                    "were deleted, or the topic was made anew: start this "
                    "instance again, which tells which of these",
                    (uintmax_t)next, name);
}

/* The offset is not there: halt if that is certain, else ask for it again. */
static void doubt_offset(struct intake *intake)
{
    uint64_t next = intake_next(intake), now = clock_ms(CLOCK_MONOTONIC_COARSE);
    const char *name = intake_topic_name(intake);

    /* What was deleted stays so: an old leader can only know less of it. */
    if (topic_offset_ask(intake->options.consumer, name, TOPIC_OFFSET_LOW,
                         ASK_MS, &intake->doubt.low) == 0 &&
        intake->doubt.low > next) {
        intake_halt(intake,
                    "the records from offset %ju to %ju of topic %s were "
                    "deleted before this instance has read them: start it "
                    "again with -peer=URL of an instance that has them",
                    (uintmax_t)next, (uintmax_t)intake->doubt.low - 1, name);
        return;
    }
    if (now - intake->doubt.last_refused_ms > FORGIVEN_MS)
        intake->doubt.refused = 0;
    if (intake->doubt.refused++ == 0)
        intake->doubt.refused_ms = now;
    intake->doubt.last_refused_ms = now;
    if (intake->doubt.refused >= INTAKE_DOUBT_TIMES &&
        now - intake->doubt.refused_ms >= INTAKE_DOUBT_MS)
        halt_out_of_range(intake);
    intake->doubt.again_ms = now + REFUSED_MS;
}

static void log_error(struct intake *intake, const rd_kafka_message_t *event)
{
    struct timespec now = sync_deadline(0);

    if (now.tv_sec < intake->doubt.log_again.tv_sec)
        return;
    intake->doubt.log_again = now;
    intake->doubt.log_again.tv_sec += LOG_EVERY;
    log_line(LOG_WARN,
             "topic %s cannot be consumed from offset %ju on: %s; it is tried "
             "again",
             intake_topic_name(intake), (uintmax_t)intake_next(intake),
             rd_kafka_message_errstr(event));
}

/* Not by rd_kafka_seek(), which needs a leader. */
static bool consume_again(struct intake *intake, uint64_t offset)
{
    rd_kafka_consume_stop(intake->options.topic, 0);
    if (intake_consume(intake, offset))
        return true;
    intake_halt(intake,
                "topic %s cannot be consumed any more: %s: start this instance "
                "again",
                intake_topic_name(intake),
                rd_kafka_err2str(rd_kafka_last_error()));
    return false;
}

/* Consume the record at the place again, to see whether it is the same. */
static void verify_place(struct intake *intake)
{
    struct intake_place place;

    intake_place(intake, &place);
    if (place.check == 0 || intake->doubt.verifying)
        return;
    intake->doubt.verifying = consume_again(intake, place.position);
}

/*
 * Ask again for an offset that the brokers did not have. If they have it by
 * now, it may be of a topic that was made anew: so look at the record before it
 * first, unless that was deleted.
 */
static void try_again(struct intake *intake)
{
    struct intake_place place;

    if (intake->doubt.again_ms == 0 ||
        clock_ms(CLOCK_MONOTONIC_COARSE) < intake->doubt.again_ms)
        return;
    intake->doubt.again_ms = 0;
    intake_place(intake, &place);
    intake->doubt.verifying =
        place.check != 0 && intake->doubt.low <= place.position;
    consume_again(intake, intake->doubt.verifying ? place.position
                                                  : intake_next(intake));
}

void intake_doubt_error(struct intake *intake, const rd_kafka_message_t *event)
{
    switch (event->err) {
    case RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET:
    case RD_KAFKA_RESP_ERR_OFFSET_OUT_OF_RANGE:
        doubt_offset(intake);
        break;
    case RD_KAFKA_RESP_ERR__BAD_MSG:
    case RD_KAFKA_RESP_ERR__BAD_COMPRESSION:
    case RD_KAFKA_RESP_ERR__NOT_IMPLEMENTED:
        intake_halt(intake,
                    "the record at offset %jd of topic %s cannot be read: "
                    "%s: start this instance again; if that does not help, "
                    "the brokers' copy is damaged",
                    (intmax_t)event->offset, intake_topic_name(intake),
                    rd_kafka_message_errstr(event));
        return;
    case RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART:
    case RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC:
    case RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION:
        intake_suspect(intake);
        break;
    default:
        break;
    }
    log_error(intake, event);
}

void intake_doubt_verify(struct intake *intake, const rd_kafka_message_t *event)
{
    struct topic_bytes bytes = topic_bytes_of(event);

    intake->doubt.verifying = false;
    if ((uint64_t)event->offset == intake->place.position &&
        topic_record_check(&bytes) == intake->place.check)
        return;
    intake_halt(intake,
                "the record at offset %ju of topic %s is not the one that this "
                "instance has applied: the topic was made anew, or is of "
                "another cluster: see docs/replicas.md before starting any "
                "instance again",
                (uintmax_t)intake->place.position, intake_topic_name(intake));
}

/* Whether the last call is long ago, as after SIGSTOP. */
static bool stood_still(struct intake *intake)
{
    uint64_t now = clock_ms(CLOCK_MONOTONIC_COARSE);
    uint64_t before = intake->doubt.drained_ms;

    intake->doubt.drained_ms = now;
    return before != 0 && now - before > STANDSTILL_MS;
}

void intake_doubt_look(struct intake *intake)
{
    if (atomic_exchange(&intake->suspected, false) || stood_still(intake))
        verify_place(intake);
    try_again(intake);
}
