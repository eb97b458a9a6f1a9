/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tests of connections to other services: whom a client trusts, and how long it
 * waits. The other service is a thread with a certificate of the test's own
 * authority.
 */
#include "lib/unit_check.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <pthread.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "client/connection.h"
#include "lib/certificates.h"
#include "lib/temporary_folder.h"

enum { SECOND = 1000000, PATIENCE = 20 * SECOND };

enum manner {
    ANSWERS,      /* TLS, a request, a response, the end */
    CUTS,         /* as ANSWERS, without the end of TLS */
    SPEAKS_PLAIN, /* no TLS */
    SAYS_NOTHING,
    CLOSES,
};

static struct certificate authority, stranger;
static char root[FOLDER_ROOT], ca_file[FOLDER_ROOT + 16];

struct server {
    enum manner manner;
    const char *priority; /* of GnuTLS */
    const struct certificate *certificate;
    int listener;
    struct http_url url;
    char named[64]; /* by which name it was asked for; "": none */
    pthread_t thread;
};

static void serve_tls(struct server *server, int client)
{
    gnutls_certificate_credentials_t credentials;
    gnutls_x509_crt_t chain[1] = {server->certificate->crt};
    gnutls_session_t session;
    char request[256];
    size_t size = sizeof(server->named);
    unsigned type;

    certificate_check(gnutls_certificate_allocate_credentials(&credentials));
    certificate_check(gnutls_certificate_set_x509_key(
        credentials, chain, 1, server->certificate->key));
    certificate_check(gnutls_init(&session, GNUTLS_SERVER | GNUTLS_NO_SIGNAL));
    certificate_check(
        gnutls_priority_set_direct(session, server->priority, NULL));
    certificate_check(
        gnutls_credentials_set(session, GNUTLS_CRD_CERTIFICATE, credentials));
    gnutls_transport_set_int(session, client);
    if (gnutls_handshake(session) == GNUTLS_E_SUCCESS) {
        if (gnutls_server_name_get(session, server->named, &size, &type, 0) !=
            GNUTLS_E_SUCCESS)
            server->named[0] = '\0';
        if (gnutls_record_recv(session, request, sizeof(request)) > 0)
            gnutls_record_send(session, "answer", 6);
        if (server->manner == ANSWERS)
            gnutls_bye(session, GNUTLS_SHUT_WR);
    }
    gnutls_deinit(session);
    gnutls_certificate_free_credentials(credentials);
}

static void *serve(void *context)
{
    struct server *server = context;
    int client = accept(server->listener, NULL, NULL);
    char byte;

    if (client < 0)
        return NULL;
    if (server->manner == ANSWERS || server->manner == CUTS)
        serve_tls(server, client);
    if (server->manner == SPEAKS_PLAIN)
        (void)!write(client, "HTTP/1.1 400 Bad Request\r\n\r\n", 28);
    if (server->manner == SAYS_NOTHING || server->manner == SPEAKS_PLAIN)
        while (recv(client, &byte, 1, 0) > 0)
            continue;
    close(client);
    return NULL;
}

/* Start one, which is asked for by `host`. */
static void start(struct server *server, const char *host)
{
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof(address);

    if (server->priority == NULL)
        server->priority = "NORMAL";
    server->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (bind(server->listener, (void *)&address, size) != 0 ||
        listen(server->listener, 4) != 0 ||
        getsockname(server->listener, (void *)&address, &size) != 0)
        abort();
    server->url.secure = true;
    snprintf(server->url.host, sizeof(server->url.host), "%s", host);
    snprintf(server->url.port, sizeof(server->url.port), "%u",
             ntohs(address.sin_port));
    if (pthread_create(&server->thread, NULL, serve, server) != 0)
        abort();
}

static void stop(struct server *server)
{
    shutdown(server->listener, SHUT_RDWR);
    pthread_join(server->thread, NULL);
    close(server->listener);
}

static uint64_t deadline_in(uint64_t us)
{
    return clock_us(CLOCK_MONOTONIC) + us;
}

/*
 * Connect, ask, and receive all of the answer into `answer`, with a limit for
 * each part.
 */
static enum client_result ask(const struct server *server,
                              const struct client_options *options,
                              char answer[64], char error[CLIENT_ERROR])
{
    struct client_connection connection;
    size_t length = 0, count = 1;

    error[0] = answer[0] = '\0';
    enum client_result result = client_connect(
        &connection, &server->url, options, deadline_in(PATIENCE), error);
    if (result == CLIENT_OK)
        result = client_send(&connection, TEXT("question"),
                             deadline_in(PATIENCE), error);
    while (result == CLIENT_OK && count > 0) {
        count = 63 - length;
        result = client_receive(&connection, answer + length, &count,
                                deadline_in(PATIENCE), error);
        if (result == CLIENT_OK)
            length += count;
    }
    answer[length] = '\0';
    client_close(&connection);
    client_close(&connection);
    return result;
}

