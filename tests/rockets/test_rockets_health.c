/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What `rockets` takes from the replies of the service: refusals of all
 * messages, and outages. Times are in milliseconds here.
 */
#include "lib/unit_check.h"

#include "clock.h"
#include "health.h"

enum { MAX_STEPS = 16 };

#define OK TRANSPORT_DELIVERED

/* One reply, to a request that began at `began`. */
struct step {
    int64_t began, ended;
    enum transport_result result;
    long status;
    /* What it must give. */
    enum health_report report;
    int64_t outage; /* of a delivery: how long the outage was */
};

static void check_step(struct health *health, const struct step *step,
                       size_t number)
{
    int64_t outage = 0;
    enum health_report report = HEALTH_QUIET;

    if (step->result == OK)
        outage = health_delivered(health, step->ended * CLOCK_MILLISECOND);
    else
        report = health_failed(health, step->result, step->status,
                               step->ended * CLOCK_MILLISECOND);
    if (report != step->report || outage != step->outage * CLOCK_MILLISECOND)
        fail_msg("step %zu: report %d, outage %lld ms", number, (int)report,
                 (long long)(outage / CLOCK_MILLISECOND));
}

/* One request at a time. */
static void run_steps(struct health health, const struct step steps[])
{
    for (size_t i = 0; steps[i].ended != 0; i++) {
        health_requested(&health, steps[i].began * CLOCK_MILLISECOND);
        check_step(&health, &steps[i], i);
    }
}

#define REFUSED(time, report)                                                  \
    {                                                                          \
        time, (time) + 1, TRANSPORT_REFUSED, 404, report, 0                    \
    }
#define UNTRUSTED(time, report)                                                \
    {                                                                          \
        time, (time) + 1, TRANSPORT_UNTRUSTED, 0, report, 0                    \
    }
#define UNAVAILABLE(time, report)                                              \
    {                                                                          \
        time, (time) + 1, TRANSPORT_BAD_STATUS, 503, report, 0                 \
    }
#define UNREACHED(time, report)                                                \
    {                                                                          \
        time, (time) + 1, TRANSPORT_NO_CONNECTION, 0, report, 0                \
    }
#define DELIVERED(time, outage)                                                \
    {                                                                          \
        time, (time) + 1, OK, 0, HEALTH_QUIET, outage                          \
    }

static void a_service_that_refuses_the_first_messages_refuses_all(void **state)
{
    static const struct {
        size_t workers, messages;
        struct step steps[MAX_STEPS];
    } RUNS[] = {
        /* Three replies decide, or one of each worker, or to each message. */
        {3,
         100,
         {REFUSED(1, HEALTH_QUIET), REFUSED(2, HEALTH_QUIET),
          REFUSED(3, HEALTH_REFUSED), REFUSED(4, HEALTH_QUIET)}},
        {1000,
         1000000,
         {REFUSED(1, HEALTH_QUIET), REFUSED(2, HEALTH_QUIET),
          REFUSED(3, HEALTH_REFUSED)}},
        {1, 100, {REFUSED(1, HEALTH_REFUSED)}},
        {2, 100, {REFUSED(1, HEALTH_QUIET), REFUSED(2, HEALTH_REFUSED)}},
        {3, 1, {REFUSED(1, HEALTH_REFUSED)}},
        /* No certificate that is trusted: the same. */
        {1, 100, {UNTRUSTED(1, HEALTH_REFUSED)}},
        {3,
         100,
         {UNREACHED(1, HEALTH_FAILURE), UNTRUSTED(2, HEALTH_QUIET),
          UNTRUSTED(3, HEALTH_QUIET), UNTRUSTED(4, HEALTH_REFUSED)}},
        {3,
         100,
         {DELIVERED(1, 0), UNTRUSTED(2, HEALTH_FAILURE),
          UNTRUSTED(3, HEALTH_QUIET)}},
        /* No response is no reply. */
        {3,
         100,
         {UNREACHED(1, HEALTH_FAILURE), REFUSED(2, HEALTH_QUIET),
          UNREACHED(3, HEALTH_QUIET), REFUSED(4, HEALTH_QUIET),
          REFUSED(5, HEALTH_REFUSED)}},
        /* Any other reply shows that it is the right service. */
        {3,
         100,
         {REFUSED(1, HEALTH_QUIET), REFUSED(2, HEALTH_QUIET), DELIVERED(3, 0),
          REFUSED(4, HEALTH_FAILURE), REFUSED(5, HEALTH_QUIET),
          REFUSED(6, HEALTH_QUIET)}},
        {1,
         100,
         {UNAVAILABLE(1, HEALTH_FAILURE), REFUSED(2, HEALTH_FAILURE),
          REFUSED(3, HEALTH_QUIET)}},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(RUNS); i++)
        run_steps(health_start(RUNS[i].workers, RUNS[i].messages),
                  RUNS[i].steps);
}

