/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tests of Prometheus's text format: the exact text of a small registry, and of
 * random ones that a parser of the test's own reads back.
 */
#include "lib/unit_check.h"

#include "base/buffer.h"
#include "base/metrics.h"
#include "format/metrics_text.h"

static const char *const colours[] = {"red", "dark \"green\""};
static const char *const sizes[] = {"s\\m", "l\nxl"};
static const uint64_t bounds[] = {100, 250000, 10000000};

static void read_constants(void *context, uint64_t values[])
{
    const uint64_t *source = context;

    values[0] = source[0];
    values[1] = source[1];
}

static const struct metric_family plain = {
    .type = METRIC_COUNTER, .name = "plain_total", .help = "A \"count\"."};
static const struct metric_family labelled = {
    .type = METRIC_COUNTER,
    .name = "labelled_total",
    .help = "A \\ and\na line feed.",
    .labels = {{"colour", colours, 2}, {"size", sizes, 2}},
};
static const struct metric_family gauge = {
    .type = METRIC_GAUGE,
    .name = "gauge",
    .help = "Read.",
    .labels = {{"colour", colours, 2}},
    .decimals = 3,
    .read = read_constants,
};
static const struct metric_family waits = {
    .type = METRIC_HISTOGRAM,
    .name = "wait_seconds",
    .help = "Times.",
    .labels = {{"colour", colours, 2}},
    .decimals = 6,
    .bounds = bounds,
    .bound_count = 3,
};

static void families_are_written_as_the_format_has_them(void **state)
{
    static const char expected[] =
        "# HELP plain_total A \"count\".\n"
        "# TYPE plain_total counter\n"
        "plain_total 18446744073709551615\n"
        "# HELP labelled_total A \\\\ and\\na line feed.\n"
        "# TYPE labelled_total counter\n"
        "labelled_total{colour=\"red\",size=\"s\\\\m\"} 0\n"
        "labelled_total{colour=\"red\",size=\"l\\nxl\"} 5\n"
        "labelled_total{colour=\"dark \\\"green\\\"\",size=\"s\\\\m\"} 7\n"
        "labelled_total{colour=\"dark \\\"green\\\"\",size=\"l\\nxl\"} 0\n"
        "# HELP gauge Read.\n"
        "# TYPE gauge gauge\n"
        "gauge{colour=\"red\"} 1.05\n"
        "gauge{colour=\"dark \\\"green\\\"\"} 0.001\n"
        "# HELP wait_seconds Times.\n"
        "# TYPE wait_seconds histogram\n"
        "wait_seconds_bucket{colour=\"red\",le=\"0.0001\"} 1\n"
        "wait_seconds_bucket{colour=\"red\",le=\"0.25\"} 3\n"
        "wait_seconds_bucket{colour=\"red\",le=\"10\"} 3\n"
        "wait_seconds_bucket{colour=\"red\",le=\"+Inf\"} 4\n"
        "wait_seconds_sum{colour=\"red\"} 20.2502\n"
        "wait_seconds_count{colour=\"red\"} 4\n"
        "wait_seconds_bucket{colour=\"dark \\\"green\\\"\",le=\"0.0001\"} 0\n"
        "wait_seconds_bucket{colour=\"dark \\\"green\\\"\",le=\"0.25\"} 0\n"
        "wait_seconds_bucket{colour=\"dark \\\"green\\\"\",le=\"10\"} 0\n"
        "wait_seconds_bucket{colour=\"dark \\\"green\\\"\",le=\"+Inf\"} 0\n"
        "wait_seconds_sum{colour=\"dark \\\"green\\\"\"} 0\n"
        "wait_seconds_count{colour=\"dark \\\"green\\\"\"} 0\n";
    struct metrics *metrics = metrics_new();
    uint64_t source[] = {1050, 1};
    struct buffer out = BUFFER_INIT;

    (void)state;
    assert_non_null(metrics);
    metric_add(metrics_add(metrics, &plain, NULL), 0, UINT64_MAX);
    struct metric *metric = metrics_add(metrics, &labelled, NULL);
    metric_add(metric, 1, 5);
    metric_add(metric, 2, 7);
    metrics_add(metrics, &gauge, source);
    metric = metrics_add(metrics, &waits, NULL);
    metric_observe(metric, 0, 100);
    metric_observe(metric, 0, 101);
    metric_observe(metric, 0, 249999);
    metric_observe(metric, 0, 20000000);
    metrics_text_write(metrics, &out);
    unit_check_text(buffer_text(&out), text_of(expected));
    buffer_release(&out);
    metrics_free(metrics);
}

