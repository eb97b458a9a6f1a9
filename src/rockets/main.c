/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `rockets` sends the messages of a fleet of rockets to a service. With
 * --verify it then compares the rockets of the service with the expected
 * state. This file wires the parts, handles signals and sets the exit status.
 */
#include <curl/curl.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "console.h"
#include "expected.h"
#include "options.h"
#include "plan.h"
#include "report.h"
#include "sender.h"
#include "traffic.h"
#include "transport.h"
#include "verify.h"

enum {
    EXIT_USAGE = 2,
    EXIT_INTERRUPTED = 128 + SIGINT,
    PROGRESS_INTERVAL_MS = 100,
};

static volatile sig_atomic_t interrupted;

static void on_signal(int number)
{
    (void)number;
    interrupted = 1;
}

/*
 * The first signal stops the sender, and the report follows. The second one
 * has its default effect and ends the program at once.
 */
static void handle_signals(void)
{
    struct sigaction stop = {.sa_handler = on_signal,
                             .sa_flags = (int)SA_RESETHAND};
    struct sigaction ignore = {.sa_handler = SIG_IGN};

    sigaction(SIGINT, &stop, NULL);
    sigaction(SIGTERM, &stop, NULL);
    sigaction(SIGPIPE, &ignore, NULL);
}

static int fail_out_of_memory(void)
{
    console_line(CONSOLE_ERROR,
                 "out of memory; a lower --max-messages needs less");
    return EXIT_FAILURE;
}

static int verify_service(const struct options *options,
                          const struct traffic *traffic)
{
    struct expected *expected = expected_new(traffic, options->drop_launch);
    struct verify_result result;
    int status = -1;

    if (expected != NULL)
        status = verify_rockets(&result, options->url, traffic, expected);
    free(expected);
    if (status != 0)
        return fail_out_of_memory();
    if (result.differences == 0) {
        printf("verified    %zu rockets: no difference\n", result.rockets);
        return EXIT_SUCCESS;
    }
    printf("verified    %zu rockets: %zu differences (messages of earlier "
           "runs count too: restart the service before --verify)\n",
           result.rockets, result.differences);
    return EXIT_FAILURE;
}

static void wait_for_sender(struct sender *sender, const struct plan *plan)
{
    while (!sender_wait(sender, PROGRESS_INTERVAL_MS)) {
        struct sender_counts counts = sender_counts(sender);

        report_progress(plan, &counts);
        if (interrupted)
            sender_stop(sender);
    }
    console_progress_end();
}

/*
 * Print the report of a sender whose workers have ended. Returns the exit
 * status, to which --verify may still add a failure.
 */
static int report_result(struct sender *sender, const struct plan *plan)
{
    struct sender_counts counts = sender_counts(sender);

    if (report_sent(plan, &counts, sender_latencies(sender)) != 0)
        return fail_out_of_memory();
    if (interrupted)
        return EXIT_INTERRUPTED;
    if (counts.delivered == plan->count)
        return EXIT_SUCCESS;
    console_line(CONSOLE_ERROR,
                 "gave up on messages that failed for %d s; "
                 "--log-level=debug shows each failure",
                 SENDER_GIVE_UP_MS / 1000);
    return EXIT_FAILURE;
}

static int send_plan(const struct options *options,
                     const struct traffic *traffic, const struct plan *plan)
{
    struct sender_options sending = {
        .url = options->url,
        .traffic = traffic,
        .plan = plan,
        .workers = options->concurrency_level,
        .message_delay = options->message_delay,
        .keep_alive = options->keep_alive,
    };
    struct sender *sender = sender_start(&sending);
    int status;

    if (sender == NULL) {
        console_line(CONSOLE_ERROR,
                     "can't start the workers (%s); try a lower "
                     "--concurrency-level",
                     strerrordesc_np(errno));
        return EXIT_FAILURE;
    }
    wait_for_sender(sender, plan);
    status = report_result(sender, plan);
    sender_free(sender);
    return status;
}

static int launch_traffic(const struct options *options,
                          const struct traffic *traffic)
{
    struct plan_options planning = {
        .seed = options->seed,
        .shuffle = options->shuffle,
        .duplicates = options->duplicates,
        .drop_launch = options->drop_launch,
    };
    struct plan plan;
    int status;

    if (plan_init(&plan, traffic, &planning) != 0)
        return fail_out_of_memory();
    status = send_plan(options, traffic, &plan);
    plan_release(&plan);
    if (status == EXIT_SUCCESS && options->verify)
        status = verify_service(options, traffic);
    return status;
}

static int launch(const struct options *options)
{
    struct traffic_options generation = {
        .seed = options->seed,
        .rockets = options->rockets,
        .messages = options->max_messages,
    };
    struct traffic traffic;
    int status;

    console_init(options->log_level);
    if (!transport_url_is_valid(options->url)) {
        console_line(CONSOLE_ERROR,
                     "'%s': expected a URL, as in "
                     "http://localhost:8088/messages",
                     options->url);
        return EXIT_USAGE;
    }
    if (traffic_init(&traffic, &generation) != 0)
        return fail_out_of_memory();
    handle_signals();
    status = launch_traffic(options, &traffic);
    traffic_release(&traffic);
    return status;
}

static int run_launch(const struct options *options)
{
    int status;

    if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
        return fail_out_of_memory();
    status = launch(options);
    curl_global_cleanup();
    return status;
}

int main(int argc, char *argv[])
{
    struct options options;
    char error[512];

    switch (options_read(&options, argc, argv, error, sizeof(error))) {
    case OPTIONS_LAUNCH:
        return run_launch(&options);
    case OPTIONS_HELP:
        fputs(options_help(), stdout);
        return EXIT_SUCCESS;
    case OPTIONS_VERSION:
        puts("rockets " LUNAR_VERSION);
        return EXIT_SUCCESS;
    case OPTIONS_INVALID:
        break;
    }
    fprintf(stderr, "rockets: %s\n", error);
    return EXIT_USAGE;
}
