/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tests of getting a snapshot of another instance, and of asking for its
 * health. The other instance is a thread that sends fixed bytes.
 */
#include "lib/unit_check.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <pthread.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/log.h"
#include "lib/temporary_folder.h"
#include "replica/peer.h"
#include "replica/peer_get.h"

enum { URL = 64 };

static const struct peer_access no_access = {NULL, NULL};

/* An instance that answers one request. */
struct instance {
    int listener;
    const char *response; /* NULL: none, until the client has gone */
    size_t length;
    char request[1024];
    char url[URL];
    pthread_t thread;
};

static void *serve(void *context)
{
    struct instance *instance = context;
    int client = accept(instance->listener, NULL, NULL);
    char byte;

    if (client < 0)
        return NULL;
    ssize_t count =
        recv(client, instance->request, sizeof(instance->request) - 1, 0);
    instance->request[count > 0 ? count : 0] = '\0';
    if (instance->response == NULL) {
        while (recv(client, &byte, 1, 0) > 0)
            continue;
    } else {
        for (size_t sent = 0; sent < instance->length;) {
            ssize_t more = send(client, instance->response + sent,
                                instance->length - sent, MSG_NOSIGNAL);
            if (more <= 0)
                break;
            sent += (size_t)more;
        }
    }
    close(client);
    return NULL;
}

static void start_with(struct instance *instance, const char *response,
                       size_t length)
{
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof(address);

    *instance = (struct instance){.response = response, .length = length};
    instance->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (bind(instance->listener, (void *)&address, size) != 0 ||
        listen(instance->listener, 4) != 0 ||
        getsockname(instance->listener, (void *)&address, &size) != 0)
        abort();
    snprintf(instance->url, sizeof(instance->url), "http://127.0.0.1:%u",
             ntohs(address.sin_port));
    if (pthread_create(&instance->thread, NULL, serve, instance) != 0)
        abort();
}

static void start(struct instance *instance, const char *response)
{
    start_with(instance, response, response != NULL ? strlen(response) : 0);
}

static void stop(struct instance *instance)
{
    shutdown(instance->listener, SHUT_RDWR);
    pthread_join(instance->thread, NULL);
    close(instance->listener);
}

/* A journal_watch that goes on, `context` times. */
static bool count_down(void *context, const struct journal_progress *progress)
{
    int *left = context;

    (void)progress;
    return (*left)-- > 0;
}

struct fetched {
    enum journal_replayed result;
    char content[256], error[JOURNAL_ERROR];
};

/* Fetch from `peers` with a watch that ends it after so many reports. */
static void fetch(struct fetched *fetched, const char *peers, int reports)
{
    const struct journal_watch watch = {&reports, count_down};
    char root[FOLDER_ROOT], path[FOLDER_ROOT + 16];

    folder_make(root);
    snprintf(path, sizeof(path), "%s/new", root);
    memset(fetched, 0, sizeof(*fetched));
    fetched->result =
        peer_fetch(peers, &no_access, path, &watch, fetched->error);
    int file = open(path, O_RDONLY);
    if (file < 0 ||
        read(file, fetched->content, sizeof(fetched->content) - 1) < 0)
        abort();
    close(file);
    folder_remove(root);
}

enum { LONG = 1000000 };

#define OK "HTTP/1.1 200 OK\r\n"

static void snapshot_is_asked_for_and_written(void **state)
{
    struct instance instance;
    struct fetched fetched;
    char peers[URL + 8];

    (void)state;
    start(&instance, OK "Content-length: 5\r\nLunar-Position: 7\r\n\r\nbytes");
    snprintf(peers, sizeof(peers), "%s/a/", instance.url);
    fetch(&fetched, peers, LONG);
    stop(&instance);
    assert_int_equal(fetched.result, JOURNAL_COMPLETE);
    assert_string_equal(fetched.content, "bytes");
    assert_non_null(strstr(instance.request, "GET /a/snapshot HTTP/1.0\r\n"));
    assert_non_null(strstr(instance.request, "\r\nHost: 127.0.0.1:"));
}

/* It ends with the connection then. */
static void snapshot_need_not_tell_its_length(void **state)
{
    struct instance instance;
    struct fetched fetched;

    (void)state;
    start(&instance, OK "\r\nbytes");
    fetch(&fetched, instance.url, LONG);
    stop(&instance);
    assert_int_equal(fetched.result, JOURNAL_COMPLETE);
    assert_string_equal(fetched.content, "bytes");
}

