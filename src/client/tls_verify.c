/* SPDX-License-Identifier: Apache-2.0 */
/*
 * GnuTLS decides; this file asks it, is stricter in one case, and puts into
 * words which of the reasons it gives is the one to do something about.
 */
#include "tls_verify.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include <gnutls/x509.h>

#include "base/log.h"
#include "base/text.h"

enum {
    MAX_NAME = 256, /* bytes of a name of a certificate, with a NUL */
    MAX_NAMES = 3 * MAX_NAME,
    SHOWN_NAMES = 200, /* bytes of them in an error */
    MAX_TIME = 32,
};

static bool fail(const char *what, char error[CLIENT_ERROR])
{
    snprintf(error, CLIENT_ERROR, "%s", what);
    return false;
}

/* The certificate of the other side itself. NULL if it cannot be read. */
static gnutls_x509_crt_t own_certificate(gnutls_session_t session)
{
    unsigned count = 0;
    const gnutls_datum_t *list = gnutls_certificate_get_peers(session, &count);
    gnutls_x509_crt_t certificate = NULL;

    if (list == NULL || count == 0 ||
        gnutls_x509_crt_init(&certificate) != GNUTLS_E_SUCCESS)
        return NULL;
    if (gnutls_x509_crt_import(certificate, &list[0], GNUTLS_X509_FMT_DER) ==
        GNUTLS_E_SUCCESS)
        return certificate;
    gnutls_x509_crt_deinit(certificate);
    return NULL;
}

/*
 * Get a subjectAltName, NUL-terminated. Returns its type, of GnuTLS; a negative
 * number for one that cannot be read; GNUTLS_E_REQUESTED_DATA_NOT_AVAILABLE
 * behind the last.
 */
static int name_at(gnutls_x509_crt_t certificate, unsigned index,
                   char name[MAX_NAME], size_t *size)
{
    *size = MAX_NAME - 1;
    int type = gnutls_x509_crt_get_subject_alt_name(certificate, index, name,
                                                    size, NULL);

    name[type >= 0 ? *size : 0] = '\0';
    return type;
}

/* Write the names and addresses that a certificate is for, with commas. */
static void list_names(gnutls_x509_crt_t certificate, char out[MAX_NAMES])
{
    char name[MAX_NAME], shown[MAX_NAME];
    size_t size, length = 0;
    int type = 0;

    out[0] = '\0';
    for (unsigned i = 0; type != GNUTLS_E_REQUESTED_DATA_NOT_AVAILABLE &&
                         length < MAX_NAMES - MAX_NAME - 2;
         i++) {
        type = name_at(certificate, i, name, &size);
        int family = size == sizeof(struct in_addr) ? AF_INET : AF_INET6;
        if (type == GNUTLS_SAN_DNSNAME)
            log_escape_word(text_of(name), shown, sizeof(shown));
        else if (type != GNUTLS_SAN_IPADDRESS ||
                 inet_ntop(family, name, shown, sizeof(shown)) == NULL)
            continue;
        length += (size_t)snprintf(out + length, MAX_NAMES - length, "%s%s",
                                   length > 0 ? ", " : "", shown);
    }
}

/*
 * Whether a certificate has a subjectAltName of this type. GnuTLS takes the
 * common name of one that has not, which RFC 9525 section 1.2 no longer does.
 */
static bool has_name(gnutls_x509_crt_t certificate, int wanted)
{
    char name[MAX_NAME];
    size_t size;
    int type = 0;

    for (unsigned i = 0; type != GNUTLS_E_REQUESTED_DATA_NOT_AVAILABLE; i++) {
        type = name_at(certificate, i, name, &size);
        if (type == wanted)
            return true;
    }
    return false;
}

