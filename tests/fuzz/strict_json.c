/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Characters and words are tables of sequences: the offset of an error is the
 * end of the longest one that matches.
 */
#include "strict.h"

/* Not taken from json_scan.h, so that wrong values there are found. */
enum { MAX_DEPTH = 64, MAX_NUMBER = 63, MAX_SEQUENCE = 13 };

#define HEX "0-9a-fA-F"
#define TAIL "\x80-\xbf"

/* Each byte is of its set; as in a bracket expression, of bytes and ranges. */
typedef const char *const sequence[MAX_SEQUENCE];

/* UTF-8: RFC 3629 section 4. No \u0000, no lone surrogate. */
static sequence characters[] = {
    {" !#-[]-\x7f"},
    {"\xc2-\xdf", TAIL},
    {"\xe0", "\xa0-\xbf", TAIL},
    {"\xe1-\xec\xee\xef", TAIL, TAIL},
    {"\xed", "\x80-\x9f", TAIL},
    {"\xf0", "\x90-\xbf", TAIL, TAIL},
    {"\xf1-\xf3", TAIL, TAIL, TAIL},
    {"\xf4", "\x80-\x8f", TAIL, TAIL},
    {"\\", "\"\\/bfnrt"},
    {"\\", "u", "1-9a-cefA-CEF", HEX, HEX, HEX},
    {"\\", "u", "0", "1-9a-fA-F", HEX, HEX},
    {"\\", "u", "0", "0", "1-9a-fA-F", HEX},
    {"\\", "u", "0", "0", "0", "1-9a-fA-F"},
    {"\\", "u", "dD", "0-7", HEX, HEX},
    {"\\", "u", "dD", "89abAB", HEX, HEX, "\\", "u", "dD", "c-fC-F", HEX, HEX},
};
/* By the grammar alone, any four digits are an escape. */
static sequence any_escape[] = {{"\\", "u", HEX, HEX, HEX, HEX}};
static sequence words[] = {
    {"t", "r", "u", "e"}, {"f", "a", "l", "s", "e"}, {"n", "u", "l", "l"}};

struct reader {
    struct text text;
    size_t at;
    bool grammar_only; /* no limits */
    bool past_limit;   /* in an escape, or in a number that is too long */
};

static bool is_in_set(char byte, const char *set)
{
    unsigned char wanted = (unsigned char)byte;

    for (; *set != '\0'; set++) {
        unsigned char first = (unsigned char)set[0];
        if (set[1] == '-' && set[2] != '\0')
            set += 2;
        if (first <= wanted && wanted <= (unsigned char)*set)
            return true;
    }
    return false;
}

static bool is_next(const struct reader *reader, const char *set)
{
    return reader->at < reader->text.length &&
           is_in_set(reader->text.data[reader->at], set);
}

static bool take(struct reader *reader, const char *set)
{
    bool taken = is_next(reader, set);

    reader->at += taken;
    return taken;
}

/* Take one of the sequences; if none is complete, the longest part of one. */
static bool take_sequence(struct reader *reader, sequence *sequences,
                          size_t count)
{
    size_t start = reader->at, longest = start;

    for (size_t i = 0; i < count; i++) {
        size_t taken = 0;
        reader->at = start;
        while (sequences[i][taken] != NULL && take(reader, sequences[i][taken]))
            taken++;
        if (sequences[i][taken] == NULL)
            return true;
        if (reader->at > longest)
            longest = reader->at;
    }
    reader->at = longest;
    reader->past_limit =
        longest >= start + 2 && reader->text.data[start] == '\\';
    return false;
}

/* After the opening quote. */
static bool take_string(struct reader *reader)
{
    while (!take(reader, "\"")) {
        size_t start = reader->at;
        if (take_sequence(reader, characters,
                          sizeof(characters) / sizeof(characters[0])))
            continue;
        if (!reader->grammar_only)
            return false;
        reader->at = start;
        if (!take_sequence(reader, any_escape, 1))
            return false;
    }
    return true;
}

static bool take_digits(struct reader *reader)
{
    size_t start = reader->at;

    while (take(reader, "0-9"))
        continue;
    return reader->at > start;
}

static bool take_number(struct reader *reader)
{
    size_t start = reader->at;

    take(reader, "-");
    bool good = take(reader, "0") || take_digits(reader);
    if (good && take(reader, "."))
        good = take_digits(reader);
    if (good && take(reader, "eE")) {
        take(reader, "+-");
        good = take_digits(reader);
    }
    if (reader->at - start > MAX_NUMBER && !reader->grammar_only) {
        reader->at = start + MAX_NUMBER;
        reader->past_limit = true;
        return false;
    }
    return good;
}

static void take_white_space(struct reader *reader)
{
    while (take(reader, " \t\n\r"))
        continue;
}

static bool take_value(struct reader *reader, unsigned depth);

static bool take_member(struct reader *reader, unsigned depth)
{
    take_white_space(reader);
    if (!take(reader, "\"") || !take_string(reader))
        return false;
    take_white_space(reader);
    return take(reader, ":") && take_value(reader, depth);
}

/* `depth` is that of the values in the array or object. */
static bool take_container(struct reader *reader, unsigned depth)
{
    bool is_object = is_next(reader, "{");
    const char *end = is_object ? "}" : "]";

    reader->at++;
    take_white_space(reader);
    if (take(reader, end))
        return true;
    do {
        if (is_object ? !take_member(reader, depth)
                      : !take_value(reader, depth))
            return false;
        take_white_space(reader);
    } while (take(reader, ","));
    return take(reader, end);
}

static bool take_value(struct reader *reader, unsigned depth)
{
    take_white_space(reader);
    if (is_next(reader, "[{"))
        return (depth < MAX_DEPTH || reader->grammar_only) &&
               take_container(reader, depth + 1);
    if (take(reader, "\""))
        return take_string(reader);
    if (is_next(reader, "-0-9"))
        return take_number(reader);
    return take_sequence(reader, words, sizeof(words) / sizeof(words[0]));
}

static bool take_text(struct reader *reader)
{
    if (!take_value(reader, 0))
        return false;
    take_white_space(reader);
    return reader->at == reader->text.length;
}

size_t strict_json_error(struct text text, bool *may_be_later)
{
    struct reader reader = {.text = text};
    bool is_text = take_text(&reader);

    *may_be_later = reader.past_limit;
    return is_text ? STRICT_NOWHERE : reader.at;
}

bool strict_json_is_json(struct text text)
{
    struct reader reader = {.text = text, .grammar_only = true};

    return take_text(&reader);
}

bool strict_json_accepts(struct text text)
{
    bool may_be_later;

    return strict_json_error(text, &may_be_later) == STRICT_NOWHERE;
}
