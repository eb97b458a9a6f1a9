/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `rockets launch` sends the messages of a fleet of rockets to a service. With
 * --verify it then compares the rockets of the service with the expected
 * state. `rockets watch` (watch.c) shows a fleet. This file wires the parts,
 * handles signals and sets the exit status.
 */
#include <curl/curl.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "console.h"
#include "expected.h"
#include "options.h"
#include "plan.h"
#include "report.h"
#include "sender.h"
#include "traffic.h"
#include "transport.h"
#include "verify.h"
#include "watch.h"
#include "watch_url.h"

enum {
    EXIT_USAGE = 2,
    EXIT_INTERRUPTED = 128 + SIGINT,
    /* As in `rockets help`: with more, a service may give up gaps. */
    MAX_SHUFFLE = 30000,
};

/* Lock-free, so that a signal handler may set it (C17 section 7.14.1.1). */
static atomic_bool interrupted;

static void on_signal(int number)
{
    (void)number;
    atomic_store(&interrupted, true);
}

/*
 * The first signal stops the sender or --verify, and the report follows. The
 * second one has its default effect and ends the program at once.
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

static void print_group(const char *name, size_t rockets, const char *text)
{
    char count[REPORT_COUNT_SIZE];

    if (rockets > 0)
        printf("%-11s %s rocket%s %s\n", name, report_count(rockets, count),
               report_plural(rockets), text);
}

/*
 * What the differences mean. A service that was restarted has lost messages,
 * unless it keeps them; one that was not before this run has messages of an
 * earlier one.
 */
static void print_advice(const struct verify_result *result, uint32_t shuffle)
{
    print_group("lost", result->lost,
                shuffle > MAX_SHUFFLE
                    ? "without messages that the service acknowledged: was it "
                      "restarted without -data, or is --shuffle too large?"
                    : "without messages that the service acknowledged: was it "
                      "restarted without -data?");
    print_group("extra", result->extra,
                "with messages of an earlier run: restart the service, without "
                "-data or with another folder, before --verify, or use another "
                "--seed");
    print_group("changed", result->changed,
                "with the right numbers but other contents: after an earlier "
                "run with other flags, restart the service, without -data or "
                "with another folder, or use another --seed; else it is an "
                "error of the service");
    print_group("unread", result->unread, "that could not be read");
}

