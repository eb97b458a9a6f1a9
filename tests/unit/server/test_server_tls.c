/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Certificates and keys as files: which are taken, and what is said of others.
 * LUNAR_TEST_TLS names the folder of tests/tls/certificates.sh.
 */
#include "server/server_tls.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/metrics.h"

enum { PATH = 512 };

static const char expiry[] = "lunar_tls_certificate_expiry_timestamp_seconds";

static void make_path(const char *name, char path[PATH])
{
    /* NOLINTNEXTLINE(concurrency-mt-unsafe): nothing sets variables. */
    snprintf(path, PATH, "%s/%s", getenv("LUNAR_TEST_TLS"), name);
}

static struct server_tls *open_pair(const char *certificate, const char *key,
                                    struct metrics *metrics,
                                    char error[SERVER_TLS_ERROR])
{
    char certificate_path[PATH], key_path[PATH];

    make_path(certificate, certificate_path);
    make_path(key, key_path);
    return server_tls_open(certificate_path, key_path, metrics, error);
}

static void pairs_that_belong_together_are_taken(void **state)
{
    static const char *const names[] = {"localhost", "rsa",     "chain",
                                        "weak",      "expired", "later"};
    char error[SERVER_TLS_ERROR];

    (void)state;
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        char certificate[64], key[64];
        snprintf(certificate, sizeof(certificate), "%s.crt", names[i]);
        snprintf(key, sizeof(key), "%s.key", names[i]);
        struct server_tls *tls = open_pair(certificate, key, NULL, error);
        if (tls == NULL)
            fail_msg("%s: %s", names[i], error);
        server_tls_free(tls);
    }
}

static void refusal_names_the_file_and_the_remedy(void **state)
{
    static const struct {
        const char *certificate, *key, *file, *remedy;
    } cases[] = {
        {"absent.crt", "localhost.key", "absent.crt", "No such file"},
        {"localhost.crt", "absent.key", "absent.key", "No such file"},
        {".", "localhost.key", "-tls-cert", "regular file"},
        {"log", "localhost.key", "log", "convert it"},
        {"localhost.key", "localhost.key", "localhost.key", "-tls-key"},
        {"localhost.crt", "localhost.crt", "-tls-key", "others may read"},
        {"encrypted.crt", "encrypted.key", "encrypted.key", "openssl pkey"},
        {"localhost.crt", "rsa.key", "rsa.key", "made together"},
        {"unsorted.crt", "unsorted.key", "unsorted.crt", "order"},
    };
    char error[SERVER_TLS_ERROR];

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        error[0] = '\0';
        assert_null(open_pair(cases[i].certificate, cases[i].key, NULL, error));
        if (strstr(error, cases[i].file) == NULL ||
            strstr(error, cases[i].remedy) == NULL)
            fail_msg("%s with %s: %s", cases[i].certificate, cases[i].key,
                     error);
    }
}

static void expiry_is_a_metric(void **state)
{
    struct metrics *metrics = metrics_new();
    char error[SERVER_TLS_ERROR];
    struct server_tls *tls =
        open_pair("expired.crt", "expired.key", metrics, error);

    (void)state;
    assert_non_null(tls);
    /* 2020-02-01 */
    assert_int_equal(server_tls_expiry(tls), 1580515200);
    assert_int_equal(metric_value(metrics_find(metrics, expiry), 0),
                     1580515200);
    server_tls_free(tls);
    metrics_free(metrics);
}

/* A folder with links, as a renewal exchanges them. */
struct renewal {
    char folder[PATH / 4], certificate[PATH / 2], key[PATH / 2];
};

static void point(const struct renewal *renewal, const char *name)
{
    char target[PATH], file[64];

    unlink(renewal->certificate);
    unlink(renewal->key);
    snprintf(file, sizeof(file), "%s.crt", name);
    make_path(file, target);
    assert_int_equal(symlink(target, renewal->certificate), 0);
    snprintf(file, sizeof(file), "%s.key", name);
    make_path(file, target);
    assert_int_equal(symlink(target, renewal->key), 0);
}

static void
reload_takes_a_good_pair_and_keeps_the_old_for_a_bad_one(void **state)
{
    struct renewal renewal = {"/tmp/lunar-tls-XXXXXX", "", ""};
    char error[SERVER_TLS_ERROR];

    (void)state;
    assert_non_null(mkdtemp(renewal.folder));
    snprintf(renewal.certificate, sizeof(renewal.certificate), "%s/cert",
             renewal.folder);
    snprintf(renewal.key, sizeof(renewal.key), "%s/key", renewal.folder);
    point(&renewal, "expired");
    struct server_tls *tls =
        server_tls_open(renewal.certificate, renewal.key, NULL, error);
    assert_non_null(tls);
    assert_true(server_tls_reload(tls, error));
    point(&renewal, "localhost");
    assert_true(server_tls_reload(tls, error));
    int64_t good = server_tls_expiry(tls);
    assert_true(good > time(NULL));
    point(&renewal, "encrypted");
    assert_false(server_tls_reload(tls, error));
    assert_non_null(strstr(error, "encrypted"));
    point(&renewal, "expired");
    assert_false(server_tls_reload(tls, error));
    assert_non_null(strstr(error, "expired"));
    assert_int_equal(server_tls_expiry(tls), good);
    server_tls_free(tls);
    unlink(renewal.certificate);
    unlink(renewal.key);
    rmdir(renewal.folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pairs_that_belong_together_are_taken),
        cmocka_unit_test(refusal_names_the_file_and_the_remedy),
        cmocka_unit_test(expiry_is_a_metric),
        cmocka_unit_test(
            reload_takes_a_good_pair_and_keeps_the_old_for_a_bad_one),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
