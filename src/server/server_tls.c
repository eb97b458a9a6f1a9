/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The certificate in use is one pointer, guarded by a lock that is held for the
 * moment in which a connection takes a reference of what it points to. A reload
 * exchanges the pointer, and drops the reference that it had: so the old
 * certificate is freed by the last connection that was opened with it.
 */
#include "server/server_tls.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/metrics.h"
#include "base/sync.h"
#include "tls_credential.h"
#include "tls_current.h"

struct server_tls {
    /* Set at start, then read-only. */
    char *certificate, *key; /* paths */
    struct metrics *metrics; /* may be NULL */
    pthread_mutex_t lock;
    struct tls_credential *current; /* guarded by `lock` */
};

static void read_expiry(void *context, uint64_t values[])
{
    int64_t expiry = server_tls_expiry(context);

    values[0] = expiry < 0 ? 0 : (uint64_t)expiry;
}

static const struct metric_family expiry_family = {
    .type = METRIC_GAUGE,
    .name = "lunar_tls_certificate_expiry_timestamp_seconds",
    .help = "When the certificate in use, or one of its chain, expires, in "
            "seconds since 1970.",
    .zero_is_unknown = true,
    .read = read_expiry,
};

struct tls_credential *tls_current(struct server_tls *tls)
{
    sync_lock(&tls->lock);
    struct tls_credential *credential = tls_credential_use(tls->current);
    sync_unlock(&tls->lock);
    return credential;
}

struct server_tls *server_tls_open(const char *certificate, const char *key,
                                   struct metrics *metrics,
                                   char error[SERVER_TLS_ERROR])
{
    struct server_tls *tls = calloc(1, sizeof(*tls));

    if (tls == NULL) {
        snprintf(error, SERVER_TLS_ERROR, "not enough memory to read %s",
                 certificate);
        return NULL;
    }
    sync_mutex_init(&tls->lock);
    tls->certificate = strdup(certificate);
    tls->key = strdup(key);
    if (tls->certificate != NULL && tls->key != NULL)
        tls->current = tls_credential_read(certificate, key, error);
    else
        snprintf(error, SERVER_TLS_ERROR, "not enough memory to read %s",
                 certificate);
    if (tls->current == NULL) {
        server_tls_free(tls);
        return NULL;
    }
    tls_credential_warn(tls->current, certificate, time(NULL));
    tls->metrics = metrics;
    metrics_add(metrics, &expiry_family, tls);
    return tls;
}

/*
 * An expired certificate is better than no service, but not than one that is
 * still valid.
 */
bool server_tls_reload(struct server_tls *tls, char error[SERVER_TLS_ERROR])
{
    int64_t now = time(NULL);
    struct tls_credential *fresh =
        tls_credential_read(tls->certificate, tls->key, error);

    if (fresh == NULL)
        return false;
    if (fresh->expiry <= now && server_tls_expiry(tls) > now) {
        snprintf(error, SERVER_TLS_ERROR,
                 "the certificate %s of -tls-cert has expired: replace it by a "
                 "valid one, and send SIGHUP again",
                 tls->certificate);
        tls_credential_drop(fresh);
        return false;
    }
    tls_credential_warn(fresh, tls->certificate, now);
    sync_lock(&tls->lock);
    struct tls_credential *old = tls->current;
    tls->current = fresh;
    sync_unlock(&tls->lock);
    tls_credential_drop(old);
    return true;
}

int64_t server_tls_expiry(const struct server_tls *tls)
{
    struct tls_credential *credential = tls_current((struct server_tls *)tls);
    int64_t expiry = credential->expiry;

    tls_credential_drop(credential);
    return expiry;
}

void server_tls_free(struct server_tls *tls)
{
    if (tls == NULL)
        return;
    metrics_forget(tls->metrics, tls);
    tls_credential_drop(tls->current);
    pthread_mutex_destroy(&tls->lock);
    free(tls->certificate);
    free(tls->key);
    free(tls);
}
