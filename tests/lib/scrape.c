/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/scrape.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "lib/process.h"

char *scrape_text(const struct instance *instance)
{
    struct response response;

    instance_get(instance, "/metrics", &response);
    response_expect_status(&response, 200);
    response_expect_header(&response, "Content-Type",
                           "text/plain; version=0.0.4; charset=utf-8");
    char *text = strdup(response.body);
    assert_non_null(text);
    response_release(&response);
    return text;
}

/* The value behind the space at `line`, which ends its line. */
static double read_value(const char *line)
{
    char *end = NULL;
    double value = strtod(line + 1, &end);

    if (line[0] != ' ' || end == line + 1 || *end != '\n')
        fail_msg("no value: %.80s", line);
    return value;
}

double scrape_find(const char *text, const char *sample)
{
    size_t length = strlen(sample);
    unsigned found = 0;
    double value = 0;

    while (*text != '\0') {
        size_t line = strcspn(text, "\n");
        if (text[line] != '\n')
            fail_msg("the last line has no end: %s", text);
        if (strncmp(text, sample, length) == 0 && text[length] == ' ') {
            value = read_value(text + length);
            found++;
        }
        text += line + 1;
    }
    if (found != 1)
        fail_msg("%s is there %u times", sample, found);
    return value;
}

double scrape_value(const struct instance *instance, const char *sample)
{
    char *text = scrape_text(instance);
    double value = scrape_find(text, sample);

    free(text);
    return value;
}

static void wait_between(const struct instance *instance, const char *sample,
                         double low, double high)
{
    int64_t deadline = process_clock() + PROCESS_PATIENCE;
    double now;

    while ((now = scrape_value(instance, sample)) < low || now > high) {
        if (process_clock() > deadline)
            fail_msg("%s is %g, not %g to %g", sample, now, low, high);
        process_wait_until(process_clock() + 10);
    }
}

void scrape_wait_for(const struct instance *instance, const char *sample,
                     double value)
{
    wait_between(instance, sample, value, value);
}

void scrape_wait_from(const struct instance *instance, const char *sample,
                      double value)
{
    wait_between(instance, sample, value, INFINITY);
}
