/* SPDX-License-Identifier: Apache-2.0 */
/*
 * All reads use one connection, as long as the service keeps it open. When a
 * read has failed for too long, the service is taken to be down: no other
 * rocket is read.
 */
#include "verify.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "clock.h"
#include "compare.h"
#include "console.h"
#include "health.h"
#include "options.h"
#include "report.h"
#include "sender.h"
#include "transport.h"

/* Reads rockets from the service. */
struct reader {
    const struct verify_options *options;
    struct transport *transport;
    struct health health; /* usable, as it has taken the messages */
    size_t shown;         /* differences printed, or that would have been */
    int64_t progress_due;
    char url[FLAGS_MAX_URL + sizeof("/rockets/") + TRAFFIC_ID_SIZE];
};

static size_t count_sent(const struct verify_options *options)
{
    size_t count = 0;

    for (uint32_t i = 0; i < options->traffic->rocket_count; i++)
        count += options->expected[i].last != NULL;
    return count;
}

static void set_url(struct reader *reader, const char *id)
{
    const char *url = reader->options->messages_url;
    int base = (int)(strlen(url) - strlen("/messages"));

    snprintf(reader->url, sizeof(reader->url), "%.*s/rockets/%s", base, url,
             id);
}

static void log_failure(struct reader *reader, enum transport_result result,
                        const struct transport_failure *failure)
{
    console_line(CONSOLE_DEBUG, "%s: %s", reader->url, failure->cause);
    if (health_failed(&reader->health, result, failure->status, clock_now()) ==
        HEALTH_FAILURE)
        report_retrying(reader->url, failure->cause, failure->advice);
}

/* A signal ends the pause early. */
static void pause_before_retry(void)
{
    struct timespec pause = clock_timespec(SENDER_RETRY_MS * CLOCK_MILLISECOND);

    nanosleep(&pause, NULL);
}

/*
 * Read the rocket at `reader->url`. A refusal is an answer; other failures are
 * returned only when they have lasted for SENDER_GIVE_UP_MS.
 */
static enum transport_result read_rocket(struct reader *reader,
                                         struct transport_failure *failure)
{
    const int64_t give_up = clock_now() + SENDER_GIVE_UP_MS * CLOCK_MILLISECOND;

    for (;;) {
        enum transport_result result;

        health_requested(&reader->health, clock_now());
        result = transport_get(reader->transport, reader->url, failure);
        if (result == TRANSPORT_STOPPED)
            return result;
        if (result == TRANSPORT_DELIVERED || result == TRANSPORT_REFUSED) {
            report_answered(reader->url,
                            health_delivered(&reader->health, clock_now()));
            return result;
        }
        log_failure(reader, result, failure);
        if (clock_now() >= give_up)
            return result;
        pause_before_retry();
    }
}

static void add_comparison(struct verify_result *result,
                           struct comparison comparison)
{
    result->differences += comparison.differences;
    result->lost += comparison.lost;
    result->extra += comparison.extra;
    result->unread += comparison.unreadable;
    result->changed += comparison.differences > 0 && !comparison.lost &&
                       !comparison.extra && !comparison.unreadable;
}

static void add_refusal(struct reader *reader, struct verify_result *result,
                        const char *id, const struct transport_failure *failure)
{
    bool lost = failure->status == 404;

    compare_print(id, &reader->shown,
                  lost ? "not found at %s (%s)" : "can't read %s: %s",
                  reader->url, failure->cause);
    result->differences++;
    result->lost += lost;
    result->unread += !lost;
}

/* Returns false if no other rocket can be read. */
static bool verify_rocket(struct reader *reader, uint32_t index,
                          struct verify_result *result)
{
    const char *id = reader->options->traffic->rockets[index].id;
    struct transport_failure failure;
    struct transport_body body;

    set_url(reader, id);
    switch (read_rocket(reader, &failure)) {
    case TRANSPORT_STOPPED:
        return false;
    case TRANSPORT_DELIVERED:
        body = transport_body(reader->transport);
        add_comparison(result,
                       compare_rocket(id, &reader->options->expected[index],
                                      body.data, body.length, &reader->shown));
        break;
    case TRANSPORT_REFUSED:
        add_refusal(reader, result, id, &failure);
        break;
    default:
        compare_print(id, &reader->shown, "can't read %s: %s, for %d s",
                      reader->url, failure.cause, SENDER_GIVE_UP_MS / 1000);
        result->differences++;
        result->unread += result->rockets - result->compared;
        return false;
    }
    result->compared++;
    return true;
}

static void show_progress(struct reader *reader,
                          const struct verify_result *result)
{
    int64_t now = clock_now();

    if (now < reader->progress_due)
        return;
    reader->progress_due = now + REPORT_INTERVAL_MS * CLOCK_MILLISECOND;
    report_verify_progress(result->compared, result->rockets);
}

int verify_rockets(struct verify_result *result,
                   const struct verify_options *options)
{
    struct transport_options reading = {
        .url = options->messages_url,
        .access = options->access,
        .keep_alive = true,
        .after = options->after,
        .stop = options->stop,
    };
    struct reader reader = {.options = options,
                            .health = {.usable = true},
                            .transport = transport_new(&reading)};
    struct verify_result found = {.rockets = count_sent(options)};
    char more[REPORT_COUNT_SIZE];

    if (reader.transport == NULL)
        return -1;
    for (uint32_t i = 0; i < options->traffic->rocket_count; i++) {
        if (options->expected[i].last == NULL)
            continue;
        show_progress(&reader, &found);
        if (!verify_rocket(&reader, i, &found))
            break;
    }
    console_progress_end();
    if (found.differences > COMPARE_MAX_SHOWN)
        printf("... and %s more\n",
               report_count(found.differences - COMPARE_MAX_SHOWN, more));
    transport_free(reader.transport);
    *result = found;
    return 0;
}