/* A certificate that the test's authority, or another, has signed. */
static const struct {
    struct certificate_options certificate;
    bool strange;      /* of another authority */
    const char *host;  /* that is asked for */
    const char *error; /* NULL: none */
} names[] = {
    {{.name = "a", .address = "127.0.0.1"}, false, "127.0.0.1", NULL},
    {{.name = "a", .dns = "localhost"}, false, "localhost", NULL},
    {{.name = "a", .dns = "localhost", .address = "192.0.2.7"},
     false,
     "127.0.0.1",
     "its certificate is for localhost, 192.0.2.7, not for 127.0.0.1: "},
    {{.name = "a", .dns = "127.0.0.1"},
     false,
     "127.0.0.1",
     "its certificate is for 127.0.0.1, not for 127.0.0.1: "},
    {{.name = "localhost", .dns = "other.example"},
     false,
     "localhost",
     "its certificate is for other.example, not for localhost: "},
    {{.name = "localhost"},
     false,
     "localhost",
     "its certificate is for no host, not for localhost: "},
    {{.name = "localhost", .address = "127.0.0.1"},
     false,
     "localhost",
     "its certificate is for 127.0.0.1, not for localhost: "},
    {{.name = "a", .dns = "localhost"},
     true,
     "localhost",
     "its certificate is of no authority in "},
    {{.name = "a", .dns = "localhost", .from = -7200, .to = -3600},
     false,
     "localhost",
     "its certificate has expired, on 20"},
    {{.name = "a", .dns = "localhost", .from = 3600, .to = 7200},
     false,
     "localhost",
     "its certificate is not valid before 20"},
};

static void certificate_has_to_be_for_the_host(void **state)
{
    const struct client_options options = {.ca_file = ca_file};

    (void)state;
    for (size_t i = 0; i < COUNT(names); i++) {
        struct certificate_options wanted = names[i].certificate;
        struct certificate made;
        struct server server = {.certificate = &made};
        char answer[64], error[CLIENT_ERROR];

        wanted.issuer = names[i].strange ? &stranger : &authority;
        certificate_make(&made, &wanted);
        start(&server, names[i].host);
        enum client_result result = ask(&server, &options, answer, error);
        stop(&server);
        certificate_release(&made);
        if (names[i].error == NULL) {
            assert_string_equal(error, "");
            assert_int_equal(result, CLIENT_OK);
            assert_string_equal(answer, "answer");
            /* RFC 6066 section 3: a name only, no address. */
            assert_string_equal(
                server.named,
                strcmp(names[i].host, "localhost") == 0 ? "localhost" : "");
        } else {
            assert_int_equal(result, CLIENT_FAILED);
            if (strstr(error, names[i].error) != error)
                fail_msg("%zu: %s", i, error);
        }
    }
}

static void any_certificate_is_taken_if_that_is_asked_for(void **state)
{
    const struct client_options options = {.unverified = true};
    struct certificate made;
    struct server server = {.certificate = &made};
    char answer[64], error[CLIENT_ERROR];

    (void)state;
    certificate_make(
        &made, &(struct certificate_options){.name = "b", .issuer = &stranger});
    start(&server, "127.0.0.1");
    enum client_result result = ask(&server, &options, answer, error);
    stop(&server);
    certificate_release(&made);
    assert_int_equal(result, CLIENT_OK);
    assert_string_equal(answer, "answer");
}

static void what_is_no_tls_is_told(void **state)
{
    static const struct {
        enum manner manner;
        const char *priority, *error;
    } rows[] = {
        {SPEAKS_PLAIN, NULL, "it does not speak TLS on this port: "},
        {CLOSES, NULL, "it closed the connection in the TLS handshake: "},
        {ANSWERS, "NORMAL:-VERS-ALL:+VERS-TLS1.1", ""},
        {CUTS, NULL, "the connection broke: it ended without the end of TLS"},
    };
    const struct client_options options = {.ca_file = ca_file};
    struct certificate made;

    (void)state;
    certificate_make(
        &made, &(struct certificate_options){
                   .name = "b", .dns = "localhost", .issuer = &authority});
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct server server = {.manner = rows[i].manner,
                                .priority = rows[i].priority,
                                .certificate = &made};
        char answer[64], error[CLIENT_ERROR];

        start(&server, "localhost");
        enum client_result result = ask(&server, &options, answer, error);
        stop(&server);
        assert_int_equal(result, CLIENT_FAILED);
        if (strstr(error, rows[i].error) != error)
            fail_msg("%zu: %s", i, error);
    }
    certificate_release(&made);
}

