/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A number is abbreviated like a floating-point number: to an exponent and
 * its leading binary digits. The last bit is a sticky bit, as in
 * floating-point rounding: it is set if the number has other digits that are
 * not zero.
 */
#include "abbreviation.h"

enum {
    NUMBER_DIGITS = 26,
    INTEGER_DIGITS = 25,
    TIME_DIGITS = 26,
    /*
     * Powers of two, for speed. A second has only 954 steps of this length. A
     * leap second, which follows without a number of its own, has the others;
     * most of it is in the last one.
     */
    STEPS_A_SECOND = 1 << 10,
    STEP_NANOSECONDS = 1 << 20,
};

/* The key of zero in a signed column. */
#define MIDDLE (UINT32_C(1) << 31)

/*
 * Seconds, some 557,000 years. On each side, all times that are further from
 * the reference have the same key.
 */
#define MAX_DISTANCE (INT64_C(1) << 44)

/*
 * The key of `magnitude` or, if `more`, of a value between it and the next
 * integer. A magnitude of at most `digits` binary digits is kept whole. Of a
 * larger one the first `digits` digits are kept, so each doubling of the
 * magnitude has the same number of keys.
 */
static uint32_t abbreviate(uint64_t magnitude, bool more, unsigned digits)
{
    if (magnitude >> digits == 0)
        return (uint32_t)(2 * magnitude + more);

    unsigned length = 64 - (unsigned)__builtin_clzll(magnitude);
    unsigned shift = length - digits;
    uint64_t kept = magnitude >> shift;
    bool lost = more || kept << shift != magnitude;
    return (uint32_t)(2 * (((uint64_t)shift << (digits - 1)) + kept) + lost);
}

uint32_t abbreviation_of_number(uint64_t number)
{
    return abbreviate(number, false, NUMBER_DIGITS);
}

uint32_t abbreviation_of_integer(int64_t integer)
{
    if (integer < 0)
        return MIDDLE - abbreviate(-(uint64_t)integer, false, INTEGER_DIGITS);
    return MIDDLE + abbreviate((uint64_t)integer, false, INTEGER_DIGITS);
}

/*
 * The key of a time at `steps` from the reference or, if `more`, between this
 * step and the next.
 */
static uint32_t abbreviate_steps(int64_t steps, bool more)
{
    if (steps >= 0)
        return MIDDLE + abbreviate((uint64_t)steps, more, TIME_DIGITS);
    uint64_t magnitude = -(uint64_t)steps - (more ? 1 : 0);
    return MIDDLE - abbreviate(magnitude, more, TIME_DIGITS);
}

uint32_t abbreviation_of_time(const struct timestamp *time, int64_t reference)
{
    int64_t part = time->nanoseconds / STEP_NANOSECONDS;
    bool more = time->nanoseconds % STEP_NANOSECONDS != 0;
    int64_t distance;

    if (part >= STEPS_A_SECOND) {
        part = STEPS_A_SECOND - 1;
        more = true;
    }
    if (__builtin_sub_overflow(time->seconds, reference, &distance))
        distance = time->seconds < reference ? INT64_MIN : INT64_MAX;
    if (distance >= MAX_DISTANCE)
        return abbreviate_steps(MAX_DISTANCE * STEPS_A_SECOND, true);
    if (distance < -MAX_DISTANCE)
        return abbreviate_steps(-MAX_DISTANCE * STEPS_A_SECOND - 1, true);
    return abbreviate_steps(distance * STEPS_A_SECOND + part, more);
}

uint32_t abbreviation_of_text(struct text text)
{
    uint32_t start = 0;

    for (size_t i = 0; i < sizeof(start); i++)
        start =
            start << 8 | (i < text.length ? (unsigned char)text.data[i] : 0U);
    /*
     * UTF-8 has no byte 0xff (RFC 3629 section 1), but the order must hold for
     * any bytes.
     */
    return start == ABBREVIATION_UNKNOWN ? start - 1 : start;
}

bool abbreviation_of_prefix(struct text prefix, uint32_t *first, uint32_t *last)
{
    unsigned length = prefix.length < 4 ? (unsigned)prefix.length : 4;

    *first = abbreviation_of_text(prefix);
    *last = length == 4 ? *first : *first | UINT32_MAX >> 8 * length;
    return prefix.length < 4 ||
           (prefix.length == 4 && *first != ABBREVIATION_UNKNOWN - 1);
}

bool abbreviation_is_exact(uint32_t abbreviation)
{
    return abbreviation % 2 == 0 || abbreviation == ABBREVIATION_UNKNOWN;
}
