/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A sample says: at this time, the topic ended there. Once all records below
 * that are applied, the state is at least as new as the sample. So the lag is
 * the age of the newest sample that is reached.
 */
#include "topic_watch.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/sync.h"
#include "intake.h"
#include "replica_error.h"
#include "topic_admin.h"
#include "topic_offset.h"

enum {
    SAMPLES = 64, /* that are not reached yet */
};

struct sample {
    uint64_t time; /* of the question, in milliseconds */
    uint64_t end;
};

struct topic_watch {
    /* Set at start, then read-only. Borrowed. */
    rd_kafka_t *client;
    rd_kafka_topic_t *topic;
    struct intake *intake;
    int64_t born; /* as in `prepared` */
    pthread_t thread;
    /* Guarded by `lock`. */
    pthread_mutex_t lock;
    pthread_cond_t wake; /* to stop */
    bool stopping;
    uint64_t end;     /* of the newest sample */
    uint64_t reached; /* the time of the newest sample that is reached */
    size_t count;
    struct sample samples[SAMPLES]; /* by time */
    /* Owned by the thread. */
    uint64_t partitions_due, settings_due;
    unsigned short_times; /* samples below `short_next`, one after the other */
    uint64_t short_next;
    uint64_t short_ms;          /* the first of them */
    char doubts[JOURNAL_ERROR]; /* about the settings, as logged; "": none */
};

/* Forget the samples that are reached, but for the time of the newest one. */
static void reach_samples_locked(struct topic_watch *watch)
{
    uint64_t next = intake_next(watch->intake);
    size_t reached = 0;

    while (reached < watch->count && watch->samples[reached].end <= next)
        watch->reached = watch->samples[reached++].time;
    for (size_t i = reached; i < watch->count; i++)
        watch->samples[i - reached] = watch->samples[i];
    watch->count -= reached;
}

/* If there are too many, the newest one replaces the one before it. */
static void add_sample(struct topic_watch *watch, uint64_t time, uint64_t end)
{
    sync_lock(&watch->lock);
    watch->end = end;
    reach_samples_locked(watch);
    if (watch->count == SAMPLES)
        watch->count--;
    watch->samples[watch->count++] = (struct sample){time, end};
    sync_unlock(&watch->lock);
}

static void look_at_end(struct topic_watch *watch)
{
    const char *name = rd_kafka_topic_name(watch->topic);
    uint64_t time = clock_ms(CLOCK_MONOTONIC),
             next = intake_next(watch->intake);
    uint64_t end;

    if (topic_offset_ask(watch->client, name, TOPIC_OFFSET_END,
                         TOPIC_WATCH_TIMEOUT_MS, &end) != 0)
        return;
    if (end >= next) {
        watch->short_times = 0;
        add_sample(watch, time, end);
        return;
    }
    /* If records come, the broker that says so is an old leader. */
    if (watch->short_times == 0 || watch->short_next != next) {
        watch->short_times = 0;
        watch->short_next = next;
        watch->short_ms = time;
    }
    if (++watch->short_times < INTAKE_DOUBT_TIMES ||
        time - watch->short_ms < INTAKE_DOUBT_MS)
        return;
    intake_halt(watch->intake,
                "topic %s ends before offset %ju, but this instance has "
                "applied records up to %ju: the topic was made anew, or its "
                "brokers have lost records: see docs/replicas.md before "
                "starting any instance again",
                name, (uintmax_t)end, (uintmax_t)next - 1);
}

/*
 * The first record of a topic that was made anew is younger than that of ours.
 * So it has an offset from such a time on that no record of ours can have.
 */
static void look_at_begin(struct topic_watch *watch)
{
    const char *name = rd_kafka_topic_name(watch->topic);
    uint64_t offset;

    if (watch->born < 0 ||
        topic_offset_since(watch->client, name, watch->born + 1,
                           TOPIC_WATCH_TIMEOUT_MS, &offset) != 0 ||
        offset > 0)
        return;
    intake_halt(watch->intake,
                "the first record of topic %s is not the one that it was: the "
                "topic was made anew: see docs/replicas.md before starting any "
                "instance again",
                name);
}

static void look_at_partitions(struct topic_watch *watch)
{
    const struct rd_kafka_metadata *metadata;

    if (rd_kafka_metadata(watch->client, 0, watch->topic, &metadata,
                          TOPIC_WATCH_TIMEOUT_MS) != 0)
        return;
    if (metadata->topic_cnt == 1) {
        const struct rd_kafka_metadata_topic *topic = &metadata->topics[0];
        if (topic->err == RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART)
            intake_suspect(watch->intake);
        else if (topic->err == 0 && topic->partition_cnt > 1)
            intake_halt(watch->intake,
                        "topic %s has %d partitions by now, but the order of "
                        "all messages needs exactly one: make a new topic with "
                        "-create-topic, and copy partition 0 to it",
                        topic->topic, topic->partition_cnt);
    }
    rd_kafka_metadata_destroy(metadata);
}