/* Whether the host is one of the certificate's, as far as GnuTLS `found`. */
static bool verify_name(gnutls_session_t session, const char *host, bool found,
                        char error[CLIENT_ERROR])
{
    gnutls_x509_crt_t certificate = own_certificate(session);
    char names[MAX_NAMES] = "", binary[sizeof(struct in6_addr)];
    bool address = inet_pton(AF_INET, host, binary) == 1 ||
                   inet_pton(AF_INET6, host, binary) == 1;

    if (certificate == NULL)
        return fail("its certificate cannot be read", error);
    bool good = found && has_name(certificate, address ? GNUTLS_SAN_IPADDRESS
                                                       : GNUTLS_SAN_DNSNAME);
    list_names(certificate, names);
    gnutls_x509_crt_deinit(certificate);
    if (!good)
        snprintf(error, CLIENT_ERROR,
                 "its certificate is for %.*s, not for %s: use a name that it "
                 "has, or give it %s as a subjectAltName",
                 SHOWN_NAMES, names[0] != '\0' ? names : "no host", host, host);
    return good;
}

/* The time until which, or from which, the certificate is valid. */
static bool fail_time(gnutls_session_t session, bool expired,
                      char error[CLIENT_ERROR])
{
    time_t limit = expired ? gnutls_certificate_expiration_time_peers(session)
                           : gnutls_certificate_activation_time_peers(session);
    char when[MAX_TIME] = "";
    struct tm parts;

    if (limit != (time_t)-1 && gmtime_r(&limit, &parts) != NULL)
        strftime(when, sizeof(when), " %Y-%m-%dT%H:%M:%SZ", &parts);
    snprintf(error, CLIENT_ERROR, "its certificate %s%s: %s",
             expired ? "has expired, on" : "is not valid before", when,
             expired ? "it has to be renewed there, if the clock of this "
                       "machine is right"
                     : "check the clock of this machine, and of the one that "
                       "made it");
    return false;
}

static bool fail_authority(const char *ca_file, char error[CLIENT_ERROR])
{
    if (ca_file == NULL)
        return fail("its certificate is of no authority that this system "
                    "trusts: give that authority's certificate with "
                    "-ca-file=FILE",
                    error);
    snprintf(error, CLIENT_ERROR,
             "its certificate is of no authority in %s: add that authority's "
             "certificate to the file",
             ca_file);
    return false;
}

/* Name the reason that has to be dealt with first. Always false. */
static bool fail_status(gnutls_session_t session, unsigned status,
                        const char *ca_file, char error[CLIENT_ERROR])
{
    gnutls_datum_t text = {NULL, 0};

    if (status & GNUTLS_CERT_SIGNER_NOT_FOUND)
        return fail_authority(ca_file, error);
    if (status & GNUTLS_CERT_EXPIRED)
        return fail_time(session, true, error);
    if (status & GNUTLS_CERT_NOT_ACTIVATED)
        return fail_time(session, false, error);
    if (gnutls_certificate_verification_status_print(
            status, GNUTLS_CRT_X509, &text, 0) == GNUTLS_E_SUCCESS) {
        struct text reason = {(const char *)text.data,
                              strlen((char *)text.data)};
        snprintf(error, CLIENT_ERROR, "its certificate is refused: %.*s",
                 (int)text_trim(reason).length, reason.data);
        gnutls_free(text.data);
        return false;
    }
    return fail("its certificate is refused", error);
}

bool client_tls_verify(gnutls_session_t session, const char *host,
                       const char *ca_file, char error[CLIENT_ERROR])
{
    unsigned status = 0;
    int result = gnutls_certificate_verify_peers3(session, host, &status);

    if (result != GNUTLS_E_SUCCESS) {
        snprintf(error, CLIENT_ERROR, "its certificate cannot be verified: %s",
                 gnutls_strerror(result));
        return false;
    }
    /* The name last: it can only be relied on with the rest. */
    if ((status &
         ~(unsigned)(GNUTLS_CERT_INVALID | GNUTLS_CERT_UNEXPECTED_OWNER)) != 0)
        return fail_status(session, status, ca_file, error);
    return verify_name(session, host, status == 0, error);
}
