/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Figures: the measured values of each round, and the budget. Prints them as
 * a Markdown table, as JSON, one object per line, or as CSV.
 */
#ifndef LUNAR_BENCH_PARTS_REPORT_H
#define LUNAR_BENCH_PARTS_REPORT_H

#include <stddef.h>

enum { PARTS_MAX_ROUNDS = 25, PARTS_DEFAULT_ROUNDS = 5 };

enum parts_format { PARTS_MARKDOWN, PARTS_JSON, PARTS_CSV };

/* One cell of a table. */
struct parts_figure {
    /* Row and column. Neither has a quote, nor, for CSV, a comma. */
    const char *item;
    const char *column; /* has the unit, unless `item` has it */
    /* Budgets for the median; 0: none. */
    double at_least;
    double at_most;
    double rounds[PARTS_MAX_ROUNDS];
    unsigned count; /* of `rounds`; 0: the figure is not printed */
};

/* Add the value of one round. Dies after PARTS_MAX_ROUNDS. */
void parts_figure_add(struct parts_figure *figure, double value);

/*
 * Print the figures of one group. Rows and columns are in the order of their
 * first occurrence. `group` is its name in -only, JSON and CSV, `title` is the
 * heading in Markdown. JSON has one object per figure:
 * {"group":"…","item":"…","column":"…","min":…,"median":…,"max":…,
 *  "rounds":[…],"at_least":…,"at_most":…,"met":true}
 * with "at_least", "at_most" and "met" only if the figure has that budget.
 */
void parts_report(enum parts_format format, const char *group,
                  const char *title, const struct parts_figure *figures,
                  size_t count);

#endif