static int report_verified(const struct verify_result *result,
                           const struct options *options)
{
    char count[REPORT_COUNT_SIZE];

    printf("verified    %s ", report_count(result->compared, count));
    if (result->compared < result->rockets)
        printf("of %s ", report_count(result->rockets, count));
    printf("rocket%s: ", report_plural(result->rockets));
    if (result->differences == 0)
        puts("no difference");
    else
        printf("%s difference%s\n", report_count(result->differences, count),
               report_plural(result->differences));
    print_advice(result, options->shuffle);
    if (atomic_load(&interrupted))
        return EXIT_INTERRUPTED;
    return result->differences == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

static int verify_service(const struct options *options,
                          const struct traffic *traffic, uint64_t position)
{
    struct expected *expected = expected_new(traffic, options->drop_launch);
    struct verify_options verifying = {
        .messages_url = options->url,
        .access = &options->access,
        .traffic = traffic,
        .expected = expected,
        .after = position,
        .stop = &interrupted,
    };
    struct verify_result result;
    int status = -1;

    if (expected != NULL)
        status = verify_rockets(&result, &verifying);
    free(expected);
    return status == 0 ? report_verified(&result, options)
                       : fail_out_of_memory();
}

static void wait_for_sender(struct sender *sender, const struct plan *plan)
{
    do {
        struct sender_counts counts = sender_counts(sender);

        report_progress(plan, &counts);
        if (atomic_load(&interrupted))
            sender_stop(sender);
    } while (!sender_wait(sender, REPORT_INTERVAL_MS));
    console_progress_end();
}

/*
 * Print the report of a sender whose workers have ended. Returns the exit
 * status, to which --verify may still add a failure.
 */
static int report_result(struct sender *sender, const struct plan *plan)
{
    struct sender_counts counts = sender_counts(sender);

    /* The sender has said why; figures would say no more. */
    if (counts.refused && counts.delivered == 0)
        return EXIT_FAILURE;
    if (report_sent(plan, &counts, sender_latencies(sender)) != 0)
        return fail_out_of_memory();
    if (counts.delivered == plan->count)
        return EXIT_SUCCESS;
    if (atomic_load(&interrupted))
        return EXIT_INTERRUPTED;
    if (counts.refused)
        return EXIT_FAILURE;
    console_line(CONSOLE_ERROR,
                 "gave up on messages that failed for %d s; "
                 "--log-level=debug shows each failure",
                 SENDER_GIVE_UP_MS / 1000);
    return EXIT_FAILURE;
}

/*
 * Sets `*position` to the highest one of a message, 0 if there is none. Returns
 * the exit status.
 */
static int send_plan(const struct options *options,
                     const struct traffic *traffic, const struct plan *plan,
                     uint64_t *position)
{
    struct sender_options sending = {
        .url = options->url,
        .access = &options->access,
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
    *position = sender_counts(sender).position;
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
    uint64_t position = 0;
    int status;

    if (plan_init(&plan, traffic, &planning) != 0)
        return fail_out_of_memory();
    status = send_plan(options, traffic, &plan, &position);
    plan_release(&plan);
    if (status == EXIT_SUCCESS && options->verify)
        status = verify_service(options, traffic, position);
    return status;
}

/*
 * Say where to see the rockets in a browser, if the URL is that of a
 * lunar.service, which is not known. A URL that may have a password in it is
 * not repeated.
 */
static void print_dashboard(const char *url)
{
    size_t base = watch_url_base(url);

    if (strcmp(url + base, "/messages") == 0 && strchr(url, '@') == NULL)
        console_line(CONSOLE_INFO,
                     "lunar.service shows its rockets at %.*s/ in a browser",
                     (int)base, url);
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
    print_dashboard(options->url);
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

static int run_watch(const struct watch_options *options)
{
    int status;

    console_init(CONSOLE_INFO);
    if (!transport_url_is_valid(options->url)) {
        console_line(CONSOLE_ERROR,
                     "'%s': expected a URL, as in http://localhost:8088",
                     options->url);
        return EXIT_USAGE;
    }
    if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
        return EXIT_FAILURE;
    status = watch_run(options);
    curl_global_cleanup();
    return status;
}

/*
 * A report that could not be written must not look like a success, as to a
 * full disk. Returns the exit status.
 */
static int finish_output(int status)
{
    bool failed = ferror(stdout) != 0;

    errno = 0;
    if (fflush(stdout) == 0 && !failed)
        return status;
    fprintf(stderr, "rockets: can't write the output%s%s\n",
            errno != 0 ? ": " : "", errno != 0 ? strerrordesc_np(errno) : "");
    return status == EXIT_SUCCESS ? EXIT_FAILURE : status;
}

/*
 * Open /dev/null for each standard stream that is closed at the start.
 * Otherwise a connection would get the number of the stream, and the service
 * the output. It is opened for reading only, so that output still fails, and
 * finish_output() reports it. False if /dev/null cannot be opened.
 */
static bool fill_streams(void)
{
    int opened = STDIN_FILENO;

    /* open(2) returns the lowest free number. */
    while (opened >= 0 && opened <= STDERR_FILENO)
        opened = open("/dev/null", O_RDONLY | O_CLOEXEC);
    if (opened >= 0)
        close(opened);
    return opened >= 0;
}

int main(int argc, char *argv[])
{
    struct options options;
    char error[512];

    if (!fill_streams()) {
        fputs("rockets: a standard stream is closed, and /dev/null can't be "
              "opened instead\n",
              stderr);
        return EXIT_FAILURE;
    }
    switch (options_read(&options, argc, argv, error, sizeof(error))) {
    case OPTIONS_LAUNCH:
        if (!access_load(&options.access, error, sizeof(error)))
            break;
        return finish_output(run_launch(&options));
    case OPTIONS_WATCH:
        if (!access_load(&options.watch.access, error, sizeof(error)))
            break;
        /* It writes without stdio, and says itself if that fails. */
        return run_watch(&options.watch);
    case OPTIONS_WATCH_HELP:
        options_write_watch_help(stdout);
        return finish_output(EXIT_SUCCESS);
    case OPTIONS_HELP:
        options_write_help(stdout);
        return finish_output(EXIT_SUCCESS);
    case OPTIONS_VERSION:
        puts("rockets " LUNAR_VERSION);
        return finish_output(EXIT_SUCCESS);
    case OPTIONS_INVALID:
        break;
    }
    fprintf(stderr, "rockets: %s\n", error);
    return EXIT_USAGE;
}
