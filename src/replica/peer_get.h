/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A GET to another instance, and its response: a status, a few fields, and a
 * body that is read in parts. By HTTP/1.0, so that the body has no other form
 * than its bytes.
 *
 * Locking: none; one thread.
 */
#ifndef LUNAR_REPLICA_PEER_GET_H
#define LUNAR_REPLICA_PEER_GET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/text.h"
#include "client/connection.h"
#include "store/journal.h"

enum {
    PEER_GET_CONNECT_MS = 5000,  /* for the name, all addresses of it and TLS */
    PEER_GET_BUFFER = 64 * 1024, /* bytes of the head, at most, and of a part */
    /* A body that comes slower than this is given up. */
    PEER_GET_SLOW_BYTES = 30 * 1024,
    PEER_GET_SLOW_MS = 30000,
};

/* Embedded; large. Private, but where it says so. */
struct peer_get {
    const struct peer_question *question;
    struct client_connection connection;
    struct client_options options; /* of the connection */
    unsigned status;               /* of the response, as 200 */
    bool has_length;
    uint64_t length;   /* of the body, if it `has_length` */
    uint64_t position; /* Lunar-Position of the response; 0: none */
    uint64_t received; /* bytes of the body */
    uint64_t deadline; /* for PEER_GET_SLOW_BYTES more of the body */
    uint64_t counted;  /* bytes of the body at the last deadline */
    size_t start, end; /* of what is left of the buffer */
    char buffer[PEER_GET_BUFFER];
};

/* How other instances are asked. All borrowed. */
struct peer_access {
    const char *token_file; /* of -peer-token; NULL: without a token */
    const char *ca_file;    /* of -ca-file; NULL: the system's authorities */
};

/* What is asked. All borrowed until peer_get_close(). */
struct peer_question {
    struct text peer; /* URL of the instance, as in -peer */
    const char *path; /* behind that: "/health" */
    const struct peer_access *access;
    unsigned answer_ms;                      /* until the response has begun */
    const struct journal_watch *watch;       /* NULL: nothing interrupts */
    const struct journal_progress *progress; /* for the watch */
};

/*
 * Ask, and receive the head of the response, whatever its status is. Also if it
 * fails, peer_get_close() ends it. JOURNAL_FAILED: `error` says what is wrong
 * with the peer, without its URL.
 */
enum journal_replayed peer_get_open(struct peer_get *get,
                                    const struct peer_question *question,
                                    char error[JOURNAL_ERROR]);

/*
 * Set `*part` to the next bytes of the body, until the next call; empty: it is
 * complete.
 */
enum journal_replayed peer_get_read(struct peer_get *get, struct text *part,
                                    char error[JOURNAL_ERROR]);

/*
 * The response was not what was asked for: write its status, the `detail` of a
 * problem (RFC 9457), if it has one, and what to do about a token. Reads the
 * body.
 */
void peer_get_explain(struct peer_get *get, char error[JOURNAL_ERROR]);

void peer_get_close(struct peer_get *get);

#endif
