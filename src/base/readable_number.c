/* SPDX-License-Identifier: Apache-2.0 */
#include "base/readable_number.h"

#include <stddef.h>
#include <stdio.h>

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
