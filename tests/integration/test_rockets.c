/* SPDX-License-Identifier: Apache-2.0 */
/*
 * End-to-end test: the test program `rockets` (named by the environment
 * variable LUNAR_ROCKETS) against a new service. The service must accept every
 * message at the first attempt and have the exact state of every rocket
 * afterwards. LUNAR_ROCKETS_MESSAGES is the number of messages.
 */
#include "lib/harness.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    MAX_FLAGS = 8,
    /* Milliseconds: a bound for 100,000 messages on a busy machine. */
    PATIENCE = 5 * 60 * 1000,
};

#define FLAGS(...) ((const char *const[]){__VA_ARGS__, NULL})

static void fill_arguments(const char *arguments[], const char *url,
                           const char *messages, const char *const flags[])
{
    size_t count = 0;

    arguments[count++] = process_setting("LUNAR_ROCKETS");
    arguments[count++] = "launch";
    arguments[count++] = url;
    arguments[count++] = messages;
    for (; flags != NULL && *flags != NULL; flags++) {
        assert_in_range(count, 0, MAX_FLAGS + 3);
        arguments[count++] = *flags;
    }
    arguments[count] = NULL;
}

/* Expect that it exits with 0, without a retry and without a difference. */
static void expect_success(struct process *rockets)
{
    char *output = process_output(rockets, PATIENCE);

    if (output == NULL) {
        fail_msg("rockets did not end in time");
        return;
    }
    int status = process_wait(rockets, INSTANCE_PATIENCE);
    char *errors = process_errors(rockets);
    if (status != 0)
        print_error("%s%s", output, errors);
    assert_int_equal(status, 0);
    assert_non_null(strstr(output, "retries     0\n"));
    assert_non_null(strstr(output, "no difference"));
    assert_null(strstr(output, "undelivered"));
    free(output);
    free(errors);
}

/* Send LUNAR_ROCKETS_MESSAGES / `share` messages and verify the rockets. */
static void launch_rockets(unsigned long share,
                           const char *const service_flags[],
                           const char *const flags[])
{
    const char *arguments[MAX_FLAGS + 5];
    struct instance instance;
    struct process rockets;
    char url[64];
    char messages[64];

    instance_start(&instance, service_flags);
    snprintf(url, sizeof(url), "http://localhost:%u/messages", instance.port);
    snprintf(messages, sizeof(messages), "--max-messages=%lu",
             strtoul(process_setting("LUNAR_ROCKETS_MESSAGES"), NULL, 10) /
                 share);
    fill_arguments(arguments, url, messages, flags);
    process_start(&rockets, arguments, NULL);
    expect_success(&rockets);
    process_release(&rockets);
    instance_stop(&instance);
}

static void all_messages_arrive_with_the_defaults(void **state)
{
    (void)state;
    launch_rockets(1, NULL, FLAGS("--verify"));
}

static void order_and_repeats_do_not_matter(void **state)
{
    (void)state;
    launch_rockets(1, NULL,
                   FLAGS("--verify", "--shuffle=500", "--duplicates=0.2"));
}

static void rockets_without_a_launch_are_tracked(void **state)
{
    (void)state;
    launch_rockets(5, NULL,
                   FLAGS("--verify", "--drop-launch", "--shuffle=500"));
}

static void all_messages_arrive_over_kept_connections(void **state)
{
    (void)state;
    launch_rockets(5, NULL,
                   FLAGS("--verify", "--keep-alive", "--concurrency-level=16"));
}

static void all_messages_arrive_with_a_thread_per_connection(void **state)
{
    (void)state;
    launch_rockets(5, FLAGS("-threads=per-connection"), FLAGS("--verify"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_messages_arrive_with_the_defaults),
        cmocka_unit_test(order_and_repeats_do_not_matter),
        cmocka_unit_test(rockets_without_a_launch_are_tracked),
        cmocka_unit_test(all_messages_arrive_over_kept_connections),
        cmocka_unit_test(all_messages_arrive_with_a_thread_per_connection),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
