/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Names of methods.
 */
#include "http/request.h"

#include <stddef.h>

enum http_method http_method_of(struct text name)
{
    static const struct {
        const char *name;
        enum http_method method;
    } methods[] = {
        {"POST", HTTP_POST},
        {"GET", HTTP_GET},
        {"HEAD", HTTP_HEAD},
        {"OPTIONS", HTTP_OPTIONS},
    };
    for (size_t i = 0; i < sizeof(methods) / sizeof(methods[0]); i++) {
        if (text_equal(name, text_of(methods[i].name)))
            return methods[i].method;
    }
    return HTTP_OTHER;
}
