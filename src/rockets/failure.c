/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The codes of curl, in words that say what the user may check.
 */
#include "failure.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

static enum transport_result explain_no_room(const char *reason,
                                             struct transport_failure *failure)
{
    snprintf(failure->cause, sizeof(failure->cause),
             "can't connect, no local port or descriptor is left (%s)", reason);
    return TRANSPORT_NO_ROOM;
}

static enum transport_result
explain_no_connection(CURL *easy, CURLcode code, int socket_error,
                      struct transport_failure *failure)
{
    long error = socket_error;
    const char *reason;

    if (error == 0)
        curl_easy_getinfo(easy, CURLINFO_OS_ERRNO, &error);
    reason =
        error != 0 ? strerrordesc_np((int)error) : curl_easy_strerror(code);
    if (error == EADDRNOTAVAIL || error == EMFILE || error == ENFILE)
        return explain_no_room(reason, failure);
    snprintf(failure->cause, sizeof(failure->cause), "can't connect (%s)",
             reason);
    failure->advice = "Is the service running, and is this its port?";
    return TRANSPORT_NO_CONNECTION;
}

/* Whether the URL is of http://. A port for TLS closes such a connection. */
static bool is_plain(CURL *easy)
{
    char *scheme = NULL;

    return curl_easy_getinfo(easy, CURLINFO_SCHEME, &scheme) == CURLE_OK &&
           scheme != NULL && strcasecmp(scheme, "http") == 0;
}

/*
 * The error if there are no two descriptors, as for a connection, which curl
 * has closed by now, and the file of --ca-file; else 0. Of a file for which
 * there was none curl says the same as of one that is not PEM.
 */
static int find_scarcity(void)
{
    int ends[2];

    if (pipe2(ends, O_CLOEXEC) != 0)
        return errno;
    close(ends[0]);
    close(ends[1]);
    return 0;
}

/* curl says which of its names, dates or signatures is the reason. */
static enum transport_result
explain_certificate(const char *text, CURLcode code,
                    struct transport_failure *failure)
{
    const char *reason = text[0] != '\0' ? text : curl_easy_strerror(code);

    snprintf(failure->cause, sizeof(failure->cause),
             "can't trust the service (%.*s)", (int)strcspn(reason, "\r\n"),
             reason);
    failure->advice =
        code == CURLE_SSL_CACERT_BADFILE
            ? "Give the authorities in PEM by --ca-file=FILE."
            : "Use a name or address that the certificate has, and give the "
              "authority that signed it by --ca-file=FILE; --insecure accepts "
              "any certificate.";
    return TRANSPORT_UNTRUSTED;
}

enum transport_result failure_explain(CURL *easy, CURLcode code,
                                      const struct failure_trace *trace,
                                      struct transport_failure *failure)
{
    enum transport_result result = TRANSPORT_NO_RESPONSE;
    int scarcity = 0;

    failure->status = 0;
    failure->advice = "";
    switch (code) {
    case CURLE_COULDNT_CONNECT:
        return explain_no_connection(easy, code, trace->socket_error, failure);
    case CURLE_COULDNT_RESOLVE_HOST:
        snprintf(failure->cause, sizeof(failure->cause), "can't connect (%s)",
                 curl_easy_strerror(code));
        failure->advice = "Is the name right?";
        return TRANSPORT_UNKNOWN_HOST;
    case CURLE_OPERATION_TIMEDOUT:
        snprintf(failure->cause, sizeof(failure->cause),
                 "no response within %d s", TRANSPORT_TIMEOUT_MS / 1000);
        return TRANSPORT_TIMED_OUT;
    case CURLE_SSL_CACERT_BADFILE:
        scarcity = find_scarcity();
        if (scarcity != 0)
            return explain_no_room(strerrordesc_np(scarcity), failure);
        return explain_certificate(trace->text, code, failure);
    case CURLE_PEER_FAILED_VERIFICATION:
        return explain_certificate(trace->text, code, failure);
    case CURLE_GOT_NOTHING:
    case CURLE_RECV_ERROR: /* the same, if it was reset */
        if (is_plain(easy))
            failure->advice = "If it goes on: does the port speak https://?";
        break;
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_UNSUPPORTED_PROTOCOL: /* HTTP/0.9, which is any text */
    case CURLE_WEIRD_SERVER_REPLY:
        failure->advice = "Is the port right, and http:// or https://?";
        result = TRANSPORT_WRONG_PROTOCOL;
        break;
    default:
        break;
    }
    snprintf(failure->cause, sizeof(failure->cause), "no response (%s)",
             curl_easy_strerror(code));
    return result;
}
