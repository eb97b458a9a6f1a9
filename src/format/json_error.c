/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Puts the errors of json_scan() into words. It runs only for texts that are
 * refused, so it may read them once more, and the scan counts no lines.
 */
#include "format/json_error.h"

#include <stdbool.h>
#include <stdio.h>

#define BYTE_ORDER_MARK                                                        \
    "begins with a byte order mark (EF BB BF): JSON is sent without one"
#define UTF_16 "seems to be UTF-16: JSON is sent as UTF-8"
#define UTF_32 "seems to be UTF-32: JSON is sent as UTF-8"
#define GZIP "seems to be gzip data: send it with Content-Encoding: gzip"

/* In a start: any ASCII character but NUL; any byte, or the end of the text. */
enum { ASCII = -1, ANY = -2 };

/*
 * How texts begin that are not UTF-8 without a byte order mark, as they must be
 * (RFC 8259 section 8.1). The first two characters of a JSON text are nearly
 * always ASCII, so UTF-16 and UTF-32 have NULs around them (RFC 4627 section
 * 3). Gzip data is what a sender has who forgot to say so.
 */
static const struct {
    int bytes[4];
    const char *reason;
} foreign_starts[] = {
    {{0xEF, 0xBB, 0xBF, ANY}, BYTE_ORDER_MARK},
    {{0x1F, 0x8B, 0x08, ANY}, GZIP}, /* RFC 1952 section 2.3.1 */
    {{0x00, 0x00, 0xFE, 0xFF}, UTF_32},
    {{0xFF, 0xFE, 0x00, 0x00}, UTF_32},
    {{0x00, 0x00, 0x00, ASCII}, UTF_32},
    {{ASCII, 0x00, 0x00, 0x00}, UTF_32},
    {{0xFE, 0xFF, ANY, ANY}, UTF_16},
    {{0xFF, 0xFE, ANY, ANY}, UTF_16},
    {{0x00, ASCII, 0x00, ASCII}, UTF_16},
    {{ASCII, 0x00, ASCII, 0x00}, UTF_16},
};

static bool begins_with(struct text text, const int bytes[4])
{
    for (size_t i = 0; i < 4; i++) {
        int byte = i < text.length ? (unsigned char)text.data[i] : ANY;
        bool is_ascii = byte > 0 && byte < 0x80;
        if (bytes[i] != ANY &&
            (bytes[i] == ASCII ? !is_ascii : bytes[i] != byte))
            return false;
    }
    return true;
}

/* What the text begins with if it is no plain UTF-8; else NULL. */
static const char *find_foreign_start(struct text text)
{
    for (size_t i = 0; i < sizeof(foreign_starts) / sizeof(*foreign_starts);
         i++) {
        if (begins_with(text, foreign_starts[i].bytes))
            return foreign_starts[i].reason;
    }
    return NULL;
}

struct place {
    size_t line, column;
};

static struct place place_of(struct text text, size_t offset)
{
    struct place place = {1, 1};

    for (size_t i = 0; i < offset; i++) {
        place.column++;
        if (text.data[i] == '\n')
            place = (struct place){place.line + 1, 1};
    }
    return place;
}

/* The end of a line does not begin another one if it ends the text. */
static bool has_several_lines(struct text text)
{
    text_split(&text, '\n');
    return text.length > 0;
}

void json_error_write(const struct json_error *error, struct text text,
                      char out[JSON_ERROR_SIZE])
{
    const char *foreign = find_foreign_start(text);
    const char *verdict =
        error->fault == JSON_NOT_ACCEPTED ? "not accepted" : "not JSON";

    if (foreign != NULL) {
        snprintf(out, JSON_ERROR_SIZE, "%s", foreign);
    } else if (has_several_lines(text)) {
        struct place place = place_of(text, error->offset);
        snprintf(out, JSON_ERROR_SIZE, "is %s: at line %zu, column %zu: %s",
                 verdict, place.line, place.column, error->reason);
    } else {
        snprintf(out, JSON_ERROR_SIZE, "is %s: at byte %zu: %s", verdict,
                 error->offset, error->reason);
    }
}