/*
 * A topic that deletes records by itself, or lets one broker acknowledge, loses
 * messages some day. That is no reason to take none until then.
 */
static void look_at_settings(struct topic_watch *watch)
{
    const char *name = rd_kafka_topic_name(watch->topic);
    const struct topic_admin admin = {watch->client, name,
                                      TOPIC_WATCH_TIMEOUT_MS};
    struct replica_topic topic = {.wrong = false};
    char doubts[JOURNAL_ERROR] = "";

    if (!topic_admin_look(&admin, &topic, doubts)) {
        if (!topic.wrong)
            return;
    } else if (topic.min_in_sync < REPLICA_IN_SYNC) {
        replica_error(doubts,
                      "topic %s has min.insync.replicas=%u, so an acknowledged "
                      "message may be on one broker only: set it with "
                      "kafka-configs.sh --alter --topic %s --add-config "
                      "min.insync.replicas=%d",
                      name, topic.min_in_sync, name, REPLICA_IN_SYNC);
    }
    if (strcmp(doubts, watch->doubts) == 0)
        return;
    memcpy(watch->doubts, doubts, sizeof(doubts));
    if (doubts[0] != '\0')
        log_line(LOG_WARN, "%s", doubts);
}

/* Wait until `time`, in milliseconds. False if the watch ends. */
static bool wait_until(struct topic_watch *watch, uint64_t time)
{
    uint64_t now = clock_ms(CLOCK_MONOTONIC);
    struct timespec deadline = sync_deadline(time > now ? time - now : 0);

    sync_lock(&watch->lock);
    while (!watch->stopping &&
           sync_wait_until(&watch->wake, &watch->lock, &deadline))
        ;
    bool goes_on = !watch->stopping;
    sync_unlock(&watch->lock);
    return goes_on;
}

/* The rarer questions: one a turn, as each may take its time. */
static void look_at_topic(struct topic_watch *watch)
{
    uint64_t now = clock_ms(CLOCK_MONOTONIC);

    if (now >= watch->partitions_due) {
        watch->partitions_due = now + TOPIC_WATCH_PARTITIONS_MS;
        look_at_partitions(watch);
    } else if (now >= watch->settings_due) {
        watch->settings_due = now + TOPIC_WATCH_SETTINGS_MS;
        look_at_settings(watch);
    }
}

/*
 * A stop waits for the thread, so there is at most one question to a broker
 * that does not answer between two looks at whether it goes on.
 */
static void *run_watch(void *context)
{
    struct topic_watch *watch = context;
    uint64_t end_due = clock_ms(CLOCK_MONOTONIC);

    watch->partitions_due = end_due + TOPIC_WATCH_PARTITIONS_MS;
    watch->settings_due = end_due + TOPIC_WATCH_SETTINGS_FIRST_MS;
    while (wait_until(watch, end_due) && intake_halted(watch->intake) == NULL) {
        end_due = clock_ms(CLOCK_MONOTONIC) + TOPIC_WATCH_END_MS;
        look_at_end(watch);
        if (!wait_until(watch, 0))
            break;
        look_at_begin(watch);
        if (wait_until(watch, 0))
            look_at_topic(watch);
    }
    return NULL;
}

struct topic_watch *topic_watch_start(rd_kafka_t *client,
                                      rd_kafka_topic_t *topic,
                                      struct intake *intake, int64_t born)
{
    struct topic_watch *watch = calloc(1, sizeof(*watch));

    if (watch == NULL)
        return NULL;
    watch->client = client;
    watch->topic = topic;
    watch->intake = intake;
    watch->born = born;
    watch->end = intake_next(intake);
    watch->reached = clock_ms(CLOCK_MONOTONIC);
    sync_mutex_init(&watch->lock);
    sync_cond_init(&watch->wake);
    if (pthread_create(&watch->thread, NULL, run_watch, watch) == 0)
        return watch;
    pthread_cond_destroy(&watch->wake);
    pthread_mutex_destroy(&watch->lock);
    free(watch);
    return NULL;
}

void topic_watch_status(struct topic_watch *watch, uint64_t *last,
                        uint64_t *lag_ms)
{
    sync_lock(&watch->lock);
    reach_samples_locked(watch);
    uint64_t reached = watch->reached, newest = watch->end;
    sync_unlock(&watch->lock);
    uint64_t now = clock_ms(CLOCK_MONOTONIC);
    *last = newest > 0 ? newest - 1 : 0;
    *lag_ms = now > reached ? now - reached : 0;
}

void topic_watch_end(struct topic_watch *watch)
{
    if (watch == NULL)
        return;
    sync_lock(&watch->lock);
    watch->stopping = true;
    sync_signal(&watch->wake);
    sync_unlock(&watch->lock);
}

void topic_watch_stop(struct topic_watch *watch)
{
    if (watch == NULL)
        return;
    topic_watch_end(watch);
    sync_join(watch->thread);
    pthread_cond_destroy(&watch->wake);
    pthread_mutex_destroy(&watch->lock);
    free(watch);
}
