/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A pipe that is full, as that of a program whose output nobody reads. For
 * files that include <cmocka.h>.
 */
#ifndef LUNAR_TESTS_FULL_PIPE_H
#define LUNAR_TESTS_FULL_PIPE_H

#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
    FULL_PIPE_PATIENCE = 60 * 1000, /* ms; only a bound */
    FULL_PIPE_FILLING = '#',        /* no tested text has it */
};

/* Leave no room for another byte. `in` is the end for writing. */
static inline void full_pipe_fill(int in)
{
    const char byte = FULL_PIPE_FILLING;
    int flags = fcntl(in, F_GETFL);

    fcntl(in, F_SETFL, flags | O_NONBLOCK);
    while (write(in, &byte, 1) == 1) {
        /* Bytes, as a pipe that is nearly full takes no longer text. */
    }
    fcntl(in, F_SETFL, flags);
}

/*
 * Read on until `text`, which may be NULL at first, has `end`; if that is NULL,
 * to the end of the stream. Returns the text, without what has filled the pipe.
 * Ownership: `text` is replaced by the result, which the caller frees.
 */
static inline char *full_pipe_read(int out, char *text, const char *end)
{
    size_t length = text == NULL ? 0 : strlen(text);
    ssize_t got = 1;

    while (got > 0 && (text == NULL || end == NULL || !strstr(text, end))) {
        struct pollfd wanted = {out, POLLIN, 0};
        char bytes[4096];
        assert_int_equal(poll(&wanted, 1, FULL_PIPE_PATIENCE), 1);
        got = read(out, bytes, sizeof(bytes));
        if (got < 0)
            abort();
        text = realloc(text, length + (size_t)got + 1);
        if (text == NULL)
            abort();
        for (ssize_t i = 0; i < got; i++) {
            if (bytes[i] != FULL_PIPE_FILLING)
                text[length++] = bytes[i];
        }
        text[length] = '\0';
    }
    if (end != NULL && got == 0)
        fail_msg("the stream ends without \"%s\": %s", end, text);
    return text;
}

#endif
