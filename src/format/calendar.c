/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Years start in March here, so that a leap day is the last day of its year,
 * its century and its cycle. Lengths then follow formulas, rounded down: n
 * centuries have n * 146097 / 4 days, n years of a century n * 1461 / 4, and n
 * months of a year (n * 153 + 2) / 5.
 */
#include "calendar.h"

#include <stdbool.h>

enum {
    YEARS_A_CYCLE = 400, /* after which the calendar repeats */
    DAYS_A_CYCLE = CALENDAR_DAYS_A_CYCLE,
};

unsigned calendar_days(const struct civil *civil)
{
    bool before_march = civil->month <= 2;
    unsigned month = before_march ? civil->month + 9 : civil->month - 3;
    unsigned year = civil->year + YEARS_A_CYCLE - before_march;
    unsigned century = year / 100;

    return century * DAYS_A_CYCLE / 4 + year % 100 * 1461 / 4 +
           (153 * month + 2) / 5 + civil->day - 1;
}

/* By each formula, the largest n that has at most the remaining days. */
void calendar_date(unsigned day, struct civil *civil)
{
    unsigned century = (4 * day + 3) / DAYS_A_CYCLE;
    day -= century * DAYS_A_CYCLE / 4;
    unsigned year = (4 * day + 3) / 1461;
    day -= year * 1461 / 4;
    unsigned month = (5 * day + 2) / 153;
    bool before_march = month >= 10;

    civil->day = day - (153 * month + 2) / 5 + 1;
    civil->month = before_march ? month - 9 : month + 3;
    civil->year = century * 100 + year + before_march - YEARS_A_CYCLE;
}

unsigned calendar_days_in_month(unsigned year, unsigned month)
{
    static const unsigned char days[] = {31, 28, 31, 30, 31, 30,
                                         31, 31, 30, 31, 30, 31};
    bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);

    return month == 2 && leap ? 29 : days[month - 1];
}
