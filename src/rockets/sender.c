/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Under one lock, a worker takes a failed message that is due, or else the
 * next new message. A worker ends when no new message is left and the retry
 * queue is empty. Another worker may then still send a message; if that
 * fails, that worker retries it.
 */
#include "sender.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "clock.h"
#include "console.h"
#include "health.h"
#include "report.h"
#include "retry_queue.h"
#include "sockets.h"
#include "transport.h"

struct sender {
    /* Set at start, then read-only. */
    struct sender_options options;
    pthread_t *threads;
    struct transport **transports; /* one per worker */
    uint32_t thread_count;
    int64_t started;

    atomic_bool stop; /* set under `lock`, read without it */
    atomic_uint next_worker;

    /* Only the worker that has the delivery writes its element. */
    uint32_t *latencies;

    pthread_mutex_t lock;
    pthread_cond_t wake; /* `stop` was set, or no new message is left */
    pthread_cond_t done; /* `running` is 0 */

    /* Guarded by `lock`. */
    struct retry_queue waiting;
    size_t next; /* index into the plan's order of the next new message */
    size_t delivered;
    size_t retries;
    uint64_t position;      /* highest one in a response, 0: none */
    int64_t last_delivered; /* before the first delivery: `started` */
    int64_t ended;
    uint32_t running;
    bool refused;
    struct health health;
};

/* Sleep until `due`, or until `wake` is signalled. */
static void sleep_until_locked(struct sender *sender, int64_t due)
{
    struct timespec until = clock_timespec(due);

    pthread_cond_timedwait(&sender->wake, &sender->lock, &until);
}

static void stop_locked(struct sender *sender)
{
    atomic_store(&sender->stop, true);
    pthread_cond_broadcast(&sender->wake);
}

static bool has_new_locked(const struct sender *sender)
{
    return sender->next < sender->options.plan->count;
}

static void pause_after_message(struct sender *sender)
{
    int64_t due = clock_now() + sender->options.message_delay;

    if (sender->options.message_delay == 0)
        return;
    pthread_mutex_lock(&sender->lock);
    while (!atomic_load(&sender->stop) && has_new_locked(sender) &&
           clock_now() < due)
        sleep_until_locked(sender, due);
    pthread_mutex_unlock(&sender->lock);
}

static bool take_delivery_locked(struct sender *sender,
                                 struct delivery *delivery)
{
    while (!atomic_load(&sender->stop)) {
        const struct delivery *first = retry_queue_first(&sender->waiting);

        if (first != NULL && first->due <= clock_now()) {
            *delivery = retry_queue_pop(&sender->waiting);
            sender->retries++;
            return true;
        }
        if (has_new_locked(sender) &&
            sender->waiting.count < SENDER_MAX_WAITING) {
            *delivery = (struct delivery){.index = sender->next++};
            if (!has_new_locked(sender))
                pthread_cond_broadcast(&sender->wake);
            return true;
        }
        if (first == NULL)
            return false;
        sleep_until_locked(sender, first->due);
    }
    return false;
}

/* Wait for the next delivery. False if none is left, or at a stop. */
static bool take_delivery(struct sender *sender, struct delivery *delivery)
{
    bool taken;

    pthread_mutex_lock(&sender->lock);
    taken = take_delivery_locked(sender, delivery);
    if (taken)
        health_requested(&sender->health, clock_now());
    pthread_mutex_unlock(&sender->lock);
    return taken;
}

static void record_delivered(struct sender *sender,
                             const struct delivery *delivery, int64_t began,
                             uint64_t position)
{
    int64_t now = clock_now();
    int64_t outage;

    sender->latencies[delivery->index] = (uint32_t)((now - began) / 1000);
    pthread_mutex_lock(&sender->lock);
    sender->delivered++;
    if (position > sender->position)
        sender->position = position;
    sender->last_delivered = now;
    outage = health_delivered(&sender->health, now);
    pthread_mutex_unlock(&sender->lock);
    report_answered(sender->options.url, outage);
}

