/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A family is two lines of comments, HELP and TYPE, and a line a value. A
 * histogram has, for each combination of labels, a line a bucket, which counts
 * the buckets below it as well, and its sum and count.
 */
#include "format/metrics_text.h"

#include <assert.h>

#include "base/buffer.h"
#include "base/metrics.h"

enum {
    MAX_DECIMALS = 19, /* of a uint64_t */
    NO_BUCKET = METRICS_MAX_VALUES
};

static const struct text type_names[] = {
    [METRIC_COUNTER] = {"counter", 7},
    [METRIC_GAUGE] = {"gauge", 5},
    [METRIC_HISTOGRAM] = {"histogram", 9},
};

/* Escape backslashes, line feeds and, in the value of a label, quotes. */
static void append_escaped(struct buffer *out, const char *string, bool quoted)
{
    for (; *string != '\0'; string++) {
        if (*string == '\n')
            buffer_append(out, TEXT("\\n"));
        else if (*string == '\\')
            buffer_append(out, TEXT("\\\\"));
        else if (*string == '"' && quoted)
            buffer_append(out, TEXT("\\\""));
        else
            buffer_append(out, (struct text){string, 1});
    }
}

/* Exactly, without zeros at the end of the fraction. */
static void append_number(struct buffer *out, uint64_t value, unsigned decimals)
{
    uint64_t unit = 1;
    char fraction[MAX_DECIMALS];
    size_t length = decimals;

    assert(decimals <= MAX_DECIMALS);
    for (unsigned i = 0; i < decimals; i++)
        unit *= 10;
    buffer_append_unsigned(out, value / unit);
    uint64_t rest = value % unit;
    if (rest == 0)
        return;
    for (; rest % 10 == 0; rest /= 10)
        length--;
    for (size_t i = length; i > 0; i--) {
        fraction[i - 1] = (char)('0' + rest % 10);
        rest /= 10;
    }
    buffer_append(out, TEXT("."));
    buffer_append(out, (struct text){fraction, length});
}

static void append_bound(struct buffer *out, const struct metric_family *family,
                         size_t bucket)
{
    if (bucket == family->bound_count)
        buffer_append(out, TEXT("+Inf"));
    else
        append_number(out, family->bounds[bucket], family->decimals);
}

/* Which value of label number `label` a series has (base/metrics.h). */
static const char *label_value(const struct metric_family *family,
                               size_t series, size_t label)
{
    for (size_t i = METRICS_MAX_LABELS - 1; i > label; i--)
        if (family->labels[i].name != NULL)
            series /= family->labels[i].count;
    return family->labels[label].values[series % family->labels[label].count];
}

/* The name of a sample, its labels, and the space before its value. */
static void append_sample(struct buffer *out,
                          const struct metric_family *family,
                          struct text suffix, size_t series, size_t bucket)
{
    struct text separator = TEXT("{");

    buffer_append(out, text_of(family->name));
    buffer_append(out, suffix);
    for (size_t i = 0; i < METRICS_MAX_LABELS; i++) {
        if (family->labels[i].name == NULL)
            continue;
        buffer_append(out, separator);
        buffer_append(out, text_of(family->labels[i].name));
        buffer_append(out, TEXT("=\""));
        append_escaped(out, label_value(family, series, i), true);
        buffer_append(out, TEXT("\""));
        separator = TEXT(",");
    }
    if (bucket != NO_BUCKET) {
        buffer_append(out, separator);
        buffer_append(out, TEXT("le=\""));
        append_bound(out, family, bucket);
        buffer_append(out, TEXT("\""));
        separator = TEXT(",");
    }
    buffer_append(out,
                  text_equal(separator, TEXT("{")) ? TEXT(" ") : TEXT("} "));
}

static void append_value(struct buffer *out, uint64_t value, unsigned decimals)
{
    append_number(out, value, decimals);
    buffer_append(out, TEXT("\n"));
}

/* `values`: of the buckets, from the lowest, then the sum. */
static void append_histogram(struct buffer *out,
                             const struct metric_family *family, size_t series,
                             const uint64_t values[])
{
    uint64_t count = 0;
    size_t buckets = family->bound_count + 1;

    for (size_t i = 0; i < buckets; i++) {
        count += values[i];
        append_sample(out, family, TEXT("_bucket"), series, i);
        append_value(out, count, 0);
    }
    append_sample(out, family, TEXT("_sum"), series, NO_BUCKET);
    append_value(out, values[buckets], family->decimals);
    append_sample(out, family, TEXT("_count"), series, NO_BUCKET);
    append_value(out, count, 0);
}

static bool are_known(const struct metric_family *family,
                      const uint64_t values[], size_t count)
{
    bool known = !family->zero_is_unknown;

    for (size_t i = 0; i < count; i++)
        known = known || values[i] != 0;
    return known;
}

static void append_family(struct buffer *out, struct metric *metric)
{
    const struct metric_family *family = metric_family(metric);
    size_t series_count = metric_series(family);
    uint64_t values[METRICS_MAX_VALUES];
    size_t count = metric_read(metric, values);

    if (!are_known(family, values, count))
        return;
    buffer_append(out, TEXT("# HELP "));
    buffer_append(out, text_of(family->name));
    buffer_append(out, TEXT(" "));
    append_escaped(out, family->help, false);
    buffer_append(out, TEXT("\n# TYPE "));
    buffer_append(out, text_of(family->name));
    buffer_append(out, TEXT(" "));
    buffer_append(out, type_names[family->type]);
    buffer_append(out, TEXT("\n"));

    size_t of_series = count / series_count;
    for (size_t i = 0; i < series_count; i++) {
        if (family->type == METRIC_HISTOGRAM) {
            append_histogram(out, family, i, values + i * of_series);
        } else {
            append_sample(out, family, TEXT(""), i, NO_BUCKET);
            append_value(out, values[i], family->decimals);
        }
    }
}

/* Cold: inlining here would be at the expense of what requests run through. */
__attribute__((cold)) void metrics_text_write(struct metrics *metrics,
                                              struct buffer *out)
{
    struct metric *metric;

    for (size_t i = 0; (metric = metrics_at(metrics, i)) != NULL; i++)
        append_family(out, metric);
}