/* What is wrong is said behind the URL. */
static void what_is_no_whole_snapshot_is_refused(void **state)
{
    static const struct {
        const char *response, *error;
    } rows[] = {
        {"", "closed the connection without an answer"},
        {"SSH-2.0-OpenSSH\r\n", "the answer is not HTTP"},
        {"SSH-2.0-OpenSSH\r\n\r\n", "the answer is not HTTP as it should be"},
        {"HTTP/1.1 100 Continue\r\n\r\n",
         "the answer is not HTTP as it should be"},
        {OK "Content-Length: x\r\n\r\n",
         "the answer is not HTTP as it should be"},
        {OK "Content-Length: 1\r\nContent-Length: 2\r\n\r\nab",
         "the answer is not HTTP as it should be"},
        {OK "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
         "the answer is not HTTP as it should be"},
        {OK "Content-Encoding: gzip\r\n\r\nabc",
         "the answer is not HTTP as it should be"},
        {OK "Content-Length: 6\r\n\r\nbytes",
         "the connection ended after 5 of 6 bytes"},
        {OK "Content-Length: 4\r\n\r\nbytes",
         "sends more than it has announced"},
        {OK "\r\n", "its snapshot is empty"},
        {OK "Content-Length: 0\r\n\r\n", "its snapshot is empty"},
        {"HTTP/1.1 404 Not Found\r\n\r\n{}", "answers 404"},
        {"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 31\r\n\r\n"
         "{\"detail\":\"it is\\nbeing made\"}\n",
         "answers 503: it is\\x0abeing made"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct instance instance;
        struct fetched fetched;
        char error[JOURNAL_ERROR];

        start(&instance, rows[i].response);
        fetch(&fetched, instance.url, LONG);
        stop(&instance);
        assert_int_equal(fetched.result, JOURNAL_FAILED);
        snprintf(error, sizeof(error), "%s: %s", instance.url, rows[i].error);
        assert_string_equal(fetched.error, error);
    }
}

/* Ask a peer for a snapshot, with a token of this mode. */
static void fetch_with_token(struct instance *instance, unsigned mode,
                             struct fetched *fetched)
{
    char root[FOLDER_ROOT], path[FOLDER_ROOT + 16], token[FOLDER_ROOT + 16];
    const struct peer_access access = {token, NULL};

    folder_make(root);
    snprintf(path, sizeof(path), "%s/new", root);
    snprintf(token, sizeof(token), "%s/token", root);
    int file = open(token, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    if (file < 0 || write(file, "# for peers\nlunar_secret-1\n", 27) != 27 ||
        fchmod(file, mode) != 0)
        abort();
    close(file);
    memset(fetched, 0, sizeof(*fetched));
    fetched->result =
        peer_fetch(instance->url, &access, path, NULL, fetched->error);
    folder_remove(root);
}

static void token_is_sent_and_its_refusal_is_told(void **state)
{
    static const struct {
        const char *response, *error; /* with the token */
        const char *without;
    } rows[] = {
        {"HTTP/1.1 401 Unauthorized\r\n\r\n{\"detail\":\"who\"}",
         "answers 401: who; the token of -peer-token is not in its -tokens "
         "file",
         "answers 401: who; give a token with the scope admin in "
         "-peer-token=FILE"},
        {"HTTP/1.1 403 Forbidden\r\n\r\n",
         "answers 403; the token of -peer-token needs the scope admin there",
         "answers 403"},
    };
    struct instance instance;
    struct fetched fetched;

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        start(&instance, rows[i].response);
        fetch_with_token(&instance, 0600, &fetched);
        stop(&instance);
        assert_non_null(strstr(instance.request,
                               "\r\nAuthorization: Bearer lunar_secret-1\r\n"));
        assert_string_equal(strstr(fetched.error, ": ") + 2, rows[i].error);
        start(&instance, rows[i].response);
        fetch(&fetched, instance.url, LONG);
        stop(&instance);
        assert_null(strstr(instance.request, "Authorization"));
        assert_string_equal(strstr(fetched.error, ": ") + 2, rows[i].without);
    }
}

static void token_that_others_may_read_is_not_sent(void **state)
{
    struct instance instance;
    struct fetched fetched;

    (void)state;
    start(&instance, OK "\r\nbytes");
    fetch_with_token(&instance, 0644, &fetched);
    stop(&instance);
    assert_int_equal(fetched.result, JOURNAL_FAILED);
    assert_string_equal(instance.request, "");
    assert_null(strstr(fetched.error, "lunar_secret"));
}

/* And nothing of the first one is left in the file. */
static void next_peer_is_asked_if_one_has_none(void **state)
{
    struct instance first, second;
    struct fetched fetched;
    char peers[3 * URL];

    (void)state;
    start(&first, OK "Content-Length: 99\r\n\r\na longer one, but not whole");
    start(&second, OK "\r\nbytes");
    snprintf(peers, sizeof(peers), "http://127.0.0.1:1,%s,%s", first.url,
             second.url);
    fetch(&fetched, peers, LONG);
    stop(&first);
    stop(&second);
    assert_int_equal(fetched.result, JOURNAL_COMPLETE);
    assert_string_equal(fetched.content, "bytes");
}

/* Also by one that accepts connections, and says nothing. */
static void watch_ends_a_wait(void **state)
{
    struct instance instance;
    struct fetched fetched;

    (void)state;
    start(&instance, NULL);
    fetch(&fetched, instance.url, 5);
    stop(&instance);
    assert_int_equal(fetched.result, JOURNAL_INTERRUPTED);
}

/* More than the disk has, as no disk has so much. */
static void snapshot_has_to_fit_on_the_disk(void **state)
{
    struct instance instance;
    struct fetched fetched;

    (void)state;
    start(&instance, OK "Content-Length: 9000000000000000000\r\n\r\nbytes");
    fetch(&fetched, instance.url, LONG);
    stop(&instance);
    assert_int_equal(fetched.result, JOURNAL_FAILED);
    assert_non_null(strstr(fetched.error,
                           "its snapshot has 9,000,000,000,000,000,000 bytes, "
                           "and the disk of -data has "));
    assert_string_equal(fetched.content, "");
}

#define HEALTH(snapshot, topic, history)                                       \
    OK "\r\n{\"store\":{\"snapshot\":" snapshot                                \
       "},\"replica\":{\"topic\":" topic ",\"history\":" history "}}"

static void health_says_what_an_instance_has(void **state)
{
    static const struct {
        const char *response;
        struct peer_health health;
    } rows[] = {
        {HEALTH("{\"position\":12345678901}", "\"moon\"",
                "\"00000000000000ff\""),
         {"moon", 255, true, 12345678901}},
        {HEALTH("null", "\"moon\"", "null"), {"moon", 0, false, 0}},
        {HEALTH("{\"position\":-1}", "7", "\"ff\""), {"", 0, false, 0}},
        {HEALTH("{\"position\":\"1\"}", "null", "\"00000000000000fg\""),
         {"", 0, false, 0}},
        {OK "\r\n{\"store\":{\"kept\":false}}", {"", 0, false, 0}},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct instance instance;
        struct peer_health health;
        char error[JOURNAL_ERROR];

        start(&instance, rows[i].response);
        assert_true(
            peer_ask_health(text_of(instance.url), &no_access, &health, error));
        stop(&instance);
        assert_non_null(strstr(instance.request, "GET /health HTTP/1.0\r\n"));
        assert_string_equal(health.topic, rows[i].health.topic);
        assert_true(health.history == rows[i].health.history);
        assert_int_equal(health.has_snapshot, rows[i].health.has_snapshot);
        assert_true(health.snapshot == rows[i].health.snapshot);
    }
}

static void what_is_no_health_is_refused(void **state)
{
    static const struct {
        const char *response, *error;
    } rows[] = {
        {OK "\r\n<html>",
         "is no lunar.service: its /health says nothing of a store"},
        {OK "\r\n{}",
         "is no lunar.service: its /health says nothing of a store"},
        {"HTTP/1.1 302 Found\r\nLocation: /login\r\n\r\n", "answers 302"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct instance instance;
        struct peer_health health;
        char error[JOURNAL_ERROR], expected[JOURNAL_ERROR];

        start(&instance, rows[i].response);
        assert_false(
            peer_ask_health(text_of(instance.url), &no_access, &health, error));
        stop(&instance);
        snprintf(expected, sizeof(expected), "%s: %s", instance.url,
                 rows[i].error);
        assert_string_equal(error, expected);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(snapshot_is_asked_for_and_written),
        cmocka_unit_test(snapshot_need_not_tell_its_length),
        cmocka_unit_test(what_is_no_whole_snapshot_is_refused),
        cmocka_unit_test(token_is_sent_and_its_refusal_is_told),
        cmocka_unit_test(token_that_others_may_read_is_not_sent),
        cmocka_unit_test(next_peer_is_asked_if_one_has_none),
        cmocka_unit_test(watch_ends_a_wait),
        cmocka_unit_test(snapshot_has_to_fit_on_the_disk),
        cmocka_unit_test(health_says_what_an_instance_has),
        cmocka_unit_test(what_is_no_health_is_refused),
    };
    log_set_level(LOG_ERROR);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
