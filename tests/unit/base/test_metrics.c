/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tests of the registry of metrics: which value is which. How threads count is
 * in test_counters.c.
 */
#include "lib/unit_check.h"

#include "base/metrics.h"

static const char *const colours[] = {"red", "green"};
static const char *const sizes[] = {"s", "m", "l"};
static const uint64_t bounds[] = {10, 100};

static const struct metric_family plain = {
    .type = METRIC_COUNTER, .name = "plain", .help = "A count."};
static const struct metric_family coloured = {
    .type = METRIC_COUNTER,
    .name = "coloured",
    .help = "Counts.",
    .labels = {{"colour", colours, 2}, {"size", sizes, 3}},
};
static const struct metric_family waits = {
    .type = METRIC_HISTOGRAM,
    .name = "waits",
    .help = "Times.",
    .labels = {{"colour", colours, 2}},
    .bounds = bounds,
    .bound_count = 2,
};

static void read_gauge(void *context, uint64_t values[])
{
    const uint64_t *source = context;

    values[0] = source[0];
    values[1] = source[1];
}

static const struct metric_family gauge = {
    .type = METRIC_GAUGE,
    .name = "gauge",
    .help = "Read.",
    .labels = {{"colour", colours, 2}},
    .read = read_gauge,
};

static void every_combination_of_labels_is_a_count_of_its_own(void **state)
{
    struct metrics *metrics = metrics_new();
    uint64_t values[METRICS_MAX_VALUES];

    (void)state;
    assert_non_null(metrics);
    struct metric *one = metrics_add(metrics, &plain, NULL);
    struct metric *six = metrics_add(metrics, &coloured, NULL);
    for (size_t i = 0; i < 6; i++)
        metric_add(six, i, i + 1);
    metric_add(one, 0, 100);
    assert_int_equal(metric_read(six, values), 6);
    for (size_t i = 0; i < 6; i++) {
        assert_int_equal(values[i], i + 1);
        assert_int_equal(metric_value(six, i), i + 1);
    }
    assert_int_equal(metric_total(six), 21);
    assert_int_equal(metric_value(one, 0), 100);
    metrics_free(metrics);
}

static void
values_fall_into_the_bucket_whose_bound_they_do_not_exceed(void **state)
{
    struct metrics *metrics = metrics_new();
    uint64_t values[METRICS_MAX_VALUES];
    /* Buckets and sum of "red", then of "green". */
    const uint64_t expected[] = {2, 1, 2, 10 + 11 + 101 + 1000, 0, 1, 0, 100};

    (void)state;
    assert_non_null(metrics);
    metrics_add(metrics, &plain, NULL);
    struct metric *metric = metrics_add(metrics, &waits, NULL);
    metric_observe(metric, 0, 0);
    metric_observe(metric, 0, 10);
    metric_observe(metric, 0, 11);
    metric_observe(metric, 0, 101);
    metric_observe(metric, 0, 1000);
    metric_observe(metric, 1, 100);
    assert_int_equal(metric_read(metric, values), COUNT(expected));
    for (size_t i = 0; i < COUNT(expected); i++)
        assert_int_equal(values[i], expected[i]);
    metrics_free(metrics);
}

static void a_gauge_is_read_from_its_owner_until_that_has_gone(void **state)
{
    struct metrics *metrics = metrics_new();
    uint64_t source[] = {7, 8}, other[] = {1, 2};

    (void)state;
    assert_non_null(metrics);
    struct metric *metric = metrics_add(metrics, &gauge, source);
    struct metric *stays = metrics_add(metrics, &gauge, other);
    assert_int_equal(metric_value(metric, 1), 8);
    source[1] = 9;
    assert_int_equal(metric_value(metric, 1), 9);
    metrics_forget(metrics, source);
    assert_int_equal(metric_total(metric), 0);
    assert_int_equal(metric_total(stays), 3);
    metrics_free(metrics);
}

static void read_two(void *context, uint64_t values[])
{
    assert_null(context);
    values[1] = 2;
}

static void a_gauge_may_have_no_context(void **state)
{
    static const struct metric_family family = {
        .type = METRIC_GAUGE,
        .name = "two",
        .help = "Read.",
        .labels = {{"colour", colours, 2}},
        .read = read_two,
    };
    struct metrics *metrics = metrics_new();
    uint64_t values[METRICS_MAX_VALUES] = {9, 9};

    (void)state;
    assert_non_null(metrics);
    assert_int_equal(metric_read(metrics_add(metrics, &family, NULL), values),
                     2);
    assert_int_equal(values[0], 0);
    assert_int_equal(values[1], 2);
    metrics_free(metrics);
}

static void families_are_found_in_their_order_and_by_name(void **state)
{
    struct metrics *metrics = metrics_new();

    (void)state;
    assert_non_null(metrics);
    struct metric *first = metrics_add(metrics, &plain, NULL);
    struct metric *second = metrics_add(metrics, &waits, NULL);
    assert_ptr_equal(metrics_at(metrics, 0), first);
    assert_ptr_equal(metrics_at(metrics, 1), second);
    assert_null(metrics_at(metrics, 2));
    assert_ptr_equal(metrics_find(metrics, "waits"), second);
    assert_null(metrics_find(metrics, "wait"));
    assert_string_equal(metric_family(second)->name, waits.name);
    assert_int_equal(metric_series(&plain), 1);
    assert_int_equal(metric_series(&coloured), 6);
    metrics_free(metrics);
}

static void without_metrics_nothing_is_counted(void **state)
{
    (void)state;
    struct metric *metric = metrics_add(NULL, &plain, NULL);
    metric_add(metric, 0, 1);
    metric_observe(metric, 0, 1);
    assert_int_equal(metric_value(metric, 0), 0);
    assert_int_equal(metric_total(metric), 0);
    assert_null(metrics_at(NULL, 0));
    metrics_forget(NULL, NULL);
    metrics_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_combination_of_labels_is_a_count_of_its_own),
        cmocka_unit_test(
            values_fall_into_the_bucket_whose_bound_they_do_not_exceed),
        cmocka_unit_test(a_gauge_is_read_from_its_owner_until_that_has_gone),
        cmocka_unit_test(a_gauge_may_have_no_context),
        cmocka_unit_test(families_are_found_in_their_order_and_by_name),
        cmocka_unit_test(without_metrics_nothing_is_counted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