static bool count_down(void *context)
{
    int *left = context;

    return (*left)-- > 0;
}

static void silent_server_is_given_up(void **state)
{
    int left = 3;
    const struct client_options patient = {.ca_file = ca_file},
                                watched = {.ca_file = ca_file,
                                           .goes_on = count_down,
                                           .context = &left};
    struct client_connection connection;
    struct server server = {.manner = SAYS_NOTHING};
    char error[CLIENT_ERROR], answer[64];

    (void)state;
    start(&server, "localhost");
    uint64_t deadline = deadline_in(SECOND / 5);
    assert_int_equal(
        client_connect(&connection, &server.url, &patient, deadline, error),
        CLIENT_FAILED);
    assert_true(clock_us(CLOCK_MONOTONIC) >= deadline);
    client_close(&connection);
    stop(&server);
    assert_non_null(strstr(error, "no answer to the TLS handshake"));
    start(&server, "localhost");
    assert_int_equal(ask(&server, &watched, answer, error), CLIENT_INTERRUPTED);
    stop(&server);
}

static void plain_connections_are_exposed_beyond_this_machine(void **state)
{
    const struct client_options options = {.ca_file = NULL};
    struct client_connection connection;
    struct server server = {.manner = SAYS_NOTHING};
    char error[CLIENT_ERROR];

    (void)state;
    start(&server, "0.0.0.0");
    server.url.secure = false;
    assert_int_equal(client_connect(&connection, &server.url, &options,
                                    deadline_in(PATIENCE), error),
                     CLIENT_OK);
    assert_false(client_is_exposed(&connection));
    client_close(&connection);
    stop(&server);
    /* A socket that is connected to nothing is to nobody known. */
    connection = (struct client_connection){
        .options = &options, .fd = socket(AF_INET, SOCK_STREAM, 0)};
    assert_true(client_is_exposed(&connection));
    client_close(&connection);
}

/* An address has room for 107 bytes and a NUL (unix(7)). */
static void path_that_no_socket_can_have_is_refused(void **state)
{
    static const struct client_options options = {.ca_file = NULL};
    struct client_connection connection;
    char path[109], error[CLIENT_ERROR];

    (void)state;
    memset(path, 'x', sizeof(path));
    for (size_t length = 107; length < sizeof(path); length++) {
        path[length] = '\0';
        assert_int_equal(client_connect_unix(&connection, path, &options,
                                             clock_us(CLOCK_MONOTONIC) + SECOND,
                                             error),
                         CLIENT_FAILED);
        assert_string_equal(
            error, length < 108 ? "cannot connect: No such file or directory"
                                : "cannot connect: the path is too long");
        client_close(&connection);
        path[length] = 'x';
    }
}

static void file_of_authorities_has_certificates(void **state)
{
    char error[CLIENT_ERROR];

    (void)state;
    assert_true(client_check_authorities(ca_file, error));
    assert_false(client_check_authorities("/nowhere/ca.pem", error));
    assert_non_null(strstr(error, "/nowhere/ca.pem has no certificates"));
    assert_false(client_check_authorities("/dev/null", error));
    assert_non_null(strstr(error, "/dev/null has no certificates"));
}

static int make_authorities(void **state)
{
    (void)state;
    folder_make(root);
    snprintf(ca_file, sizeof(ca_file), "%s/ca.pem", root);
    certificate_make(&authority,
                     &(struct certificate_options){.name = "authority"});
    certificate_make(&stranger,
                     &(struct certificate_options){.name = "stranger"});
    certificate_write(&authority, ca_file);
    return 0;
}

static int remove_authorities(void **state)
{
    (void)state;
    certificate_release(&authority);
    certificate_release(&stranger);
    folder_remove(root);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(certificate_has_to_be_for_the_host),
        cmocka_unit_test(any_certificate_is_taken_if_that_is_asked_for),
        cmocka_unit_test(what_is_no_tls_is_told),
        cmocka_unit_test(silent_server_is_given_up),
        cmocka_unit_test(plain_connections_are_exposed_beyond_this_machine),
        cmocka_unit_test(path_that_no_socket_can_have_is_refused),
        cmocka_unit_test(file_of_authorities_has_certificates),
    };
    return cmocka_run_group_tests(tests, make_authorities, remove_authorities);
}
