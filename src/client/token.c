/* SPDX-License-Identifier: Apache-2.0 */
/*
 * No byte of the file ever gets into an error.
 */
#include "client/token.h"

#include <stdio.h>
#include <string.h>

#include "base/private_file.h"

enum { MAX_FILE = 64 * 1024 };

/* RFC 9110 section 11.2. So it can't end the field that it is sent in. */
static bool is_token68(struct text text)
{
    size_t length = text.length;

    while (length > 0 && text.data[length - 1] == '=')
        length--;
    for (size_t i = 0; i < length; i++)
        if (!text_is_letter(text.data[i]) && !text_is_digit(text.data[i]) &&
            (text.data[i] == '\0' || strchr("-._~+/", text.data[i]) == NULL))
            return false;
    return length > 0 && text.length < CLIENT_TOKEN;
}

/* The next line that says something, without white space; absent at the end. */
static struct text next_line(struct text *rest)
{
    while (rest->data != NULL) {
        struct text line = text_split(rest, '\n');
        if (line.length > 0 && line.data[line.length - 1] == '\r')
            line.length--;
        line = text_trim(line);
        if (line.length > 0 && line.data[0] != '#')
            return line;
    }
    return (struct text){NULL, 0};
}

bool client_read_token(const char *file, char token[CLIENT_TOKEN],
                       char error[CLIENT_ERROR])
{
    static const struct private_file_rules rules = {.flag = "-peer-token",
                                                    .max_bytes = MAX_FILE};
    char reason[PRIVATE_FILE_ERROR];
    struct private_file content;

    if (!private_file_read(&content, file, &rules, reason)) {
        snprintf(error, CLIENT_ERROR, "%.*s", CLIENT_ERROR - 1, reason);
        return false;
    }
    struct text rest = private_file_text(&content);
    struct text line = next_line(&rest);
    bool one = line.data != NULL && next_line(&rest).data == NULL;
    bool good = one && is_token68(line);
    if (good)
        snprintf(token, CLIENT_TOKEN, "%.*s", (int)line.length, line.data);
    else
        snprintf(error, CLIENT_ERROR,
                 "%s: expected one line with a token, the first line that "
                 "-new-token prints%s",
                 file,
                 line.data == NULL ? "; it has none"
                 : one             ? ""
                                   : "; it has more lines");
    private_file_release(&content);
    return good;
}

bool client_check_token(const char *file, char error[CLIENT_ERROR])
{
    char token[CLIENT_TOKEN];
    bool good = client_read_token(file, token, error);

    explicit_bzero(token, sizeof(token));
    return good;
}
