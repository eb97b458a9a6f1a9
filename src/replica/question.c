/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The thread of a question ends before the caller goes on, so what it writes
 * needs no further lock.
 */
#include "question.h"

#include <pthread.h>
#include <time.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/sync.h"

struct question {
    rd_kafka_resp_err_t (*ask)(void *context);
    void *context;
    pthread_mutex_t lock;
    pthread_cond_t answered;
    /* Guarded by `lock`. */
    bool done;
    rd_kafka_resp_err_t error;
};

void patience_init(struct patience *patience, const struct prepare_topic *topic,
                   const struct journal_watch *watch)
{
    *patience = (struct patience){.topic = topic, .watch = watch};
    patience_renew(patience);
}

void patience_renew(struct patience *patience)
{
    patience->logged = clock_ms(CLOCK_MONOTONIC);
}

static void log_wait(struct patience *patience, const char *what)
{
    const struct prepare_topic *topic = patience->topic;
    char problem[JOURNAL_ERROR] = "";

    if (topic->problem != NULL)
        topic->problem(topic->context, problem);
    log_line(LOG_WARN, "topic %s: waiting for %s from the brokers %s%s%s",
             rd_kafka_topic_name(topic->consumed), what, topic->brokers,
             problem[0] == '\0' ? "" : ": ", problem);
}

bool patience_continue(struct patience *patience, const char *what)
{
    const struct prepare_topic *topic = patience->topic;
    uint64_t now = clock_ms(CLOCK_MONOTONIC);

    if (topic->serve != NULL)
        topic->serve(topic->context);
    if (now - patience->logged >= PREPARE_LOG_MS) {
        patience->logged = now;
        log_wait(patience, what);
    }
    return patience->watch == NULL ||
           patience->watch->report(patience->watch->context,
                                   &patience->progress);
}

bool patience_pause(struct patience *patience, const char *what, unsigned ms)
{
    const struct timespec moment = {0, PREPARE_REPORT_MS * 1000000L};
    uint64_t end = clock_ms(CLOCK_MONOTONIC) + ms;

    do {
        nanosleep(&moment, NULL);
        if (!patience_continue(patience, what))
            return false;
    } while (clock_ms(CLOCK_MONOTONIC) < end);
    return true;
}

static void *run_question(void *context)
{
    struct question *question = context;
    rd_kafka_resp_err_t error = question->ask(question->context);

    sync_lock(&question->lock);
    question->done = true;
    question->error = error;
    sync_signal(&question->answered);
    sync_unlock(&question->lock);
    return NULL;
}

/* Wait for the answer, or for PREPARE_REPORT_MS. True if it is there. */
static bool wait_for_answer(struct question *question)
{
    struct timespec deadline = sync_deadline(PREPARE_REPORT_MS);

    sync_lock(&question->lock);
    while (!question->done &&
           sync_wait_until(&question->answered, &question->lock, &deadline))
        ;
    bool done = question->done;
    sync_unlock(&question->lock);
    return done;
}

bool question_ask(struct patience *patience, const char *what,
                  rd_kafka_resp_err_t (*ask)(void *context), void *context,
                  rd_kafka_resp_err_t *error)
{
    struct question question = {.ask = ask, .context = context};
    pthread_t thread;
    bool goes_on = true;

    *error = RD_KAFKA_RESP_ERR__FAIL;
    sync_mutex_init(&question.lock);
    sync_cond_init(&question.answered);
    if (pthread_create(&thread, NULL, run_question, &question) == 0) {
        while (goes_on && !wait_for_answer(&question))
            goes_on = patience_continue(patience, what);
        sync_join(thread);
        *error = question.error;
    }
    pthread_cond_destroy(&question.answered);
    pthread_mutex_destroy(&question.lock);
    return goes_on;
}
