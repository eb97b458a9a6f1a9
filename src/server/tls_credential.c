/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The certificate is public, so any file that can be read will do; the key's
 * file is private (base/private_file.h).
 */
#include "tls_credential.h"

#include <assert.h>
#include <errno.h>
#include <gnutls/x509.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "base/log.h"
#include "base/private_file.h"

enum {
    MAX_BYTES = 1024 * 1024, /* of a file */
    KEY_ID = 64,             /* bytes of a key's hash, at most */
    DATE = 32,
};

/* Always false, for the caller to return. */
__attribute__((format(printf, 2, 3))) static bool
refuse(char error[SERVER_TLS_ERROR], const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(error, SERVER_TLS_ERROR, format, arguments);
    va_end(arguments);
    return false;
}

/* The bytes with a NUL behind them; NULL with an error. free(3) them. */
static char *read_public(const char *path, size_t *length,
                         char error[SERVER_TLS_ERROR])
{
    struct stat found;
    char *data = NULL;
    FILE *file = fopen(path, "re");

    if (file == NULL || fstat(fileno(file), &found) != 0)
        refuse(error, "can't read the certificate %s of -tls-cert: %s: %s",
               path, strerrordesc_np(errno),
               errno == ENOENT ? private_file_absent(path)
                               : "let the user of the service read it");
    else if (!S_ISREG(found.st_mode))
        refuse(error,
               "%s of -tls-cert is not a regular file: name a file of PEM",
               path);
    else if ((data = malloc(MAX_BYTES + 1)) == NULL)
        refuse(error, "not enough memory to read %s", path);
    if (data != NULL) {
        *length = fread(data, 1, MAX_BYTES, file);
        data[*length] = '\0';
    }
    if (data != NULL && (ferror(file) || (*length == MAX_BYTES))) {
        refuse(error, "can't read the certificate %s of -tls-cert: %s", path,
               ferror(file) ? "an error of the disk" : "it is over 1 MiB");
        free(data);
        data = NULL;
    }
    if (file != NULL)
        fclose(file);
    return data;
}

static bool refuse_certificate(const char *path, const char *data, int reason,
                               char error[SERVER_TLS_ERROR])
{
    if (reason == GNUTLS_E_CERTIFICATE_LIST_UNSORTED)
        return refuse(error,
                      "the certificates in %s of -tls-cert are in the wrong "
                      "order: put the server's own first, and behind each one "
                      "that of its issuer",
                      path);
    if (strstr(data, "PRIVATE KEY-----") != NULL &&
        strstr(data, "BEGIN CERTIFICATE-----") == NULL)
        return refuse(error,
                      "%s of -tls-cert has a private key and no certificate: "
                      "give the key as -tls-key, the certificate as -tls-cert",
                      path);
    if (strstr(data, "-----BEGIN ") == NULL)
        return refuse(error,
                      "%s of -tls-cert has no certificate in PEM (\"-----BEGIN "
                      "CERTIFICATE-----\"): if it is DER, convert it: openssl "
                      "x509 -inform der -in %s",
                      path, path);
    return refuse(error,
                  "%s of -tls-cert has a certificate that cannot be read (%s): "
                  "look at it by openssl x509 -text -in %s",
                  path, gnutls_strerror(reason), path);
}

/* 0, or an error of GnuTLS. */
static int add_certificate(struct tls_credential *credential,
                           gnutls_x509_crt_t certificate)
{
    int64_t begin = gnutls_x509_crt_get_activation_time(certificate);
    int64_t expiry = gnutls_x509_crt_get_expiration_time(certificate);
    bool first = credential->length == 0;

    int result = gnutls_pcert_import_x509(
        &credential->chain[credential->length], certificate, 0);
    if (result < 0)
        return result;
    credential->length++;
    if (first || begin > credential->begin)
        credential->begin = begin;
    if (first || expiry < credential->expiry)
        credential->expiry = expiry;
    return 0;
}

/* Whether all of `list` fits, and is in the credential then. */
static bool take_chain(struct tls_credential *credential,
                       gnutls_x509_crt_t *list, unsigned count,
                       const char *path, char error[SERVER_TLS_ERROR])
{
    unsigned bits = 0;

    if (count > TLS_MAX_CHAIN)
        return refuse(error,
                      "%s of -tls-cert has %u certificates, more than %d: "
                      "leave only the server's own and those of its issuers",
                      path, count, TLS_MAX_CHAIN);
    for (unsigned i = 0; i < count; i++) {
        int result = add_certificate(credential, list[i]);
        if (result < 0)
            return refuse_certificate(path, "-----BEGIN ", result, error);
    }
    int algorithm = gnutls_x509_crt_get_pk_algorithm(list[0], &bits);
    if (algorithm >= 0 &&
        gnutls_pk_bits_to_sec_param((gnutls_pk_algorithm_t)algorithm, bits) <
            GNUTLS_SEC_PARAM_MEDIUM)
        credential->weak_bits = bits;
    return true;
}

static bool read_chain(struct tls_credential *credential, const char *path,
                       char error[SERVER_TLS_ERROR])
{
    gnutls_x509_crt_t *list = NULL;
    unsigned count = 0;
    size_t length;
    char *data = read_public(path, &length, error);

    if (data == NULL)
        return false;
    gnutls_datum_t bytes = {(unsigned char *)data, (unsigned)length};
    int result =
        gnutls_x509_crt_list_import2(&list, &count, &bytes, GNUTLS_X509_FMT_PEM,
                                     GNUTLS_X509_CRT_LIST_FAIL_IF_UNSORTED);
    bool good = result < 0 ? refuse_certificate(path, data, result, error)
                           : take_chain(credential, list, count, path, error);
    for (unsigned i = 0; result >= 0 && i < count; i++)
        gnutls_x509_crt_deinit(list[i]);
    if (result >= 0)
        gnutls_free(list);
    free(data);
    return good;
}