/* Queue a retry, give up on the message, or stop. */
static enum health_report record_failed_locked(struct sender *sender,
                                               struct delivery *delivery,
                                               enum transport_result result,
                                               long status)
{
    const int64_t give_up = SENDER_GIVE_UP_MS * CLOCK_MILLISECOND;
    int64_t now = clock_now();
    enum health_report report =
        health_failed(&sender->health, result, status, now);

    if (delivery->first_failed == 0)
        delivery->first_failed = now;
    delivery->due = now + SENDER_RETRY_MS * CLOCK_MILLISECOND;
    if (now - delivery->first_failed < give_up)
        retry_queue_push(&sender->waiting, delivery);
    else if (now - sender->last_delivered >= give_up)
        stop_locked(sender);
    if (report == HEALTH_REFUSED) {
        sender->refused = true;
        stop_locked(sender);
    }
    return report;
}

static void record_failed(struct sender *sender, struct delivery *delivery,
                          enum transport_result result,
                          const struct transport_failure *failure)
{
    const char *url = sender->options.url;
    size_t number = delivery->index + 1;
    enum health_report report;

    pthread_mutex_lock(&sender->lock);
    report = record_failed_locked(sender, delivery, result, failure->status);
    pthread_mutex_unlock(&sender->lock);
    console_line(CONSOLE_DEBUG, "message %zu of %zu failed: %s: %s", number,
                 sender->options.plan->count, url, failure->cause);
    /* The advice on a refusal is for a URL that is wrong; this one is not. */
    if (report == HEALTH_FAILURE)
        report_retrying(url, failure->cause,
                        result == TRANSPORT_REFUSED ? "" : failure->advice);
    if (report == HEALTH_REFUSED) {
        console_line(CONSOLE_ERROR, "%s: %s", url, failure->cause);
        console_line(CONSOLE_ERROR,
                     "stopped, as another attempt would get the same reply. %s",
                     failure->advice);
    }
}

static void send_delivery(struct sender *sender, struct transport *transport,
                          struct delivery *delivery)
{
    const struct traffic *traffic = sender->options.traffic;
    uint32_t message = sender->options.plan->order[delivery->index];
    char text[TRAFFIC_TEXT_SIZE];
    struct transport_failure failure;
    size_t length = traffic_render(traffic, &traffic->messages[message], text);
    int64_t began = clock_now();
    enum transport_result result =
        transport_post(transport, text, length, &failure);

    if (result == TRANSPORT_DELIVERED)
        record_delivered(sender, delivery, began,
                         transport_position(transport));
    else if (result != TRANSPORT_STOPPED)
        record_failed(sender, delivery, result, &failure);
}

static void *run_worker(void *context)
{
    struct sender *sender = context;
    unsigned self = atomic_fetch_add(&sender->next_worker, 1);
    struct delivery delivery;

    while (take_delivery(sender, &delivery)) {
        send_delivery(sender, sender->transports[self], &delivery);
        pause_after_message(sender);
    }
    pthread_mutex_lock(&sender->lock);
    if (--sender->running == 0) {
        sender->ended = clock_now();
        pthread_cond_signal(&sender->done);
    }
    pthread_mutex_unlock(&sender->lock);
    return NULL;
}

/* The condition variables wait by the clock of clock_now(). */
static void init_locks(struct sender *sender)
{
    pthread_condattr_t monotonic;

    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_mutex_init(&sender->lock, NULL);
    pthread_cond_init(&sender->wake, &monotonic);
    pthread_cond_init(&sender->done, &monotonic);
    pthread_condattr_destroy(&monotonic);
}

static int make_transports(struct sender *sender)
{
    const struct sender_options *options = &sender->options;
    struct transport_options each = {
        .url = options->url,
        .access = options->access,
        .keep_alive = options->keep_alive,
        .max_open = sockets_room(options->workers),
        .stop = &sender->stop,
    };

    for (uint32_t i = 0; i < options->workers; i++) {
        sender->transports[i] = transport_new(&each);
        if (sender->transports[i] == NULL)
            return -1;
    }
    return 0;
}