static void families_that_are_not_known_are_left_out(void **state)
{
    struct metric_family family = gauge;
    struct metrics *metrics = metrics_new();
    uint64_t source[] = {0, 0};
    struct buffer out = BUFFER_INIT;

    (void)state;
    assert_non_null(metrics);
    family.zero_is_unknown = true;
    metrics_add(metrics, &family, source);
    metrics_text_write(metrics, &out);
    assert_int_equal(out.length, 0);
    source[1] = 1;
    metrics_text_write(metrics, &out);
    unit_check_text(buffer_text(&out),
                    TEXT("# HELP gauge Read.\n"
                         "# TYPE gauge gauge\n"
                         "gauge{colour=\"red\"} 0\n"
                         "gauge{colour=\"dark \\\"green\\\"\"} 0.001\n"));
    buffer_release(&out);
    metrics_free(metrics);
}

static void without_a_registry_there_is_no_text(void **state)
{
    struct buffer out = BUFFER_INIT;

    (void)state;
    metrics_text_write(NULL, &out);
    assert_int_equal(out.length, 0);
    assert_false(buffer_failed(&out));
}

/* Random registries. */

enum {
    ROUNDS = 300,
    MAX_FAMILIES = 6,
    MAX_BOUNDS = 5,
    MAX_SAMPLES = 1000,
    MAX_LABELS = METRICS_MAX_LABELS + 1, /* with le */
    MAX_TEXT = 64,
};

static const char *const nasty[] = {
    "",   "a",       "\\",  "\"",         "\n",     "\\n",
    "{}", "a=\"b\"", " , ", "\xc3\xa4 1", "\\\"\n", "le=\"+Inf\"",
};

struct label {
    char name[MAX_TEXT], value[MAX_TEXT];
};

/* A line with a value, as text. */
struct sample {
    char name[MAX_TEXT], value[MAX_TEXT];
    size_t label_count;
    struct label labels[MAX_LABELS];
};

struct samples {
    size_t count;
    struct sample samples[MAX_SAMPLES];
};

/* Take one byte, which must be `byte`. */
static void take_byte(const char **at, char byte)
{
    if (**at != byte)
        fail_msg("expected '%c' at %.40s", byte, *at);
    ++*at;
}

static void take_name(const char **at, char name[MAX_TEXT])
{
    size_t length = strspn(*at, "abcdefghijklmnopqrstuvwxyz_0123456789");

    assert_in_range(length, 1, MAX_TEXT - 1);
    snprintf(name, MAX_TEXT, "%.*s", (int)length, *at);
    *at += length;
}

static void take_quoted(const char **at, char value[MAX_TEXT])
{
    size_t length = 0;

    take_byte(at, '"');
    while (**at != '"') {
        char byte = *(*at)++;
        assert_true(byte != '\0' && byte != '\n');
        if (byte == '\\') {
            byte = *(*at)++;
            assert_true(byte == '\\' || byte == '"' || byte == 'n');
            if (byte == 'n')
                byte = '\n';
        }
        assert_true(length < MAX_TEXT - 1);
        value[length++] = byte;
    }
    value[length] = '\0';
    ++*at;
}

static void take_sample(const char **at, struct sample *sample)
{
    take_name(at, sample->name);
    sample->label_count = 0;
    if (**at == '{') {
        do {
            ++*at;
            assert_true(sample->label_count < MAX_LABELS);
            struct label *label = &sample->labels[sample->label_count++];
            take_name(at, label->name);
            take_byte(at, '=');
            take_quoted(at, label->value);
        } while (**at == ',');
        take_byte(at, '}');
    }
    take_byte(at, ' ');
    size_t length = strcspn(*at, "\n");
    assert_in_range(length, 1, MAX_TEXT - 1);
    snprintf(sample->value, MAX_TEXT, "%.*s", (int)length, *at);
    *at += length;
    take_byte(at, '\n');
}

