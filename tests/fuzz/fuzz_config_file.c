/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Fuzzes the file of -config. A file that is refused is valid up to the line of
 * the error, and not with it. One that is accepted sets what its plain lines
 * say; and what it sets, written a line each, sets the same.
 */
#include "fuzz.h"

#include "config/draft.h"
#include "config/file.h"

enum { MAX_CANONICAL = 2 * CONFIG_MAX_FILE };

/* A file that was parsed. */
struct parsed {
    struct config_draft draft;
    struct config_report report;
    bool valid;
};

/* Ownership: the caller frees report.text. */
static void parse(struct text text, struct parsed *parsed)
{
    char *bytes = malloc(text.length + 1);

    FUZZ_CHECK(bytes != NULL);
    memcpy(bytes, text.data, text.length);
    bytes[text.length] = '\0';
    config_draft_init(&parsed->draft, &parsed->report);
    parsed->report.text = bytes;
    parsed->draft.config.settings = "FILE";
    parsed->valid = config_file_parse(&parsed->draft, bytes, text.length);
}

static bool is_valid(struct text text)
{
    struct parsed parsed;

    parse(text, &parsed);
    config_report_release(&parsed.report);
    return parsed.valid;
}

/* The first `count` lines of a file. */
static struct text take_lines(struct text text, unsigned long count)
{
    struct text rest = text;

    while (count-- > 0 && rest.data != NULL)
        text_split(&rest, '\n');
    return rest.data != NULL
               ? (struct text){text.data, text.length - rest.length}
               : text;
}

static void check_error(struct text text, const char *error)
{
    const char *prefix = "FILE:";
    char *end;

    FUZZ_CHECK(strncmp(error, prefix, strlen(prefix)) == 0);
    unsigned long line = strtoul(error + strlen(prefix), &end, 10);
    FUZZ_CHECK(line > 0 && strncmp(end, ": ", 2) == 0);
    FUZZ_CHECK(strchr(error, '\n') == NULL);
    FUZZ_CHECK(line == 1 || is_valid(take_lines(text, line - 1)));
    FUZZ_CHECK(!is_valid(take_lines(text, line)));
}

/* A line without doubts about blanks, quotes and comments. */
static void check_plain_line(const struct parsed *parsed, struct text line,
                             unsigned number)
{
    static struct fuzz_pattern plain = {
        .expression = "^[ \t]*([a-z-]+)[ \t]*=[ \t]*([^ \t#\r]+)"
                      "[ \t]*([ \t]#.*)?\r?$"};
    struct text parts[FUZZ_PARTS] = {{NULL, 0}};

    if (!fuzz_match(&plain, line, parts))
        return;
    const struct config_option *option = config_table_find(parts[1]);
    FUZZ_CHECK(option != NULL && option->variable != NULL);
    const struct config_origin *origin =
        config_draft_origin(&parsed->draft, option);
    FUZZ_CHECK(origin->source == CONFIG_BY_FILE && origin->line == number);
    FUZZ_CHECK(text_equal(text_of(origin->value), parts[2]));
}

/* Write what is set, in the order of the table. */
static struct text write_canonical(const struct parsed *parsed, char *out)
{
    size_t length = 0;

    for (size_t i = 0; config_table[i].name != NULL; i++) {
        const struct config_origin *origin = &parsed->report.origins[i];
        if (origin->source != CONFIG_BY_FILE)
            continue;
        FUZZ_CHECK(config_file_refuses(origin->value) == NULL);
        length +=
            (size_t)snprintf(out + length, MAX_CANONICAL - length, "%s=%s\n",
                             config_table[i].name, origin->value);
        FUZZ_CHECK(length < MAX_CANONICAL);
    }
    return (struct text){out, length};
}

static void check_same(const struct parsed *parsed, struct text canonical)
{
    struct parsed again;

    parse(canonical, &again);
    FUZZ_CHECK(again.valid);
    for (size_t i = 0; config_table[i].name != NULL; i++) {
        const struct config_origin *a = &parsed->report.origins[i];
        const struct config_origin *b = &again.report.origins[i];
        FUZZ_CHECK(a->source == b->source);
        FUZZ_CHECK(a->value == b->value || strcmp(a->value, b->value) == 0);
    }
    config_report_release(&again.report);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static char canonical[MAX_CANONICAL];
    struct text text = fuzz_text(data, size), rest = text;
    struct parsed parsed;

    if (size > CONFIG_MAX_FILE)
        return 0;
    parse(text, &parsed);
    if (!parsed.valid) {
        check_error(text, parsed.report.error);
    } else {
        text_take_prefix(&rest, TEXT("\xef\xbb\xbf"));
        for (unsigned line = 1; rest.data != NULL; line++)
            check_plain_line(&parsed, text_split(&rest, '\n'), line);
        check_same(&parsed, write_canonical(&parsed, canonical));
    }
    config_report_release(&parsed.report);
    return 0;
}
