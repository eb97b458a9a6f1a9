/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Quotes are refused, as a shell and other formats would remove them: the
 * folder "/data" would be made in the working directory.
 */
#include "file.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "base/nearest.h"
#include "base/private_file.h"
#include "base/text.h"

enum { MAX_NAME = 64 /* bytes of a name in an error */ };

/* The position in a file that is read. */
struct file {
    char *bytes;
    unsigned line;
    unsigned set_in[CONFIG_MAX_OPTIONS]; /* line of a name; 0: none yet */
};

static bool is_control(char byte)
{
    return ((unsigned char)byte < ' ' && byte != '\t') || byte == '\x7f';
}

/* Whether a comment begins at this byte, which is not the first. */
static bool is_comment(const char *byte)
{
    return *byte == '#' && (byte[-1] == ' ' || byte[-1] == '\t');
}

const char *config_file_refuses(const char *value)
{
    struct text text = text_of(value);

    if (text_trim(text).length != text.length)
        return "begins or ends with a blank";
    if (*value == '"' || *value == '\'')
        return "begins with a quote; values are written without quotes";
    for (size_t i = 0; i < text.length; i++) {
        if (is_control(value[i]))
            return "has a control character";
        if (i > 0 && is_comment(value + i))
            return "has # behind a blank, which begins a comment";
    }
    return NULL;
}

static bool fail_line(struct config_draft *draft, const struct file *file,
                      struct text what, const char *why)
{
    const struct config_origin from = {CONFIG_BY_FILE, file->line, NULL};
    char name[MAX_NAME];

    snprintf(name, sizeof(name), "%.*s", (int)what.length, what.data);
    return config_draft_fail(draft, &from, name, why);
}

/* The setting that was meant, or NULL. */
static const char *suggest_name(struct text name)
{
    struct text variable = name;

    while (name.length > 0 && *name.data == '-')
        name = text_skip(name, 1);
    if (text_take_prefix(&variable, TEXT(CONFIG_VARIABLE_PREFIX))) {
        const char *known;
        for (size_t i = 0; (known = config_table_variable(i)) != NULL; i++) {
            if (text_equal(variable, text_of(known)))
                return config_table_setting(i);
        }
    }
    return nearest_name(name, config_table_setting);
}

static bool fail_unknown(struct config_draft *draft, const struct file *file,
                         struct text name)
{
    const char *meant = suggest_name(name);
    char why[128];

    snprintf(why, sizeof(why),
             "unknown setting; %s%s%s-help lists them as flags",
             meant != NULL ? "did you mean " : "", meant != NULL ? meant : "",
             meant != NULL ? "? " : "");
    return fail_line(draft, file, name, why);
}

/* A line has no `=`. `option`: the one that it names, or NULL. */
static bool fail_valueless(struct config_draft *draft, const struct file *file,
                           struct text line, const struct config_option *option)
{
    char why[128];

    snprintf(why, sizeof(why), "expected name=value, as in %s=%s",
             option != NULL ? option->name : "port",
             option != NULL ? option->example : "9000");
    return fail_line(draft, file, line, why);
}

/* Whether an option may be set in this line. */
static bool check_option(struct config_draft *draft, struct file *file,
                         struct text name, const struct config_option *option)
{
    unsigned *set_in = &file->set_in[option - config_table];
    char why[128];

    if (option->variable == NULL) {
        snprintf(why, sizeof(why),
                 "a command, no setting; give it as the flag %s", option->flag);
    } else if (text_equal(name, TEXT("config"))) {
        snprintf(why, sizeof(why), "a file of settings cannot name another");
    } else if (*set_in != 0) {
        snprintf(why, sizeof(why), "set in line %u already; leave one of them",
                 *set_in);
    } else {
        *set_in = file->line;
        return true;
    }
    return fail_line(draft, file, name, why);
}

/* Read a line without a comment and outer blanks, which is not empty. */
static bool read_setting(struct config_draft *draft, struct file *file,
                         struct text line)
{
    struct text value = line, name = text_trim(text_split(&value, '='));
    const struct config_option *option = config_table_find(name);
    struct config_origin from = {CONFIG_BY_FILE, file->line, NULL};

    if (option == NULL && name.length > 0 && value.data != NULL)
        return fail_unknown(draft, file, name);
    if (option != NULL && !check_option(draft, file, name, option))
        return false;
    if (option == NULL || value.data == NULL)
        return fail_valueless(draft, file, line, option);
    value = text_trim(value);
    /* The byte behind it is a blank, an end of the line, or the last NUL. */
    char *start = file->bytes + (value.data - file->bytes);
    start[value.length] = '\0';
    const char *refusal = config_file_refuses(start);
    if (refusal != NULL)
        return fail_line(draft, file, line, refusal);
    from.value = start;
    return config_draft_set(draft, option, &from);
}

/* The line without its comment, and blanks around what is left. */
static struct text strip_line(struct text line)
{
    for (size_t i = 0; i < line.length; i++) {
        if (i > 0 ? is_comment(line.data + i) : *line.data == '#')
            line.length = i;
    }
    return text_trim(line);
}

static bool read_line(struct config_draft *draft, struct file *file,
                      struct text line)
{
    if (line.length > 0 && line.data[line.length - 1] == '\r')
        line.length--;
    for (size_t i = 0; i < line.length; i++) {
        if (is_control(line.data[i]))
            return fail_line(draft, file, TEXT("the line"),
                             "has a control character; is the file text?");
    }
    line = strip_line(line);
    return line.length == 0 || read_setting(draft, file, line);
}

bool config_file_parse(struct config_draft *draft, char *bytes, size_t length)
{
    struct file file = {.bytes = bytes};
    struct text rest = {bytes, length};

    /* Some editors write the byte order mark of UTF-8 in front. */
    text_take_prefix(&rest, TEXT("\xef\xbb\xbf"));
    while (rest.data != NULL) {
        file.line++;
        if (!read_line(draft, &file, text_split(&rest, '\n')) &&
            !draft->tolerant)
            return false;
    }
    return true;
}

bool config_file_read(struct config_draft *draft)
{
    const struct config_option *option = config_table_find(TEXT("config"));
    struct private_file file;
    char error[PRIVATE_FILE_ERROR];

    assert(option != NULL);
    if (draft->config.settings == NULL)
        return true;
    enum config_source source = config_draft_origin(draft, option)->source;
    const struct private_file_rules rules = {
        .flag = config_option_name(option, source),
        .max_bytes = CONFIG_MAX_FILE,
        .no_secrets = true,
    };
    if (private_file_read(&file, draft->config.settings, &rules, error)) {
        draft->report->text = file.data;
        return config_file_parse(draft, file.data, file.length);
    }
    log_escape(text_of(error), draft->report->error,
               sizeof(draft->report->error));
    return false;
}