/* All lines but comments. */
static void parse_text(const char *at, struct samples *samples)
{
    samples->count = 0;
    while (*at != '\0') {
        if (*at == '#') {
            at += strcspn(at, "\n");
            take_byte(&at, '\n');
        } else {
            assert_true(samples->count < MAX_SAMPLES);
            take_sample(&at, &samples->samples[samples->count++]);
        }
    }
}

/* The number that a decimal fraction stands for: without superfluous digits. */
static uint64_t read_fraction(const char *text, unsigned decimals)
{
    size_t whole = strspn(text, "0123456789"), length = strlen(text);
    char digits[MAX_TEXT];
    int fraction = length > whole ? (int)(length - whole - 1) : 0;

    assert_true(whole > 0 && (text[0] != '0' || whole == 1));
    if (length > whole) {
        assert_int_equal(text[whole], '.');
        assert_int_equal(strspn(text + whole + 1, "0123456789"), fraction);
        assert_in_range(fraction, 1, decimals);
        assert_true(text[length - 1] != '0');
    }
    snprintf(digits, sizeof(digits), "%.*s%.*s%0*d", (int)whole, text, fraction,
             text + length - fraction, (int)decimals - fraction + 1, 0);
    digits[strlen(digits) - 1] = '\0'; /* the one that "%0*d" needs */
    return strtoull(digits, NULL, 10);
}

/* A random family, and what was counted. */
struct subject {
    struct metric_family family;
    char name[MAX_TEXT];
    uint64_t bounds[MAX_BOUNDS];
    uint64_t values[METRICS_MAX_VALUES]; /* counted, or of a histogram sums */
    uint64_t buckets[METRICS_MAX_VALUES][MAX_BOUNDS + 1]; /* not cumulative */
};

static void read_subject(void *context, uint64_t values[])
{
    const struct subject *subject = context;

    memcpy(values, subject->values,
           metric_series(&subject->family) * sizeof(values[0]));
}

static void make_subject(struct subject *subject, size_t number,
                         uint64_t *random)
{
    *subject = (struct subject){.family = {.help = "Help."}};
    struct metric_family *family = &subject->family;
    static const char *const names[] = {"first", "second"};

    snprintf(subject->name, sizeof(subject->name), "family_%zu", number);
    family->name = subject->name;
    family->type = (enum metric_type)(unit_random(random) % 3);
    family->decimals = (unsigned)(unit_random(random) % 20);
    for (size_t i = unit_random(random) % 3; i > 0; i--) {
        size_t from = unit_random(random) % (COUNT(nasty) - 4);
        family->labels[i - 1] = (struct metric_label){
            names[i - 1], nasty + from, 1 + unit_random(random) % 4};
    }
    if (family->type == METRIC_GAUGE) {
        family->read = read_subject;
    } else if (family->type == METRIC_HISTOGRAM) {
        family->bounds = subject->bounds;
        family->bound_count = unit_random(random) % (MAX_BOUNDS + 1);
        for (size_t i = 0; i < family->bound_count; i++)
            subject->bounds[i] = (i == 0 ? 0 : subject->bounds[i - 1] + 1) +
                                 unit_random(random) % 1000;
    }
}

/* Count something, here and there. */
static void count_subject(struct subject *subject, struct metric *metric,
                          uint64_t *random)
{
    size_t series = unit_random(random) % metric_series(&subject->family);
    uint64_t value = unit_random(random) >> unit_random(random) % 64;

    if (subject->family.type == METRIC_HISTOGRAM) {
        size_t bucket = 0;
        value %= 5000;
        while (bucket < subject->family.bound_count &&
               value > subject->bounds[bucket])
            bucket++;
        subject->buckets[series][bucket]++;
        metric_observe(metric, series, value);
    } else if (subject->family.type == METRIC_COUNTER) {
        metric_add(metric, series, value);
    }
    subject->values[series] += value;
}

/*
 * Take from `samples` the next one, which must have this name, the values of
 * the labels of `series`, and as `le` the bound of a bucket, if it is not NULL.
 */
