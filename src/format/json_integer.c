/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A number is its digits times a power of ten. Without the zeros at its end,
 * the digits are the significand. If the power that goes with it is negative,
 * the number has a fraction; else it is the significand and so many zeros.
 */
#include "format/json_integer.h"

#include <assert.h>

#include "format/json_scan.h"

/*
 * Whatever its other digits, an exponent from here on makes a number (but 0)
 * too large, and its negative makes it a fraction.
 */
enum { HUGE_EXPONENT = 1000 };

enum { PLAIN_DIGITS = 19 /* so many always fit into 64 bits */ };

static_assert(HUGE_EXPONENT > 2 * JSON_MAX_NUMBER, "digits cannot undo it");

struct decimal {
    uint64_t significand; /* zero, or not a multiple of ten */
    int exponent;         /* of ten */
};

/* Multiply by a power of ten. False if the product is too large. */
static bool multiply(uint64_t *number, int exponent)
{
    for (; exponent > 0 && *number != 0; exponent--) {
        if (__builtin_mul_overflow(*number, UINT64_C(10), number))
            return false;
    }
    return true;
}

/*
 * Remove the digits, with their point, from the front of `rest`. False if they
 * are too large.
 */
static bool read_digits(struct text *rest, struct decimal *decimal)
{
    bool in_fraction = false;
    int places = 0; /* after the last digit that is not zero */

    for (; rest->length > 0; *rest = text_skip(*rest, 1)) {
        unsigned digit = (unsigned char)rest->data[0] - (unsigned)'0';
        if (rest->data[0] == '.') {
            in_fraction = true;
            continue;
        }
        if (digit > 9)
            break;
        places++;
        decimal->exponent -= in_fraction;
        if (digit == 0)
            continue;
        if (!multiply(&decimal->significand, places) ||
            __builtin_add_overflow(decimal->significand, digit,
                                   &decimal->significand))
            return false;
        places = 0;
    }
    decimal->exponent += places;
    return true;
}

/* `rest` is empty or the exponent, with its letter. */
static int read_exponent(struct text rest)
{
    int exponent = 0;

    if (rest.length == 0)
        return 0;
    bool negative = rest.data[1] == '-';
    rest = text_skip(rest, negative || rest.data[1] == '+' ? 2 : 1);
    for (; rest.length > 0 && exponent < HUGE_EXPONENT;
         rest = text_skip(rest, 1))
        exponent = exponent * 10 + (rest.data[0] - '0');
    return negative ? -exponent : exponent;
}

static bool read_decimal(struct text value, uint64_t highest, uint64_t *result)
{
    struct decimal decimal = {0, 0};
    bool negative = value.data[0] == '-';

    if (!negative && !text_is_digit(value.data[0]))
        return false;
    if (negative)
        value = text_skip(value, 1);
    if (!read_digits(&value, &decimal))
        return false;
    decimal.exponent += read_exponent(value);
    if (decimal.significand != 0 && (negative || decimal.exponent < 0))
        return false;
    if (!multiply(&decimal.significand, decimal.exponent) ||
        decimal.significand > highest)
        return false;
    *result = decimal.significand;
    return true;
}

bool json_integer_read(struct text value, uint64_t highest, uint64_t *result)
{
    uint64_t number = 0;
    size_t digits = 0;

    /* Nearly every integer is written with its digits alone. */
    while (digits < value.length && digits < PLAIN_DIGITS) {
        unsigned digit = (unsigned char)value.data[digits] - (unsigned)'0';
        if (digit > 9)
            break;
        number = number * 10 + digit;
        digits++;
    }
    if (digits < value.length)
        return read_decimal(value, highest, result);
    if (number > highest)
        return false;
    *result = number;
    return true;
}
