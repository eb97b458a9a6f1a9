/* SPDX-License-Identifier: Apache-2.0 */
#include "gaps.h"

#include <stdlib.h>
#include <string.h>

#include "lib/generator.h"
#include "table/table_gaps.h"

enum { PROBES = 8, MOST = 64 /* gaps of a page */ };

/* All gaps. */
struct expected {
    struct table_gap *gaps;
    size_t count;
};

static void expect_gaps(const struct oracle *oracle, struct expected *expected)
{
    uint64_t last = 0;
    expected->count = 0;
    expected->gaps = calloc(oracle->range_count + 1, sizeof(struct table_gap));
    if (expected->gaps == NULL)
        abort();
    for (size_t i = 0; i < oracle->range_count; i++) {
        const struct oracle_range *range = &oracle->ranges[i];
        if (range->first > last + 1)
            expected->gaps[expected->count++] =
                (struct table_gap){last + 1, range->first - 1};
        last = range->last;
    }
}

uint64_t gaps_given_up(const struct oracle *oracle)
{
    uint64_t numbers = 0;
    for (size_t i = 0; i < oracle->range_count; i++)
        numbers += oracle->ranges[i].last - oracle->ranges[i].first + 1;
    return numbers - oracle->count;
}

/* One page. It must have the gaps from `at` on. */
static const char *difference_in_page(const struct table_gaps *page,
                                      const struct table_gap *gaps,
                                      const struct expected *expected,
                                      size_t at, size_t max)
{
    size_t left = expected->count - at;
    if (page->count != (left < max ? left : max))
        return "number of gaps";
    if (page->more != (left > max))
        return "whether there are more gaps";
    for (size_t i = 0; i < page->count; i++)
        if (gaps[i].from != expected->gaps[at + i].from ||
            gaps[i].to != expected->gaps[at + i].to)
            return "gap";
    return NULL;
}

static const char *difference_in_counts(const struct table_gaps *page,
                                        const struct oracle *oracle)
{
    uint64_t last = oracle->applied[oracle->count - 1].number;
    if (page->missing != last - oracle->count)
        return "missing numbers beside the gaps";
    if (page->given_up != gaps_given_up(oracle))
        return "numbers given up";
    return page->given_up_to == oracle->floor ? NULL : "highest given up";
}

/* Page by page, as a client reads them. */
static const char *difference_in_pages(struct table *table, struct text id,
                                       const struct expected *expected,
                                       struct random *random)
{
    struct table_gap gaps[MOST];
    struct table_gaps page = {.more = true};
    const char *differs = NULL;
    uint64_t after = 0;
    for (size_t at = 0; differs == NULL && page.more; at += page.count) {
        size_t max = 1 + random_below(random, MOST);
        if (!table_gaps(table, id, after, gaps, max, &page))
            return "whether there is a rocket with gaps";
        differs = difference_in_page(&page, gaps, expected, at, max);
        if (page.count > 0)
            after = gaps[page.count - 1].to;
    }
    return differs;
}

/* A number at or beside an end of a gap, or the largest there is. */
static uint64_t draw_after(const struct expected *expected,
                           struct random *random)
{
    if (expected->count == 0 || random_below(random, 8) == 0)
        return UINT64_MAX - random_below(random, 2);
    const struct table_gap *gap =
        &expected->gaps[random_below(random, expected->count)];
    uint64_t end = random_below(random, 2) == 0 ? gap->from : gap->to;
    return end + random_below(random, 3) - 1;
}

static const char *difference_behind(struct table *table, struct text id,
                                     const struct expected *expected,
                                     struct random *random)
{
    struct table_gap gaps[MOST];
    struct table_gaps page;
    uint64_t after = draw_after(expected, random);
    size_t at = 0, max = random_below(random, 4);
    while (at < expected->count && expected->gaps[at].to <= after)
        at++;
    if (!table_gaps(table, id, after, gaps, max, &page))
        return "whether there is a rocket with gaps";
    return difference_in_page(&page, gaps, expected, at, max);
}

const char *gaps_difference(struct table *table, struct text id,
                            const struct oracle *oracle, uint64_t seed)
{
    struct random random = {seed};
    struct expected expected;
    struct table_gaps page;
    if (table_gaps(table, id, 0, NULL, 0, &page) != (oracle->count > 0))
        return "whether there is a rocket with gaps";
    if (oracle->count == 0)
        return NULL;
    expect_gaps(oracle, &expected);
    const char *differs = difference_in_counts(&page, oracle);
    if (differs == NULL)
        differs = difference_in_pages(table, id, &expected, &random);
    for (unsigned i = 0; differs == NULL && i < PROBES; i++)
        differs = difference_behind(table, id, &expected, &random);
    free(expected.gaps);
    return differs;
}
