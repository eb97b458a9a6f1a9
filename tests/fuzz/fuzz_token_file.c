/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Fuzzes the file of tokens. Whether it is valid, and which line is the first
 * that is not, is compared with regular expressions; and what was read is
 * found.
 */
#include "fuzz.h"

#include <sodium.h>
#include <strings.h>

#include "auth/scopes.h"
#include "auth/token_file.h"

#define BLANK "[ \t]"
#define HASH "sha256:([0-9a-f]{64})"

struct line {
    struct text name, hash, scopes;
};

struct file {
    struct line lines[TOKENS_MAX];
    size_t count;
    bool has_key;
};

static bool is_equal(struct text a, struct text b)
{
    return a.length == b.length && strncasecmp(a.data, b.data, a.length) == 0;
}

static bool is_key(struct text line)
{
    static struct fuzz_pattern key = {.expression =
                                          "^" BLANK "*session-key" BLANK
                                          "+[0-9A-Fa-f]{64}" BLANK "*$"};

    return fuzz_match(&key, line, NULL);
}

static bool add_token(struct file *file, struct text line)
{
    static struct fuzz_pattern token = {
        .expression = "^" BLANK "*([a-z0-9._-]{1,64})" BLANK "+" HASH BLANK
                      "+([^ \t]+)" BLANK "*$",
        .flags = REG_ICASE};
    struct text parts[FUZZ_PARTS];
    unsigned scopes = 0;

    if (!fuzz_match(&token, line, parts) ||
        text_equal(parts[1], TEXT("session-key")) ||
        !scopes_read(parts[3], &scopes) || file->count == TOKENS_MAX)
        return false;
    for (size_t i = 0; i < file->count; i++)
        if (text_equal(file->lines[i].name, parts[1]) ||
            is_equal(file->lines[i].hash, parts[2]))
            return false;
    file->lines[file->count++] = (struct line){parts[1], parts[2], parts[3]};
    return true;
}

static bool add_line(struct file *file, struct text line)
{
    static struct fuzz_pattern comment = {.expression = "^" BLANK "*#"};
    static struct fuzz_pattern blank = {.expression = "^" BLANK "*$"};

    if (line.length > 0 && line.data[line.length - 1] == '\r')
        line.length--;
    /* Also of one with a NUL, behind which a pattern sees nothing. */
    if (fuzz_match(&comment, line, NULL))
        return true;
    if (line.length > 0 && memchr(line.data, '\0', line.length) != NULL)
        return false;
    if (fuzz_match(&blank, line, NULL))
        return true;
    if (is_key(line) && !file->has_key) {
        file->has_key = true;
        return true;
    }
    return add_token(file, line);
}

/* The number of the first line that is not valid; 0 if all are. */
static unsigned read_lines(struct file *file, struct text bytes)
{
    unsigned line = 0;

    while (bytes.data != NULL) {
        line++;
        if (!add_line(file, text_split(&bytes, '\n')))
            return line;
    }
    return 0;
}

static void check_set(const struct token_set *set, const struct file *file)
{
    FUZZ_CHECK(set->count == file->count);
    FUZZ_CHECK(set->has_session_key == file->has_key);
    for (size_t i = 0; i < file->count; i++) {
        const struct token *token =
            token_set_find_name(set, file->lines[i].name);
        char hex[2 * TOKEN_HASH + 1];
        unsigned scopes = 0;
        FUZZ_CHECK(token != NULL);
        FUZZ_CHECK(token_set_find_hash(set, token->hash) == token);
        sodium_bin2hex(hex, sizeof(hex), token->hash, TOKEN_HASH);
        FUZZ_CHECK(is_equal(text_of(hex), file->lines[i].hash));
        FUZZ_CHECK(scopes_read(file->lines[i].scopes, &scopes) &&
                   scopes == token->scopes);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct file file;
    struct text bytes = fuzz_text(data, size);
    char error[ACCESS_ERROR] = "";
    char expected[64];

    FUZZ_CHECK(sodium_init() >= 0);
    file.count = 0;
    file.has_key = false;
    unsigned wrong = read_lines(&file, bytes);
    struct token_set *set = token_file_parse(bytes, "FILE", error);
    FUZZ_CHECK((set != NULL) == (wrong == 0));
    if (set != NULL) {
        check_set(set, &file);
    } else {
        snprintf(expected, sizeof(expected),
                 "line %u of FILE of -tokens: ", wrong);
        FUZZ_CHECK(strncmp(error, expected, strlen(expected)) == 0);
        FUZZ_CHECK(strchr(error, '\n') == NULL);
    }
    token_set_free(set);
    return 0;
}
