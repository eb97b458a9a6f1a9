/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The commands on a topic. They use it as an instance does that starts, so that
 * both see the same: that makes the first record, too.
 */
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/text.h"
#include "clients.h"
#include "peer.h"
#include "peer_get.h"
#include "prepare.h"
#include "replica/replica.h"
#include "replica_error.h"
#include "topic_admin.h"

/* A command on its way. */
struct work {
    const struct replica_options *options;
    struct clients clients;
    uint64_t deadline; /* microseconds of the monotonic clock */
};

static void ignore_report(void *context, const rd_kafka_message_t *message)
{
    (void)context;
    (void)message;
}

static bool begin_work(struct work *work, const struct replica_options *options,
                       char error[JOURNAL_ERROR])
{
    const struct clients_reports reports = {ignore_report, NULL};

    work->options = options;
    return clients_open(&work->clients, options, &reports, error);
}

static struct topic_admin admin_of(const struct work *work)
{
    return (struct topic_admin){work->clients.producer, work->options->topic,
                                TOPIC_ADMIN_MS};
}

/* A journal_watch: gives up after some time. */
static bool has_time(void *context, const struct journal_progress *progress)
{
    const struct work *work = context;

    (void)progress;
    return clock_us(CLOCK_MONOTONIC) < work->deadline;
}

static void serve_clients(void *context)
{
    struct work *work = context;

    clients_serve(&work->clients);
    clients_serve_consumer(&work->clients);
}

/* Add what the last connection has failed by to an error about the brokers. */
static void explain(struct work *work, char error[JOURNAL_ERROR])
{
    char last[CLIENT_LOG_ERROR];
    size_t length = strlen(error);

    serve_clients(work);
    client_log_last(&work->clients.log, last);
    if (atomic_load(&work->clients.log.down) && length < JOURNAL_ERROR)
        snprintf(error + length, JOURNAL_ERROR - length, " (%s)", last);
}

/* Reach the topic, check what is in it, and make its first record. */
static bool reach(struct work *work, struct prepared *prepared,
                  char error[JOURNAL_ERROR])
{
    const struct prepare_topic topic = {
        .producer = work->clients.producer,
        .produced = work->clients.produced,
        .consumer = work->clients.consumer,
        .consumed = work->clients.consumed,
        .brokers = work->options->brokers,
        .has_peers = true, /* only instances need a snapshot */
        .serve = serve_clients,
        .context = work,
    };
    const struct journal_watch watch = {work, has_time};

    work->deadline = clock_us(CLOCK_MONOTONIC) + TOPIC_ADMIN_MS * 1000ULL;
    enum journal_replayed result =
        prepare_run(&topic, NULL, &watch, prepared, error);
    if (result == JOURNAL_INTERRUPTED)
        replica_error(error,
                      "the leader of topic %s does not answer: start "
                      "its brokers",
                      work->options->topic);
    return result == JOURNAL_COMPLETE;
}

bool replica_create_topic(const struct replica_options *options,
                          struct replica_topic *topic,
                          char error[JOURNAL_ERROR])
{
    struct work work;
    struct prepared prepared;

    if (!begin_work(&work, options, error))
        return false;
    struct topic_admin admin = admin_of(&work);
    bool done = topic_admin_create(&admin, topic, error) &&
                topic_admin_check(&admin, topic, error) &&
                reach(&work, &prepared, error);
    if (!done)
        explain(&work, error);
    clients_close(&work.clients);
    return done;
}

/* What the instances have, together. */
struct fleet {
    uint64_t history, lowest;
    struct text lowest_peer;
};

/* Whether one of them lets records be deleted. */
static bool ask_peer(struct text peer, const struct replica_options *options,
                     struct fleet *fleet, char error[JOURNAL_ERROR])
{
    const struct peer_access access = {options->peer_token, options->ca_file};
    const char *topic = options->topic;
    struct peer_health health;
    int length = (int)peer.length;

    if (!peer_ask_health(peer, &access, &health, error))
        return false;
    if (health.topic[0] == '\0') {
        replica_error(error, "%.*s: has no topic, so it is no instance of %s",
                      length, peer.data, topic);
        return false;
    }
    if (strcmp(health.topic, topic) != 0) {
        replica_error(error, "%.*s: is an instance of topic %s, not of %s",
                      length, peer.data, health.topic, topic);
        return false;
    }
    if (health.history == 0) {
        replica_error(error,
                      "%.*s: has not recovered its state yet: try "
                      "again when it is ready",
                      length, peer.data);
        return false;
    }
    if (!health.has_snapshot) {
        replica_error(error,
                      "%.*s: has no snapshot yet: get %.*s/snapshot, "
                      "which takes one, and try again",
                      length, peer.data, length, peer.data);
        return false;
    }
    if (fleet->history != 0 && health.history != fleet->history) {
        replica_error(error,
                      "%.*s: is of another topic %s than the instances "
                      "before it, on other brokers",
                      length, peer.data, topic);
        return false;
    }
    fleet->history = health.history;
    if (fleet->lowest_peer.data == NULL || health.snapshot < fleet->lowest) {
        fleet->lowest = health.snapshot;
        fleet->lowest_peer = peer;
    }
    return true;
}

/*
 * The topic is that of the instances, as far as it can tell: its first record,
 * which has the history, is gone once it was trimmed.
 */
static bool is_theirs(const struct prepared *prepared,
                      const struct fleet *fleet, const char *topic,
                      char error[JOURNAL_ERROR])
{
    if ((prepared->id == 0 || prepared->id == fleet->history) &&
        fleet->lowest < prepared->end)
        return true;
    replica_error(error,
                  "topic %s on these brokers is not that of the "
                  "instances: check -kafka and -peer",
                  topic);
    return false;
}

bool replica_trim_topic(const struct replica_options *options,
                        struct replica_trim *trim, char error[JOURNAL_ERROR])
{
    struct fleet fleet = {.lowest_peer = {NULL, 0}};
    struct text rest = text_of(options->peers);
    struct prepared prepared;
    struct work work;

    while (rest.data != NULL)
        if (!ask_peer(text_split(&rest, ','), options, &fleet, error))
            return false;
    if (!begin_work(&work, options, error))
        return false;
    struct topic_admin admin = admin_of(&work);
    bool done = reach(&work, &prepared, error) &&
                is_theirs(&prepared, &fleet, options->topic, error);
    if (done) {
        trim->lowest = fleet.lowest_peer.data;
        trim->first = trim->before = prepared.low;
        /* The record at the position stays: a snapshot is checked by it. */
        if (fleet.lowest > prepared.low)
            done =
                topic_admin_delete(&admin, fleet.lowest, &trim->first, error);
    }
    if (!done)
        explain(&work, error);
    clients_close(&work.clients);
    return done;
}
