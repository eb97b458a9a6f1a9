/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reads the flags of a command and its URL, which may come in any order.
 * `--seed=7`, `--seed 7` and `-seed=7` are equivalent. A table has all there is
 * to know of each flag: the reader, the helps, the manual page and the
 * completion of shells are made from it. One function for each kind of flag
 * reads the value.
 */
#ifndef ROCKETS_FLAGS_H
#define ROCKETS_FLAGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

enum { FLAGS_MAX_URL = 2048 /* bytes */ };

enum flag_kind {
    FLAG_COUNT,    /* uint32_t, from `low` to `high` */
    FLAG_SEED,     /* uint64_t */
    FLAG_SHARE,    /* double, 0 to 1 */
    FLAG_DURATION, /* int64_t, nanoseconds */
    FLAG_LEVEL,    /* enum console_level */
    FLAG_SWITCH,   /* bool; without a value: true */
    FLAG_TEXT,     /* const char *, not empty */
    FLAG_CHOICE,   /* const char *, one of `choices` */
    FLAG_OTHER,    /* read by `set` */
};

struct flag_reader;

struct flag {
    const char *name;
    const char *argument; /* what the value is, as in "FILE"; NULL: a switch */
    const char *fallback; /* the value without the flag; NULL: none */
    /* Lines for the helps, with '\n' between them; NULL: it is not shown. */
    const char *text;
    enum flag_kind kind;
    bool by_service; /* `fallback` is the service's, and not set here */
    size_t place;    /* offset into the options */
    uint32_t low, high;
    /* Returns false after flags_fail(). */
    bool (*set)(struct flag_reader *reader, const struct flag *flag,
                const char *value);
    const char *const *choices; /* values, or parts of a list; NULL: any */
};

struct flag_table {
    const struct flag *flags;
    size_t count;
};

/* State while a command line is read. */
struct flag_reader {
    const struct flag_table *table;
    void *options;
    const char **url;       /* in the options; NULL so far */
    const char *manual;     /* a command that prints the flags, for errors */
    char *const *arguments; /* the next `count` arguments to read */
    int count;
    bool flags_ended; /* "--" was read */
    bool help;        /* --help was */
    char *error;
    size_t error_size;
};

/*
 * Set the defaults, and read all arguments. Returns false if one is invalid;
 * then the error is one line that says what was expected.
 */
bool flags_read(struct flag_reader *reader);

/*
 * Whether there is a URL that may be one. `example` is a command with one, for
 * the error.
 */
bool flags_check_url(struct flag_reader *reader, const char *example);

/* Write the error text. Returns false, for the caller to return. */
__attribute__((format(printf, 2, 3))) bool
flags_fail(struct flag_reader *reader, const char *format, ...);

/* Write a paragraph about each flag, as the helps have it. */
void flags_write(const struct flag_table *table, FILE *out);

/*
 * For `set` of --token: refuse it, and say where a token goes instead, without
 * repeating it.
 */
bool flags_refuse_token(struct flag_reader *reader, const struct flag *flag,
                        const char *value);

/* Whether the `length` bytes at `value` are one of the flag's choices. */
bool flags_is_choice(const struct flag *flag, const char *value, size_t length);

/*
 * Read a duration in Go's notation: a sequence of decimal numbers, each with
 * a unit, as in "500ms", "1m30s", "1.5s" and "250us"; or "0". The units are
 * ns, us, ms, s, m and h. Returns false for any other text, a sign, and more
 * than 292 years.
 */
bool flags_duration(const char *text, int64_t *nanoseconds);

#endif
