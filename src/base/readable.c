/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Each function returns its text by value, so no caller frees anything.
 */
#include "base/readable.h"

#include <stdio.h>

#include "base/log.h"
#include "base/text.h"

struct readable_number readable_number(uint64_t value)
{
    struct readable_number number = {""};
    char digits[sizeof(number.text)];
    int length = snprintf(digits, sizeof(digits), "%ju", (uintmax_t)value);
    size_t end = 0;

    for (int i = 0; i < length; i++) {
        if (i > 0 && (length - i) % 3 == 0)
            number.text[end++] = ',';
        number.text[end++] = digits[i];
    }
    return number;
}

struct readable_time readable_time(uint64_t seconds)
{
    static const struct {
        const char *name;
        uint64_t seconds;
    } units[] = {{"d", 86400}, {"h", 3600}, {"min", 60}, {"s", 1}};
    struct readable_time time;
    size_t i = 0;

    while (i < 3 && seconds < units[i].seconds)
        i++;
    int length =
        snprintf(time.text, sizeof(time.text), "%ju %s",
                 (uintmax_t)(seconds / units[i].seconds), units[i].name);
    if (i < 3)
        snprintf(time.text + length, sizeof(time.text) - (size_t)length,
                 " %ju %s",
                 (uintmax_t)(seconds % units[i].seconds / units[i + 1].seconds),
                 units[i + 1].name);
    return time;
}

struct readable_path readable_path(const char *path)
{
    struct readable_path escaped = {""};

    log_escape(text_of(path), escaped.text, sizeof(escaped.text));
    return escaped;
}
