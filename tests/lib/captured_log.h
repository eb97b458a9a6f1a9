/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the log writes in a unit test. stderr is meanwhile a SOCK_SEQPACKET
 * socket, which keeps the bounds of writes: one receive returns the bytes of
 * one write(2).
 */
#ifndef LUNAR_TESTS_CAPTURED_LOG_H
#define LUNAR_TESTS_CAPTURED_LOG_H

#include "lib/unit_check.h"

#include <sys/socket.h>
#include <unistd.h>

/* "2026-11-23T20:50:16.123Z info  " */
enum { CAPTURED_PREFIX = 31, CAPTURED_MAX = 16 * 1024 };

struct captured_log {
    int saved, socket;
    unsigned writes;
    size_t length;
    char text[CAPTURED_MAX]; /* of all writes */
};

static inline void captured_log_start(struct captured_log *log)
{
    int sockets[2];

    assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, sockets), 0);
    log->saved = dup(STDERR_FILENO);
    log->socket = sockets[0];
    assert_true(log->saved >= 0);
    assert_true(dup2(sockets[1], STDERR_FILENO) >= 0);
    close(sockets[1]);
}

static inline void captured_log_stop(struct captured_log *log)
{
    ssize_t length = 0;

    dup2(log->saved, STDERR_FILENO);
    close(log->saved);
    log->writes = 0;
    log->length = 0;
    while ((length = recv(log->socket, log->text + log->length,
                          sizeof(log->text) - 1 - log->length, 0)) > 0) {
        log->length += (size_t)length;
        log->writes++;
    }
    assert_int_equal(length, 0);
    log->text[log->length] = '\0';
    close(log->socket);
}

/*
 * Expect one write: first what `shape` has, in which 0 stands for any digit,
 * then `rest`.
 */
static inline void captured_log_expect(const struct captured_log *log,
                                       const char *shape, const char *rest)
{
    assert_int_equal(log->writes, 1);
    for (size_t at = 0; at < strlen(shape); at++) {
        char byte = log->text[at];
        bool digit = byte >= '0' && byte <= '9';
        assert_true(shape[at] == '0' ? digit : byte == shape[at]);
    }
    assert_string_equal(log->text + strlen(shape), rest);
}

#endif
