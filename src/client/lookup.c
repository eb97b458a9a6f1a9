/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whoever is the last to need the struct frees it: the thread, or the one that
 * has asked. The mutex says who that is.
 */
#include "lookup.h"

#include <netdb.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "base/sync.h"

struct lookup {
    /* Set at start, then read-only. */
    char host[NI_MAXHOST], port[NI_MAXSERV];
    pthread_mutex_t lock;
    pthread_cond_t ended;
    /* Guarded by `lock`; read-only once `done`. */
    bool done, abandoned;
    int result;
    struct addrinfo *addresses;
};

static void destroy_lookup(struct lookup *lookup)
{
    if (lookup->addresses != NULL)
        freeaddrinfo(lookup->addresses);
    pthread_cond_destroy(&lookup->ended);
    pthread_mutex_destroy(&lookup->lock);
    free(lookup);
}

static void *run_lookup(void *context)
{
    static const struct addrinfo hints = {.ai_family = AF_UNSPEC,
                                          .ai_socktype = SOCK_STREAM,
                                          .ai_flags = AI_NUMERICSERV};
    struct lookup *lookup = context;
    struct addrinfo *addresses = NULL;
    const char *host = lookup->host[0] != '\0' ? lookup->host : NULL;
    int result = getaddrinfo(host, lookup->port, &hints, &addresses);

    sync_lock(&lookup->lock);
    lookup->result = result;
    lookup->addresses = result == 0 ? addresses : NULL;
    lookup->done = true;
    bool abandoned = lookup->abandoned;
    if (!abandoned)
        sync_signal(&lookup->ended);
    sync_unlock(&lookup->lock);
    if (abandoned)
        destroy_lookup(lookup);
    return NULL;
}

struct lookup *lookup_start(const char *host, const char *port)
{
    struct lookup *lookup = calloc(1, sizeof(*lookup));
    pthread_t thread;

    if (lookup == NULL)
        return NULL;
    snprintf(lookup->host, sizeof(lookup->host), "%s", host);
    snprintf(lookup->port, sizeof(lookup->port), "%s", port);
    sync_mutex_init(&lookup->lock);
    sync_cond_init(&lookup->ended);
    if (pthread_create(&thread, NULL, run_lookup, lookup) != 0) {
        destroy_lookup(lookup);
        return NULL;
    }
    sync_check(pthread_detach(thread), "pthread_detach");
    return lookup;
}

bool lookup_wait(struct lookup *lookup, unsigned ms)
{
    struct timespec deadline = sync_deadline(ms);
    bool in_time = true;

    sync_lock(&lookup->lock);
    while (!lookup->done && in_time)
        in_time = sync_wait_until(&lookup->ended, &lookup->lock, &deadline);
    bool done = lookup->done;
    sync_unlock(&lookup->lock);
    return done;
}

int lookup_result(const struct lookup *lookup,
                  const struct addrinfo **addresses)
{
    *addresses = lookup->addresses;
    return lookup->result;
}

void lookup_free(struct lookup *lookup)
{
    if (lookup == NULL)
        return;
    sync_lock(&lookup->lock);
    bool done = lookup->done;
    lookup->abandoned = true;
    sync_unlock(&lookup->lock);
    if (done)
        destroy_lookup(lookup);
}
