/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The proleptic Gregorian calendar, computed: timegm(3) and related functions
 * use the time zone rules of the process, which must have no effect.
 */
#ifndef LUNAR_FORMAT_CALENDAR_H
#define LUNAR_FORMAT_CALENDAR_H

enum {
    CALENDAR_DAYS_A_CYCLE = 146097, /* of 400 years */
    /* From March 1st of the year -400, so that no day number is negative. */
    CALENDAR_DAYS_BEFORE_1970 = 719468 + CALENDAR_DAYS_A_CYCLE,
};

/* A date, and a time of that day. */
struct civil {
    unsigned year, month, day, hour, minute, second;
};

/* The day number of a date that exists, from the year 0 on. */
unsigned calendar_days(const struct civil *civil);

/* The inverse: set year, month and day. */
void calendar_date(unsigned day, struct civil *civil);

/* `month` is 1 to 12. */
unsigned calendar_days_in_month(unsigned year, unsigned month);

#endif
