/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A recursive-descent scanner (RFC 8259) that keeps only its position. It runs
 * for every message, and most of a message is plain ASCII inside strings, which
 * it skips eight bytes at a time. The position of an error is the first byte
 * that cannot continue any JSON text; the bytes before it can.
 */
#include "format/json_scan.h"

#include <endian.h>
#include <stdint.h>
#include <string.h>

#include "json_bytes.h"

/* `at` is the position between tokens; within one, a local variable is. */
struct scanner {
    const unsigned char *at;
    const unsigned char *end;
    unsigned depth;
    /* Set on failure. */
    enum json_fault fault;
    const char *reason;
};

static bool scan_value(struct scanner *scanner);

/* Always false. */
static bool scan_fail(struct scanner *scanner, const unsigned char *at,
                      const char *reason)
{
    scanner->at = at;
    scanner->fault = JSON_NOT_JSON;
    scanner->reason = reason;
    return false;
}

/* The same for what may be JSON. */
static bool scan_refuse(struct scanner *scanner, const unsigned char *at,
                        const char *reason)
{
    scan_fail(scanner, at, reason);
    scanner->fault = JSON_NOT_ACCEPTED;
    return false;
}

static void skip_white_space(struct scanner *scanner)
{
    const unsigned char *at = scanner->at;

    while (at < scanner->end &&
           (*at == ' ' || *at == '\t' || *at == '\n' || *at == '\r'))
        at++;
    scanner->at = at;
}

/* The byte at the position, or -1 at the end of the text. */
static int peek_byte(const struct scanner *scanner)
{
    return scanner->at < scanner->end ? *scanner->at : -1;
}

/* Skip the next byte if it is `byte`. False if it is not. */
static bool take_byte(struct scanner *scanner, int byte)
{
    if (peek_byte(scanner) != byte)
        return false;
    scanner->at++;
    return true;
}

static bool is_plain(unsigned char byte)
{
    return byte >= 0x20 && byte < 0x80 && byte != '"' && byte != '\\';
}

/* Mark, by its top bit, each byte that is not plain. */
static uint64_t mark_special(uint64_t word)
{
    return json_mark_escaped(word) | (word & UINT64_C(0x8080808080808080));
}

static const unsigned char *skip_plain(const unsigned char *at,
                                       const unsigned char *end)
{
    while (end - at >= 8) {
        uint64_t word;
        memcpy(&word, at, sizeof(word));
        uint64_t marks = mark_special(le64toh(word));
        if (marks != 0)
            return at + __builtin_ctzll(marks) / 8;
        at += 8;
    }
    while (at < end && is_plain(*at))
        at++;
    return at;
}

/*
 * One character of two to four bytes. The first byte bounds the second
 * (Unicode table 3-7), which excludes overlong forms, surrogates and code
 * points above U+10FFFF.
 */
static bool scan_utf8(struct scanner *scanner)
{
    unsigned char lead = *scanner->at;
    int following = lead < 0xE0 ? 1 : lead < 0xF0 ? 2 : 3;
    int lowest = lead == 0xE0 ? 0xA0 : lead == 0xF0 ? 0x90 : 0x80;
    int highest = lead == 0xED ? 0x9F : lead == 0xF4 ? 0x8F : 0xBF;

    if (lead < 0xC2 || lead > 0xF4)
        return scan_fail(scanner, scanner->at, "invalid UTF-8");
    scanner->at++;
    for (; following > 0; following--) {
        int byte = peek_byte(scanner);
        if (byte < lowest || byte > highest)
            return scan_fail(scanner, scanner->at, "invalid UTF-8");
        scanner->at++;
        lowest = 0x80;
        highest = 0xBF;
    }
    return true;
}

static bool scan_hex4(struct scanner *scanner, unsigned *unit)
{
    *unit = 0;
    for (int i = 0; i < 4; i++) {
        int value = text_hex_value(peek_byte(scanner));
        if (value < 0)
            return scan_fail(scanner, scanner->at,
                             "expected four hexadecimal digits");
        *unit = *unit * 16 + (unsigned)value;
        scanner->at++;
    }
    return true;
}

/* After a high surrogate: an escaped low one, U+DC00 to U+DFFF. */
static bool scan_low_surrogate(struct scanner *scanner)
{
    unsigned unit;

    if (!take_byte(scanner, '\\') || !take_byte(scanner, 'u'))
        return scan_refuse(scanner, scanner->at, "a lone surrogate");
    if (!scan_hex4(scanner, &unit))
        return false;
    if (unit >> 12 != 0xD)
        return scan_refuse(scanner, scanner->at - 4, "a lone surrogate");
    if (unit < 0xDC00)
        return scan_refuse(scanner, scanner->at - 3, "a lone surrogate");
    return true;
}

static bool scan_unicode_escape(struct scanner *scanner)
{
    unsigned unit;

    if (!scan_hex4(scanner, &unit))
        return false;
    if (unit == 0)
        return scan_refuse(scanner, scanner->at - 1, "\\u0000 in a string");
    if (unit >= 0xDC00 && unit <= 0xDFFF)
        return scan_refuse(scanner, scanner->at - 3, "a lone surrogate");
    if (unit >= 0xD800 && unit <= 0xDBFF)
        return scan_low_surrogate(scanner);
    return true;
}

