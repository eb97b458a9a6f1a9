/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The rows and columns of a table are searched in the figures while it is
 * printed; there are only a few figures.
 */
#include "parts_report.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "flags.h"

struct summary {
    double min, median, max;
};

void parts_figure_add(struct parts_figure *figure, double value)
{
    if (figure->count == PARTS_MAX_ROUNDS)
        die("more than %d rounds", PARTS_MAX_ROUNDS);
    figure->rounds[figure->count++] = value;
}

static int compare_doubles(const void *first, const void *second)
{
    double a = *(const double *)first, b = *(const double *)second;

    return (a > b) - (a < b);
}

static struct summary summarize(const struct parts_figure *figure)
{
    double sorted[PARTS_MAX_ROUNDS];
    unsigned count = figure->count;

    memcpy(sorted, figure->rounds, count * sizeof(*sorted));
    qsort(sorted, count, sizeof(*sorted), compare_doubles);
    return (struct summary){
        .min = sorted[0],
        .median = (sorted[(count - 1) / 2] + sorted[count / 2]) / 2,
        .max = sorted[count - 1],
    };
}

static bool has_budget(const struct parts_figure *figure)
{
    return figure->at_least > 0 || figure->at_most > 0;
}

static bool meets_budget(const struct parts_figure *figure)
{
    double median = summarize(figure).median;

    return (figure->at_least <= 0 || median >= figure->at_least) &&
           (figure->at_most <= 0 || median <= figure->at_most);
}

/* At least three digits, groups of thousands: 0.123, 1.23, 12.3, 1,234; 5. */
static void print_number(double value)
{
    char text[64];
    int decimals = value >= 99.95 ? 0 : value >= 9.995 ? 1 : 2;

    if (value < 0.9995)
        decimals = 3;
    if (value == (double)(uint64_t)value)
        decimals = 0;
    snprintf(text, sizeof(text), "%.*f", decimals, value);
    size_t whole = strcspn(text, ".");
    for (size_t i = 0; text[i] != '\0'; i++) {
        if (i > 0 && i < whole && (whole - i) % 3 == 0)
            putchar(',');
        putchar(text[i]);
    }
}

static void print_budget(const struct parts_figure *figure)
{
    bool least = figure->at_least > 0;

    fputs(least ? "at least " : "at most ", stdout);
    print_number(least ? figure->at_least : figure->at_most);
    printf(" %s: %s", figure->column, meets_budget(figure) ? "met" : "MISSED");
}

/* Whether the figure is the first with its item, or with its column. */
static bool is_first(const struct parts_figure *figures, size_t index,
                     bool by_item)
{
    for (size_t i = 0; i < index; i++) {
        const struct parts_figure *figure = &figures[i];
        if (figure->count == 0)
            continue;
        if (by_item ? strcmp(figure->item, figures[index].item) == 0
                    : strcmp(figure->column, figures[index].column) == 0)
            return false;
    }
    return figures[index].count > 0;
}

static const struct parts_figure *
find_figure(const struct parts_figure *figures, size_t count, const char *item,
            const char *column)
{
    for (size_t i = 0; i < count; i++)
        if (figures[i].count > 0 && strcmp(figures[i].item, item) == 0 &&
            strcmp(figures[i].column, column) == 0)
            return &figures[i];
    return NULL;
}

static void print_cell(const struct parts_figure *figure)
{
    fputs(" | ", stdout);
    if (figure == NULL)
        return;

    struct summary summary = summarize(figure);
    print_number(summary.min);
    if (figure->count == 1)
        return;
    fputs(" / ", stdout);
    print_number(summary.median);
    fputs(" / ", stdout);
    print_number(summary.max);
}

static void print_row(const struct parts_figure *figures, size_t count,
                      const char *item, bool budgets)
{
    const char *separator = " | ";

    printf("| %s", item);
    for (size_t i = 0; i < count; i++)
        if (is_first(figures, i, false))
            print_cell(find_figure(figures, count, item, figures[i].column));
    for (size_t i = 0; budgets && i < count; i++) {
        if (!has_budget(&figures[i]) || figures[i].count == 0 ||
            strcmp(figures[i].item, item) != 0)
            continue;
        fputs(separator, stdout);
        print_budget(&figures[i]);
        separator = "; ";
    }
    if (budgets && separator[1] == '|')
        fputs(separator, stdout);
    puts(" |");
}

static void print_markdown(const char *title,
                           const struct parts_figure *figures, size_t count)
{
    bool budgets = false;
    unsigned rounds = 0;

    printf("| %s", title);
    for (size_t i = 0; i < count; i++) {
        if (is_first(figures, i, false))
            printf(" | %s", figures[i].column);
        budgets = budgets || has_budget(&figures[i]);
        if (figures[i].count > rounds)
            rounds = figures[i].count;
    }
    printf("%s |\n|---", budgets ? " | budget" : "");
    for (size_t i = 0; i < count; i++)
        if (is_first(figures, i, false))
            fputs("|---", stdout);
    puts(budgets ? "|---|" : "|");
    for (size_t i = 0; i < count; i++)
        if (is_first(figures, i, true))
            print_row(figures, count, figures[i].item, budgets);
    if (rounds > 1)
        printf("\nEach cell: minimum / median / maximum of %u rounds.\n",
               rounds);
    putchar('\n');
}

static void print_json(const char *group, const struct parts_figure *figure)
{
    struct summary summary = summarize(figure);

    printf("{\"group\":\"%s\",\"item\":\"%s\",\"column\":\"%s\","
           "\"min\":%.6g,\"median\":%.6g,\"max\":%.6g,\"rounds\":[",
           group, figure->item, figure->column, summary.min, summary.median,
           summary.max);
    for (unsigned i = 0; i < figure->count; i++)
        printf("%s%.6g", i > 0 ? "," : "", figure->rounds[i]);
    putchar(']');
    if (figure->at_least > 0)
        printf(",\"at_least\":%.6g", figure->at_least);
    if (figure->at_most > 0)
        printf(",\"at_most\":%.6g", figure->at_most);
    if (has_budget(figure))
        printf(",\"met\":%s", meets_budget(figure) ? "true" : "false");
    puts("}");
}

static void print_csv(const char *group, const struct parts_figure *figure)
{
    struct summary summary = summarize(figure);

    printf("%s,%s,%s,%.6g,%.6g,%.6g\n", group, figure->item, figure->column,
           summary.min, summary.median, summary.max);
}

void parts_report(enum parts_format format, const char *group,
                  const char *title, const struct parts_figure *figures,
                  size_t count)
{
    if (format == PARTS_MARKDOWN)
        print_markdown(title, figures, count);
    if (format == PARTS_CSV)
        puts("group,item,column,min,median,max");
    for (size_t i = 0; i < count; i++) {
        if (format == PARTS_JSON && figures[i].count > 0)
            print_json(group, &figures[i]);
        if (format == PARTS_CSV && figures[i].count > 0)
            print_csv(group, &figures[i]);
    }
    fflush(stdout);
}
