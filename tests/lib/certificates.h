/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Certificates for tests of TLS, made by GnuTLS when they are needed.
 */
#ifndef LUNAR_TEST_CERTIFICATES_H
#define LUNAR_TEST_CERTIFICATES_H

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <gnutls/gnutls.h>
#include <gnutls/x509.h>

struct certificate {
    gnutls_x509_privkey_t key;
    gnutls_x509_crt_t crt;
};

/* What is in one. All but `name` may be left out. */
struct certificate_options {
    const char *name;                 /* common name */
    const char *dns;                  /* subjectAltName */
    const char *address;              /* the same, an IPv4 address */
    time_t from, to;                  /* seconds from now; both 0: an hour */
    const struct certificate *issuer; /* NULL: it is an authority itself */
};

static inline void certificate_check(int result)
{
    if (result < 0)
        abort();
}

static inline void certificate_make(struct certificate *made,
                                    const struct certificate_options *options)
{
    const struct certificate *issuer =
        options->issuer != NULL ? options->issuer : made;
    static unsigned char serial;
    struct in_addr address;
    bool limited = options->from != 0 || options->to != 0;

    serial++;
    certificate_check(gnutls_x509_privkey_init(&made->key));
    certificate_check(gnutls_x509_privkey_generate(
        made->key, GNUTLS_PK_ECDSA,
        GNUTLS_CURVE_TO_BITS(GNUTLS_ECC_CURVE_SECP256R1), 0));
    certificate_check(gnutls_x509_crt_init(&made->crt));
    certificate_check(gnutls_x509_crt_set_version(made->crt, 3));
    certificate_check(gnutls_x509_crt_set_serial(made->crt, &serial, 1));
    certificate_check(gnutls_x509_crt_set_key(made->crt, made->key));
    certificate_check(gnutls_x509_crt_set_dn_by_oid(
        made->crt, GNUTLS_OID_X520_COMMON_NAME, 0, options->name,
        (unsigned)strlen(options->name)));
    certificate_check(gnutls_x509_crt_set_activation_time(
        made->crt, time(NULL) + (limited ? options->from : -3600)));
    certificate_check(gnutls_x509_crt_set_expiration_time(
        made->crt, time(NULL) + (limited ? options->to : 3600)));
    certificate_check(
        gnutls_x509_crt_set_ca_status(made->crt, options->issuer == NULL));
    if (options->dns != NULL)
        certificate_check(gnutls_x509_crt_set_subject_alt_name(
            made->crt, GNUTLS_SAN_DNSNAME, options->dns,
            (unsigned)strlen(options->dns), GNUTLS_FSAN_APPEND));
    if (options->address != NULL &&
        inet_pton(AF_INET, options->address, &address) == 1)
        certificate_check(gnutls_x509_crt_set_subject_alt_name(
            made->crt, GNUTLS_SAN_IPADDRESS, &address, sizeof(address),
            GNUTLS_FSAN_APPEND));
    certificate_check(gnutls_x509_crt_sign2(made->crt, issuer->crt, issuer->key,
                                            GNUTLS_DIG_SHA256, 0));
}

static inline void certificate_release(struct certificate *made)
{
    gnutls_x509_crt_deinit(made->crt);
    gnutls_x509_privkey_deinit(made->key);
}

/* Write it to the file `path` in PEM. */
static inline void certificate_write(const struct certificate *made,
                                     const char *path)
{
    gnutls_datum_t text;
    FILE *file = fopen(path, "we");

    certificate_check(
        gnutls_x509_crt_export2(made->crt, GNUTLS_X509_FMT_PEM, &text));
    if (file == NULL || fwrite(text.data, 1, text.size, file) != text.size ||
        fclose(file) != 0)
        abort();
    gnutls_free(text.data);
}

#endif
