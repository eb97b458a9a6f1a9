/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Neither a line nor a field is ever put into an error: where a hash is
 * expected, somebody may have written the token.
 */
#include "token_file.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "auth/scopes.h"
#include "base/private_file.h"

enum { FIELDS = 4 /* of a line: one more than a token has */ };

struct parser {
    struct token_set *set;
    const char *path;
    unsigned line;     /* that is being read, from 1 */
    unsigned key_line; /* of the session key; 0 before it */
    char *error;
};

/* Returns false. */
__attribute__((format(printf, 2, 3))) static bool
refuse_line(const struct parser *parser, const char *format, ...)
{
    va_list arguments;
    int length = snprintf(parser->error, ACCESS_ERROR,
                          "line %u of %s of "
                          "-tokens: ",
                          parser->line, parser->path);

    if (length >= ACCESS_ERROR)
        return false;
    va_start(arguments, format);
    vsnprintf(parser->error + length, (size_t)(ACCESS_ERROR - length), format,
              arguments);
    va_end(arguments);
    return false;
}

/* Split at spaces and tabs. Returns the number of fields, at most FIELDS. */
static size_t split_line(struct text line, struct text fields[FIELDS])
{
    size_t count = 0;

    while (count < FIELDS && (line = text_trim(line)).length > 0) {
        size_t length = 0;
        while (length < line.length && line.data[length] != ' ' &&
               line.data[length] != '\t')
            length++;
        fields[count++] = (struct text){line.data, length};
        line = text_skip(line, length);
    }
    return count;
}

/* Read exactly 32 bytes in hexadecimal digits of either case. */
static bool read_hex(struct text text, unsigned char bytes[TOKEN_HASH])
{
    if (text.length != (size_t)2 * TOKEN_HASH)
        return false;
    for (size_t i = 0; i < TOKEN_HASH; i++) {
        int high = text_hex_value((unsigned char)text.data[2 * i]);
        int low = text_hex_value((unsigned char)text.data[2 * i + 1]);
        if (high < 0 || low < 0)
            return false;
        bytes[i] = (unsigned char)(high << 4 | low);
    }
    return true;
}

static bool read_session_key(struct parser *parser, const struct text fields[],
                             size_t count)
{
    static_assert(TOKEN_SESSION_KEY == TOKEN_HASH, "both are read as 32 bytes");

    if (parser->key_line != 0)
        return refuse_line(parser,
                           "line %u has a session-key already: remove one",
                           parser->key_line);
    if (count != 2 || !read_hex(fields[1], parser->set->session_key))
        return refuse_line(parser,
                           "expected 64 hex digits behind session-key: make "
                           "them with openssl rand -hex 32");
    parser->key_line = parser->line;
    parser->set->has_session_key = true;
    return true;
}

/* A token in place of its line. Its text may be cut off, as by a bad paste. */
static bool refuse_token(const struct parser *parser)
{
    return refuse_line(parser,
                       "this is a token itself, and no secret any more: make a "
                       "new one with -new-token, and add the line that it "
                       "prints, which has the hash");
}

/* No error shows a first word before all of the line is known to be of its
 * form: it may be a secret that somebody has put there. */
static bool read_fields(const struct parser *parser, const struct text fields[],
                        size_t count, struct token *token)
{
    struct text hash = count > 1 ? fields[1] : TEXT("");

    if (tokens_is_like_token(fields[0]) || tokens_is_like_token(hash))
        return refuse_token(parser);
    if (!tokens_is_name(fields[0]))
        return refuse_line(parser,
                           "expected a name of 1 to 64 letters, digits, '.', "
                           "'_' and '-' in front");
    if (!text_take_prefix(&hash, TEXT("sha256:")) ||
        !read_hex(hash, token->hash))
        return refuse_line(parser,
                           "expected sha256: with 64 hex digits behind the "
                           "name, as in the line that -new-token prints");
    memcpy(token->name, fields[0].data, fields[0].length);
    token->name[fields[0].length] = '\0';
    if (count != 3 || !scopes_read(fields[2], &token->scopes))
        return refuse_line(parser,
                           "expected scopes behind the hash of %s: one or more "
                           "of ingest, read, metrics and admin, each once, "
                           "with commas and no spaces between them, and "
                           "nothing behind them",
                           token->name);
    return true;
}

static bool add_token(const struct parser *parser, const struct token *token)
{
    const struct token *same =
        token_set_find_name(parser->set, text_of(token->name));

    if (same != NULL)
        return refuse_line(parser,
                           "line %u has the name %s already: remove one line, "
                           "or give it another name",
                           same->line, token->name);
    same = token_set_find_hash(parser->set, token->hash);
    if (same != NULL)
        return refuse_line(parser,
                           "%s has the same hash as %s in line %u: give each "
                           "a token of its own, or remove one line",
                           token->name, same->name, same->line);
    if (parser->set->count == TOKENS_MAX)
        return refuse_line(parser, "there are more than %d tokens",
                           (int)TOKENS_MAX);
    token_set_add(parser->set, token);
    return true;
}

static bool read_line(struct parser *parser, struct text line)
{
    struct text fields[FIELDS];
    struct token token = {.line = parser->line};

    if (line.length > 0 && line.data[line.length - 1] == '\r')
        line.length--;

    size_t count = split_line(line, fields);
    if (count == 0 || fields[0].data[0] == '#')
        return true;
    if (text_equal(fields[0], TEXT("session-key")))
        return read_session_key(parser, fields, count);
    return read_fields(parser, fields, count, &token) &&
           add_token(parser, &token);
}

struct token_set *token_file_parse(struct text bytes, const char *path,
                                   char error[ACCESS_ERROR])
{
    struct parser parser = {
        .set = token_set_new(), .path = path, .error = error};

    if (parser.set == NULL) {
        snprintf(error, ACCESS_ERROR,
                 "cannot read %s of -tokens: memory is "
                 "exhausted",
                 path);
        return NULL;
    }
    while (bytes.data != NULL) {
        parser.line++;
        if (!read_line(&parser, text_split(&bytes, '\n'))) {
            token_set_free(parser.set);
            return NULL;
        }
    }
    return parser.set;
}

struct token_set *token_file_read(const char *path, char error[ACCESS_ERROR])
{
    static const struct private_file_rules rules = {
        .flag = "-tokens",
        .max_bytes = TOKENS_MAX_FILE,
    };
    struct private_file file;

    if (!private_file_read(&file, path, &rules, error))
        return NULL;

    struct token_set *set =
        token_file_parse(private_file_text(&file), path, error);
    private_file_release(&file);
    return set;
}
