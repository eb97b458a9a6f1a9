/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Figures: what was measured, round by round, and its budget; printed as a
 * Markdown table, as JSON, an object a line, or as CSV.
 */
#ifndef LUNAR_BENCH_PARTS_REPORT_H
#define LUNAR_BENCH_PARTS_REPORT_H

#include <stddef.h>

enum { PARTS_MAX_ROUNDS = 25, PARTS_DEFAULT_ROUNDS = 5 };

enum parts_format { PARTS_MARKDOWN, PARTS_JSON, PARTS_CSV };

/* One cell of a table. */
struct parts_figure {
    const char *item;   /* the row; neither has a quote, for CSV no comma */
    const char *column; /* with the unit, or else the row has it */
    double at_least;    /* the median's budget; 0: none */
    double at_most;
    double rounds[PARTS_MAX_ROUNDS];
    unsigned count; /* of rounds; a figure without any is left out */
};

/* One round more. */
void parts_figure_add(struct parts_figure *figure, double value);

/*
 * Print the figures of one group. Rows and columns come in the order in
 * which they first occur. `group` is what -only and JSON call it, `title`
 * what people do. JSON has an object a figure:
 * {"group":"…","item":"…","column":"…","min":…,"median":…,"max":…,
 *  "rounds":[…],"at_least":…,"met":true}
 * the last two only where there is a budget ("at_most" if it is one).
 */
void parts_report(enum parts_format format, const char *group,
                  const char *title, const struct parts_figure *figures,
                  size_t count);

#endif