static int allocate_sender(struct sender *sender)
{
    uint32_t workers = sender->options.workers;
    size_t count = sender->options.plan->count;

    /* When the queue is at its maximum, each worker may add one failure. */
    if (retry_queue_init(&sender->waiting, SENDER_MAX_WAITING + workers) != 0)
        return -1;
    sender->threads = calloc(workers, sizeof(*sender->threads));
    sender->transports = calloc(workers, sizeof(struct transport *));
    /* + 1: an empty plan is valid, and calloc(0) may return NULL. */
    sender->latencies = calloc(count + 1, sizeof(*sender->latencies));
    if (sender->threads == NULL || sender->transports == NULL ||
        sender->latencies == NULL)
        return -1;
    for (size_t i = 0; i < count; i++)
        sender->latencies[i] = SENDER_UNDELIVERED;
    return make_transports(sender);
}

/*
 * pthread_create(3) makes all writes before it visible to the worker. A
 * worker that ends at once must not decrement `running` before it is set;
 * the lock prevents that.
 */
static int start_threads(struct sender *sender)
{
    int error = 0;

    pthread_mutex_lock(&sender->lock);
    sender->started = clock_now();
    sender->last_delivered = sender->started;
    while (error == 0 && sender->thread_count < sender->options.workers) {
        error = pthread_create(&sender->threads[sender->thread_count], NULL,
                               run_worker, sender);
        if (error == 0)
            sender->thread_count++;
    }
    sender->running = sender->thread_count;
    pthread_mutex_unlock(&sender->lock);
    return error;
}

struct sender *sender_start(const struct sender_options *options)
{
    struct sender *sender = calloc(1, sizeof(*sender));
    int error;

    if (sender == NULL)
        return NULL;
    sender->options = *options;
    sender->health = health_start(options->workers, options->plan->count);
    init_locks(sender);
    error = allocate_sender(sender) == 0 ? start_threads(sender) : ENOMEM;
    if (error != 0) {
        sender_free(sender);
        errno = error;
        return NULL;
    }
    return sender;
}

bool sender_wait(struct sender *sender, int milliseconds)
{
    struct timespec until =
        clock_timespec(clock_now() + milliseconds * CLOCK_MILLISECOND);
    int error = 0;
    bool done;

    pthread_mutex_lock(&sender->lock);
    while (sender->running > 0 && error == 0)
        error = pthread_cond_timedwait(&sender->done, &sender->lock, &until);
    done = sender->running == 0;
    pthread_mutex_unlock(&sender->lock);
    return done;
}

void sender_stop(struct sender *sender)
{
    pthread_mutex_lock(&sender->lock);
    stop_locked(sender);
    pthread_mutex_unlock(&sender->lock);
}

struct sender_counts sender_counts(struct sender *sender)
{
    struct sender_counts counts;
    int64_t outage;
    int64_t end;

    pthread_mutex_lock(&sender->lock);
    end = sender->running == 0 ? sender->ended : clock_now();
    outage = health_outage(&sender->health, end);
    counts = (struct sender_counts){
        .delivered = sender->delivered,
        .retries = sender->retries,
        .position = sender->position,
        .waiting = sender->waiting.count,
        .seconds = (double)(end - sender->started) / (double)CLOCK_SECOND,
        .outage = (double)outage / (double)CLOCK_SECOND,
        .status = sender->health.status,
        .refused = sender->refused,
    };
    pthread_mutex_unlock(&sender->lock);
    return counts;
}

const uint32_t *sender_latencies(const struct sender *sender)
{
    return sender->latencies;
}

void sender_free(struct sender *sender)
{
    if (sender == NULL)
        return;
    sender_stop(sender);
    for (uint32_t i = 0; i < sender->thread_count; i++)
        pthread_join(sender->threads[i], NULL);
    if (sender->transports != NULL)
        for (uint32_t i = 0; i < sender->options.workers; i++)
            transport_free(sender->transports[i]);
    pthread_cond_destroy(&sender->done);
    pthread_cond_destroy(&sender->wake);
    pthread_mutex_destroy(&sender->lock);
    retry_queue_release(&sender->waiting);
    free(sender->transports);
    free(sender->threads);
    free(sender->latencies);
    free(sender);
}