static bool import_key(struct tls_credential *credential, const char *path,
                       const struct private_file *file,
                       char error[SERVER_TLS_ERROR])
{
    gnutls_datum_t bytes = {(unsigned char *)file->data,
                            (unsigned)file->length};

    if (strstr(file->data, "-----BEGIN ENCRYPTED ") != NULL ||
        strstr(file->data, "Proc-Type: 4,ENCRYPTED") != NULL)
        return refuse(error,
                      "the key %s of -tls-key is encrypted, and nobody can be "
                      "asked for its password: decrypt it by openssl pkey -in "
                      "%s -out FILE, and protect FILE by its permissions",
                      path, path);
    if (strstr(file->data, "PRIVATE KEY-----") == NULL)
        return refuse(error,
                      "%s of -tls-key has no private key in PEM (\"-----BEGIN "
                      "PRIVATE KEY-----\"): if it is DER, convert it: openssl "
                      "pkey -inform der -in %s",
                      path, path);
    int result = gnutls_privkey_import_x509_raw(credential->key, &bytes,
                                                GNUTLS_X509_FMT_PEM, NULL, 0);
    if (result < 0)
        return refuse(error,
                      "the key %s of -tls-key cannot be read (%s): look at it "
                      "by openssl pkey -noout -check -in %s",
                      path, gnutls_strerror(result), path);
    return true;
}

static bool read_key(struct tls_credential *credential, const char *path,
                     char error[SERVER_TLS_ERROR])
{
    static const struct private_file_rules rules = {.flag = "-tls-key",
                                                    .max_bytes = MAX_BYTES};
    struct private_file file;

    static_assert((int)SERVER_TLS_ERROR >= (int)PRIVATE_FILE_ERROR,
                  "room for its error");
    if (gnutls_privkey_init(&credential->key) < 0)
        return refuse(error, "not enough memory to read %s", path);
    if (!private_file_read(&file, path, &rules, error))
        return false;
    bool good = import_key(credential, path, &file, error);
    private_file_release(&file);
    return good;
}

/* Whether the key is that of the certificate. */
static bool match(const struct tls_credential *credential)
{
    unsigned char own[KEY_ID], certified[KEY_ID];
    size_t own_size = sizeof(own), certified_size = sizeof(certified);
    gnutls_pubkey_t key;

    if (gnutls_pubkey_init(&key) < 0)
        return false;
    bool same = gnutls_pubkey_import_privkey(key, credential->key, 0, 0) >= 0 &&
                gnutls_pubkey_get_key_id(key, GNUTLS_KEYID_USE_SHA256, own,
                                         &own_size) >= 0 &&
                gnutls_pubkey_get_key_id(credential->chain[0].pubkey,
                                         GNUTLS_KEYID_USE_SHA256, certified,
                                         &certified_size) >= 0 &&
                own_size == certified_size &&
                memcmp(own, certified, own_size) == 0;
    gnutls_pubkey_deinit(key);
    return same;
}

struct tls_credential *tls_credential_read(const char *certificate,
                                           const char *key,
                                           char error[SERVER_TLS_ERROR])
{
    struct tls_credential *credential = calloc(1, sizeof(*credential));

    if (credential == NULL) {
        refuse(error, "not enough memory to read %s", certificate);
        return NULL;
    }
    atomic_init(&credential->references, 1);
    if (read_chain(credential, certificate, error) &&
        read_key(credential, key, error)) {
        if (match(credential))
            return credential;
        refuse(error,
               "the key %s of -tls-key is not that of the certificate %s of "
               "-tls-cert: give the two that were made together, the server's "
               "own certificate being the first of its file",
               key, certificate);
    }
    tls_credential_drop(credential);
    return NULL;
}

struct tls_credential *tls_credential_use(struct tls_credential *credential)
{
    atomic_fetch_add(&credential->references, 1);
    return credential;
}

void tls_credential_drop(struct tls_credential *credential)
{
    if (credential == NULL || atomic_fetch_sub(&credential->references, 1) > 1)
        return;
    for (unsigned i = 0; i < credential->length; i++)
        gnutls_pcert_deinit(&credential->chain[i]);
    if (credential->key != NULL)
        gnutls_privkey_deinit(credential->key);
    free(credential);
}

static void write_date(int64_t seconds, char date[DATE])
{
    struct tm parts;
    time_t time = (time_t)seconds;

    if (gmtime_r(&time, &parts) == NULL ||
        strftime(date, DATE, "%Y-%m-%dT%H:%M:%SZ", &parts) == 0)
        snprintf(date, DATE, "%lld", (long long)seconds);
}

void tls_credential_warn(const struct tls_credential *credential,
                         const char *certificate, int64_t now)
{
    char date[DATE];

    if (credential->expiry <= now) {
        write_date(credential->expiry, date);
        log_line(LOG_ERROR,
                 "the certificate %s expired at %s, and clients refuse it: "
                 "replace it, and send SIGHUP",
                 certificate, date);
    } else if (credential->begin > now) {
        write_date(credential->begin, date);
        log_line(LOG_ERROR,
                 "the certificate %s is not valid before %s, and clients "
                 "refuse it: check the clock of this machine",
                 certificate, date);
    }
    if (credential->weak_bits > 0)
        log_line(LOG_WARN,
                 "the key of the certificate %s has only %u bits, and clients "
                 "may refuse it: make a new one, such as of ECDSA P-256",
                 certificate, credential->weak_bits);
}
