/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reads from the running service while allocations fail: each response is
 * correct and complete, or recognisably an error.
 */
#include "lib/harness.h"

#include <stdlib.h>

#include "../fault/attempt.h"

enum {
    FEW = 20, /* rockets: the list is made on the event loop */
    /* rockets: a deferred response, made by a worker and streamed */
    MANY = 300,
};

static int64_t check_read(struct faulty *faulty, const void *context,
                          const struct attempt_mode *mode, int64_t left)
{
    const char *target = context;
    struct response expected;
    char *text = attempt_get(target);

    instance_get(&faulty->instance, target, &expected);
    struct attempt attempt = {.text = text,
                              .status = expected.status,
                              .streamed = expected.framing == RESPONSE_CHUNKED};
    attempt_make(faulty, mode, left, &attempt);
    /* An error response may lack its body. */
    if (attempt_is_right(&attempt) &&
        (expected.status == 200 || attempt.response.body_length > 0))
        response_expect_body(&attempt.response, expected.body);
    attempt_release(&attempt);
    response_release(&expected);
    free(text);
    return attempt.failed;
}

static const char *const targets[] = {
    "/rockets",
    "/rockets?sort=mission",
    "/rockets?limit=3&sort=type",
    "/rockets?status=exploded",
    "/rockets/rocket-000007",
    "/rockets/nobody",
};

static void check_reads(size_t rockets)
{
    struct faulty faulty;

    assert_true(faulty_start(&faulty, NULL, NULL, NULL));
    fleet_launch(&faulty.instance, rockets, 0);
    for (size_t i = 0; i < sizeof(targets) / sizeof(targets[0]); i++)
        attempt_each(&faulty, targets[i], check_read);
    faulty_stop(&faulty);
}

static void reads_are_complete_or_refused(void **state)
{
    (void)state;
    check_reads(FEW);
}

static void long_reads_are_complete_or_truncated_or_refused(void **state)
{
    (void)state;
    check_reads(MANY);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_are_complete_or_refused),
        cmocka_unit_test(long_reads_are_complete_or_truncated_or_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