static const char *expect_sample(const struct subject *subject,
                                 const char *suffix, const size_t series[],
                                 const uint64_t *bound, bool infinite,
                                 const struct sample *sample)
{
    char name[2 * MAX_TEXT];
    size_t labels = 0;

    snprintf(name, sizeof(name), "%s%s", subject->name, suffix);
    assert_string_equal(sample->name, name);
    for (size_t i = 0; i < METRICS_MAX_LABELS; i++) {
        const struct metric_label *label = &subject->family.labels[i];
        if (label->name == NULL)
            continue;
        assert_true(labels < sample->label_count);
        assert_string_equal(sample->labels[labels].name, label->name);
        assert_string_equal(sample->labels[labels].value,
                            label->values[series[i]]);
        labels++;
    }
    if (bound != NULL || infinite) {
        const struct label *le = &sample->labels[labels++];
        assert_string_equal(le->name, "le");
        if (infinite)
            assert_string_equal(le->value, "+Inf");
        else
            assert_int_equal(read_fraction(le->value, subject->family.decimals),
                             *bound);
    }
    assert_int_equal(labels, sample->label_count);
    return sample->value;
}

/* The samples of one series from `sample` on. Returns what follows them. */
static const struct sample *expect_series(const struct subject *subject,
                                          size_t number, const size_t series[],
                                          const struct sample *sample)
{
    const struct metric_family *family = &subject->family;
    uint64_t count = 0;
    const char *text;

    if (family->type != METRIC_HISTOGRAM) {
        text = expect_sample(subject, "", series, NULL, false, sample++);
        assert_true(read_fraction(text, family->decimals) ==
                    subject->values[number]);
        return sample;
    }
    for (size_t i = 0; i <= family->bound_count; i++) {
        bool infinite = i == family->bound_count;
        text = expect_sample(subject, "_bucket", series,
                             infinite ? NULL : &subject->bounds[i], infinite,
                             sample++);
        count += subject->buckets[number][i];
        assert_int_equal(read_fraction(text, 0), count);
    }
    text = expect_sample(subject, "_sum", series, NULL, false, sample++);
    assert_int_equal(read_fraction(text, family->decimals),
                     subject->values[number]);
    text = expect_sample(subject, "_count", series, NULL, false, sample++);
    assert_int_equal(read_fraction(text, 0), count);
    return sample;
}

static size_t label_count(const struct metric_label *label)
{
    return label->name == NULL ? 1 : label->count;
}

static void expect_subject(const struct subject *subject,
                           const struct sample **sample)
{
    const struct metric_label *labels = subject->family.labels;
    size_t number = 0;

    for (size_t i = 0; i < label_count(&labels[0]); i++) {
        for (size_t j = 0; j < label_count(&labels[1]); j++) {
            const size_t series[] = {i, j};
            *sample = expect_series(subject, number++, series, *sample);
        }
    }
}

static void a_parser_reads_back_what_was_counted(void **state)
{
    static struct subject subjects[MAX_FAMILIES];
    static struct samples samples;
    uint64_t random = 20261127;

    (void)state;
    for (int round = 0; round < ROUNDS; round++) {
        struct metrics *metrics = metrics_new();
        struct buffer out = BUFFER_INIT;
        size_t count = unit_random(&random) % (MAX_FAMILIES + 1);

        assert_non_null(metrics);
        for (size_t i = 0; i < count; i++) {
            make_subject(&subjects[i], i, &random);
            struct metric *metric =
                metrics_add(metrics, &subjects[i].family, &subjects[i]);
            for (int times = 0; times < 20; times++)
                count_subject(&subjects[i], metric, &random);
        }
        metrics_text_write(metrics, &out);
        buffer_append(&out, (struct text){"", 1});
        assert_false(buffer_failed(&out));
        parse_text(out.data, &samples);
        const struct sample *sample = samples.samples;
        for (size_t i = 0; i < count; i++)
            expect_subject(&subjects[i], &sample);
        assert_ptr_equal(sample, samples.samples + samples.count);
        buffer_release(&out);
        metrics_free(metrics);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(families_are_written_as_the_format_has_them),
        cmocka_unit_test(families_that_are_not_known_are_left_out),
        cmocka_unit_test(without_a_registry_there_is_no_text),
        cmocka_unit_test(a_parser_reads_back_what_was_counted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