static void an_outage_is_reported_at_its_start_and_at_its_end(void **state)
{
    static const struct step RUNS[][MAX_STEPS] = {
        /* The end is reported once, not for each message that had failed. */
        {DELIVERED(1, 0), UNREACHED(10, HEALTH_FAILURE),
         UNREACHED(510, HEALTH_QUIET), UNREACHED(1510, HEALTH_QUIET),
         DELIVERED(2009, 2000), DELIVERED(2011, 0)},
        /* A short one has no end, and the next one is reported anew. */
        {UNAVAILABLE(1, HEALTH_FAILURE), DELIVERED(600, 0),
         UNAVAILABLE(700, HEALTH_QUIET), UNAVAILABLE(1200, HEALTH_QUIET),
         UNAVAILABLE(1699, HEALTH_FAILURE), UNAVAILABLE(2200, HEALTH_QUIET),
         DELIVERED(2699, 2000)},
        /* A slow reply is no outage. */
        {DELIVERED(1, 0),
         {10, 5010, OK, 0, HEALTH_QUIET, 0},
         DELIVERED(5020, 0)},
        /* Several kinds of failures are one outage. */
        {UNREACHED(1, HEALTH_FAILURE), UNAVAILABLE(501, HEALTH_FAILURE),
         UNREACHED(1001, HEALTH_QUIET), DELIVERED(1500, 1500)},
        /* The time begins with the request that got no response. */
        {DELIVERED(1, 0),
         {10, 10010, TRANSPORT_TIMED_OUT, 0, HEALTH_FAILURE, 0},
         {10510, 11010, OK, 0, HEALTH_QUIET, 11000}},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(RUNS); i++)
        run_steps(health_start(3, 1000), RUNS[i]);
}

static int64_t outage_at(const struct health *health, int64_t time)
{
    return health_outage(health, time * CLOCK_MILLISECOND) / CLOCK_MILLISECOND;
}

static void an_outage_lasts_while_requests_have_no_success(void **state)
{
    struct health health = health_start(2, 100);
    static const struct step UNAVAILABLE_LATER =
        UNAVAILABLE(1500, HEALTH_FAILURE);

    (void)state;
    assert_int_equal(outage_at(&health, 5000), 0);
    health_requested(&health, 100 * CLOCK_MILLISECOND);
    health_requested(&health, 200 * CLOCK_MILLISECOND);
    assert_int_equal(outage_at(&health, 1099), 0);
    assert_int_equal(outage_at(&health, 1100), 1000);
    check_step(&health, &UNAVAILABLE_LATER, 0);
    assert_int_equal(outage_at(&health, 1600), 1500);
    assert_int_equal(health.status, 503);
    /* The other request is answered: the outage is over. */
    assert_int_equal(health_delivered(&health, 2000 * CLOCK_MILLISECOND),
                     1900 * CLOCK_MILLISECOND);
    assert_int_equal(health.status, 0);
    /* Nothing is asked, so there is nothing to answer. */
    assert_int_equal(outage_at(&health, 60000), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_service_that_refuses_the_first_messages_refuses_all),
        cmocka_unit_test(an_outage_is_reported_at_its_start_and_at_its_end),
        cmocka_unit_test(an_outage_lasts_while_requests_have_no_success),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
