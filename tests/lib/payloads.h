/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Checks that a generator of messages sets every member of every payload. A
 * generator with an empty case for a type draws payloads of zeros, with which
 * most tests pass. The members are those that message_of_type() sets. They are
 * compared as words of memory, so that a new member needs no change here.
 */
#ifndef LUNAR_TESTS_PAYLOADS_H
#define LUNAR_TESTS_PAYLOADS_H

#include <assert.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "lib/messages.h"

enum {
    PAYLOADS_BEGIN = offsetof(struct message, rocket_type),
    PAYLOADS_WORDS =
        (sizeof(struct message) - PAYLOADS_BEGIN) / sizeof(uint64_t),
};

static_assert(PAYLOADS_WORDS * sizeof(uint64_t) + PAYLOADS_BEGIN ==
                  sizeof(struct message),
              "the payload consists of whole words, and is last");

/* The messages that a generator has drawn; all zero at first. */
struct payloads {
    unsigned drawn[MESSAGE_TYPE_COUNT];
    uint64_t words[MESSAGE_TYPE_COUNT][PAYLOADS_WORDS]; /* all ORed */
};

static inline void payloads_add(struct payloads *payloads,
                                const struct message *message)
{
    uint64_t words[PAYLOADS_WORDS];

    memcpy(words, (const char *)message + PAYLOADS_BEGIN, sizeof(words));
    for (size_t i = 0; i < PAYLOADS_WORDS; i++)
        payloads->words[message->type][i] |= words[i];
    payloads->drawn[message->type]++;
}

/* Fail unless each type was drawn, with each of its members set in one draw. */
static inline void payloads_assert_complete(const struct payloads *payloads)
{
    for (unsigned i = 0; i < MESSAGE_TYPE_COUNT; i++) {
        enum message_type type = (enum message_type)i;
        struct message message = message_of_type(type, "r", 1);
        struct payloads complete = {0};

        payloads_add(&complete, &message);
        if (payloads->drawn[type] == 0)
            fail_msg("%s is never drawn", messages_type_name(type));
        for (size_t j = 0; j < PAYLOADS_WORDS; j++) {
            if (complete.words[type][j] != 0 && payloads->words[type][j] == 0)
                fail_msg("%s: the member at byte %zu of struct message is "
                         "never set",
                         messages_type_name(type),
                         PAYLOADS_BEGIN + j * sizeof(uint64_t));
        }
    }
}

#endif