/* The position is after the backslash. */
static bool scan_escape(struct scanner *scanner)
{
    switch (peek_byte(scanner)) {
    case '"':
    case '\\':
    case '/':
    case 'b':
    case 'f':
    case 'n':
    case 'r':
    case 't':
        scanner->at++;
        return true;
    case 'u':
        scanner->at++;
        return scan_unicode_escape(scanner);
    default:
        return scan_fail(scanner, scanner->at, "an unknown escape");
    }
}

static bool scan_string(struct scanner *scanner)
{
    scanner->at++;
    for (;;) {
        scanner->at = skip_plain(scanner->at, scanner->end);
        if (take_byte(scanner, '"'))
            return true;
        if (scanner->at == scanner->end)
            return scan_fail(scanner, scanner->at,
                             "a string has no closing quote");
        if (take_byte(scanner, '\\')) {
            if (!scan_escape(scanner))
                return false;
        } else if (*scanner->at < 0x20) {
            return scan_fail(scanner, scanner->at,
                             "a control character in a string must be escaped");
        } else if (!scan_utf8(scanner)) {
            return false;
        }
    }
}

static bool scan_digits(struct scanner *scanner)
{
    if (!text_is_digit(peek_byte(scanner)))
        return scan_fail(scanner, scanner->at, "expected a digit");
    while (text_is_digit(peek_byte(scanner)))
        scanner->at++;
    return true;
}

static bool scan_number(struct scanner *scanner)
{
    const unsigned char *start = scanner->at;

    (void)take_byte(scanner, '-');
    if (!take_byte(scanner, '0') && !scan_digits(scanner))
        return false;
    if (take_byte(scanner, '.') && !scan_digits(scanner))
        return false;
    if (take_byte(scanner, 'e') || take_byte(scanner, 'E')) {
        if (!take_byte(scanner, '+'))
            (void)take_byte(scanner, '-');
        if (!scan_digits(scanner))
            return false;
    }
    if (scanner->at - start > JSON_MAX_NUMBER)
        return scan_refuse(scanner, start + JSON_MAX_NUMBER,
                           "a number has more than 63 characters");
    return true;
}

static bool scan_literal(struct scanner *scanner, const char *literal)
{
    for (; *literal != '\0'; literal++) {
        if (!take_byte(scanner, *literal))
            return scan_fail(scanner, scanner->at, "expected a value");
    }
    return true;
}

static bool scan_member(struct scanner *scanner)
{
    skip_white_space(scanner);
    if (peek_byte(scanner) != '"')
        return scan_fail(scanner, scanner->at, "expected a member name");
    if (!scan_string(scanner))
        return false;
    skip_white_space(scanner);
    if (!take_byte(scanner, ':'))
        return scan_fail(scanner, scanner->at, "expected ':'");
    return scan_value(scanner);
}

/* The position is at the opening bracket. */
static bool scan_opening(struct scanner *scanner)
{
    if (scanner->depth == JSON_MAX_DEPTH)
        return scan_refuse(scanner, scanner->at,
                           "more than 64 levels of nesting");
    scanner->depth++;
    scanner->at++;
    skip_white_space(scanner);
    return true;
}

static bool scan_object(struct scanner *scanner)
{
    if (!scan_opening(scanner))
        return false;
    if (!take_byte(scanner, '}')) {
        do {
            if (!scan_member(scanner))
                return false;
            skip_white_space(scanner);
        } while (take_byte(scanner, ','));
        if (!take_byte(scanner, '}'))
            return scan_fail(scanner, scanner->at, "expected ',' or '}'");
    }
    scanner->depth--;
    return true;
}

static bool scan_array(struct scanner *scanner)
{
    if (!scan_opening(scanner))
        return false;
    if (!take_byte(scanner, ']')) {
        do {
            if (!scan_value(scanner))
                return false;
            skip_white_space(scanner);
        } while (take_byte(scanner, ','));
        if (!take_byte(scanner, ']'))
            return scan_fail(scanner, scanner->at, "expected ',' or ']'");
    }
    scanner->depth--;
    return true;
}

static bool scan_value(struct scanner *scanner)
{
    skip_white_space(scanner);

    int byte = peek_byte(scanner);
    switch (byte) {
    case '"':
        return scan_string(scanner);
    case '{':
        return scan_object(scanner);
    case '[':
        return scan_array(scanner);
    case 't':
        return scan_literal(scanner, "true");
    case 'f':
        return scan_literal(scanner, "false");
    case 'n':
        return scan_literal(scanner, "null");
    default:
        if (byte == '-' || text_is_digit(byte))
            return scan_number(scanner);
        return scan_fail(scanner, scanner->at, "expected a value");
    }
}

bool json_scan(struct text text, struct json_error *error)
{
    /* Absent text is scanned as empty text. */
    const char *data = text.data == NULL ? "" : text.data;
    const unsigned char *start = (const unsigned char *)data;
    struct scanner scanner = {.at = start, .end = start + text.length};

    if (scan_value(&scanner)) {
        skip_white_space(&scanner);
        if (scanner.at == scanner.end)
            return true;
        scan_fail(&scanner, scanner.at, "unexpected text after the end");
        scanner.fault = JSON_TEXT_AFTER;
    }
    *error = (struct json_error){scanner.fault, (size_t)(scanner.at - start),
                                 scanner.reason};
    return false;
}

bool json_scan_utf8(struct text text)
{
    const unsigned char *start = (const unsigned char *)text.data;
    struct scanner scanner = {.at = start, .end = start + text.length};

    while (scanner.at < scanner.end) {
        if (*scanner.at < 0x80)
            scanner.at++;
        else if (!scan_utf8(&scanner))
            return false;
    }
    return true;
}
