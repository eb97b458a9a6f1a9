/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tests of what proxies say of their clients: tables of fields, and what counts
 * of them. The proxies of 10.0.0.0/8 and 2001:db8::/32 are trusted.
 */
#include "lib/unit_check.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

#include "base/buffer.h"
#include "http/forwarded.h"

static struct forwarded read_fields(const struct forwarded_fields *fields)
{
    struct networks trusted;
    struct forwarded result;

    assert_true(networks_read(TEXT("10.0.0.0/8, 2001:db8::/32"), &trusted));
    memset(&result, 0x55, sizeof(result));
    forwarded_read(fields, &trusted, &result);
    return result;
}

/* As "192.0.2.1 80 https example.org"; "-" is what is not known. */
static void write_result(const struct forwarded *result, char out[256])
{
    static const char *const schemes[] = {"-", "http", "https"};
    char client[INET6_ADDRSTRLEN] = "-", port[8] = "-";

    if (result->has_client &&
        memcmp(result->client.bytes, "\0\0\0\0\0\0\0\0\0\0\xff\xff", 12) == 0)
        inet_ntop(AF_INET, result->client.bytes + 12, client, sizeof(client));
    else if (result->has_client)
        inet_ntop(AF_INET6, result->client.bytes, client, sizeof(client));
    if (result->has_client && result->port != 0)
        snprintf(port, sizeof(port), "%u", result->port);
    snprintf(out, 256, "%s %s %s %.*s", client, port, schemes[result->scheme],
             result->host.data == NULL ? 1 : (int)result->host.length,
             result->host.data == NULL ? "-" : result->host.data);
}

struct row {
    const char *forwarded, *x_for, *x_proto, *x_host;
    const char *expected;
};

static void check_fields(const struct forwarded_fields *fields,
                         const char *expected)
{
    struct forwarded result = read_fields(fields);
    char found[256];

    write_result(&result, found);
    if (strcmp(found, expected) != 0)
        fail_msg("%.*s|%.*s|%.*s|%.*s: %s, expected %s",
                 (int)fields->forwarded.length, fields->forwarded.data,
                 (int)fields->x_for.length, fields->x_for.data,
                 (int)fields->x_proto.length, fields->x_proto.data,
                 (int)fields->x_host.length, fields->x_host.data, found,
                 expected);
}

static void check_rows(const struct row rows[], size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const struct row *row = &rows[i];
        const struct forwarded_fields fields = {
            text_of(row->forwarded), text_of(row->x_for), text_of(row->x_proto),
            text_of(row->x_host)};
        check_fields(&fields, row->expected);
    }
}

/* The examples of RFC 7239 sections 4 and 6, and what is near to them. */
static void forwarded_is_read(void **state)
{
    static const struct row rows[] = {
        {.forwarded = "for=192.0.2.43", .expected = "192.0.2.43 - - -"},
        {.forwarded = "For=\"[2001:db9:cafe::17]:4711\"",
         .expected = "2001:db9:cafe::17 4711 - -"},
        {.forwarded = "for=192.0.2.60;proto=http;by=203.0.113.43",
         .expected = "192.0.2.60 - http -"},
        {.forwarded = "FOR=192.0.2.60;PROTO=HTTPS;Host=Example.org",
         .expected = "192.0.2.60 - https Example.org"},
        {.forwarded = "for=\"192.0.2.43:47011\"",
         .expected = "192.0.2.43 47011 - -"},
        {.forwarded = "for=\"192.0.2.43:_x.y-z\"",
         .expected = "192.0.2.43 - - -"},
        {.forwarded = "for=\"[2001:db9::1]\";host=\"[2001:db9::9]:8443\"",
         .expected = "2001:db9::1 - - [2001:db9::9]:8443"},
        {.forwarded = "for=\"[::ffff:192.0.2.1]:1\"",
         .expected = "192.0.2.1 1 - -"},
        {.forwarded = "secret=\"a,\\\";for=1.1.1.1\" ; for=192.0.2.1 ;",
         .expected = "192.0.2.1 - - -"},
        {.forwarded = "for=192.0.2.1;a=1;a=2;host=\"example.org:81\"",
         .expected = "192.0.2.1 - - example.org:81"},
    };

    (void)state;
    check_rows(rows, COUNT(rows));
}

/* Who is not known; but what the same proxy says besides is. */
static void unknown_and_obfuscated_clients_have_no_address(void **state)
{
    static const char *const nodes[] = {"unknown",
                                        "_hidden",
                                        "_SEVKISEK",
                                        "\"_gazonk:80\"",
                                        "Unknown",
                                        "foo",
                                        "\"\"",
                                        "256.1.1.1",
                                        "\"2001:db9::1\"",
                                        "\"[192.0.2.1]\"",
                                        "\"[2001:db9::1\"",
                                        "\"[2001:db9::1]4711\"",
                                        "\"192.0.2.1:65536\"",
                                        "\"192.0.2.1:123456\"",
                                        "\"192.0.2.1:\"",
                                        "\"192.0.2.1:_\"",
                                        "\"192.0.2.1:-1\"",
                                        "\"192.0.2.1 \"",
                                        "\"192\\.0.2.1\"",
                                        "\"unix:\""};

    (void)state;
    for (size_t i = 0; i < COUNT(nodes); i++) {
        char forwarded[256];
        snprintf(forwarded, sizeof(forwarded),
                 "for=203.0.113.1, for=%s;proto=https;host=a, for=10.0.0.1",
                 nodes[i]);
        check_rows(&(const struct row){.forwarded = forwarded,
                                       .expected = "- - https a"},
                   1);
    }
}

static void broken_grammar_says_nothing(void **state)
{
    static const char *const fields[] = {
        "for", "for=", "=192.0.2.1", "for =192.0.2.1", "for= 192.0.2.1",
        "for=192.0.2.1 proto=http", "for=192.0.2.1:80", "for=[2001:db9::1]",
        "for=\"192.0.2.1", "for=\"192.0.2.1\\", "for=\"a\"192.0.2.1",
        "for=192.0.2.1;for=192.0.2.1", "proto=http;host=a;Proto=http",
        "for=192.0.2.1, for=\"\x01\"", "for=192.0.2.1, \x7f", "for=\"\x7f\"",
        /* A client that leaves a string open hides only itself. */
        "for=1.1.1.1;a=\", for=192.0.2.1;proto=https",
        "for=1.1.1.1;a=\", for=\"[2001:db9::1]\";proto=https",
        "for=1.1.1.1;a=\"\\, for=\"[2001:db9::1]\";proto=https"};

    (void)state;
    for (size_t i = 0; i < COUNT(fields); i++)
        check_rows(
            &(const struct row){.forwarded = fields[i], .expected = "- - - -"},
            1);
}

/* From the end, past trusted proxies. */
static void first_untrusted_address_is_the_client(void **state)
{
    static const struct row rows[] = {
        {.forwarded = "for=1.1.1.1;proto=http;host=evil, "
                      "for=192.0.2.1;proto=https;host=good",
         .expected = "192.0.2.1 - https good"},
        {.forwarded = "for=192.0.2.1;proto=https;host=good,"
                      "for=10.0.0.1;proto=http;host=inner",
         .expected = "192.0.2.1 - https good"},
        {.forwarded = "for=1.1.1.1;host=evil, for=192.0.2.1, "
                      "for=\"[2001:db8::1]:80\", for=10.0.0.1;host=inner",
         .expected = "192.0.2.1 - - -"},
        /* All are trusted: a client among the proxies. */
        {.forwarded = "for=10.0.0.2;host=a, for=10.0.0.1",
         .expected = "10.0.0.2 - - a"},
        /* The last proxy says nothing: what is before it is anybody's. */
        {.forwarded = "for=1.1.1.1;proto=https;host=evil,",
         .expected = "- - - -"},
        {.forwarded = "for=1.1.1.1;proto=https;host=evil, ;",
         .expected = "- - - -"},
        {.forwarded = "for=1.1.1.1;host=evil, proto=https",
         .expected = "- - https -"},
        {.forwarded = "", .expected = "- - - -"},
        {.x_for = "192.0.2.1", .expected = "192.0.2.1 - - -"},
        {.x_for = "1.1.1.1, 192.0.2.1", .expected = "192.0.2.1 - - -"},
        {.x_for = "1.1.1.1,192.0.2.1\t, 10.0.0.1,2001:db8::7",
         .expected = "192.0.2.1 - - -"},
        {.x_for = "192.0.2.1:4711", .expected = "192.0.2.1 4711 - -"},
        {.x_for = "2001:db9::1", .expected = "2001:db9::1 - - -"},
        {.x_for = "[2001:db9::1]:4711", .expected = "2001:db9::1 4711 - -"},
        {.x_for = "10.0.0.9", .expected = "10.0.0.9 - - -"},
        {.x_for = "1.1.1.1, ", .expected = "- - - -"},
        {.x_for = "1.1.1.1, unknown, 10.0.0.1", .expected = "- - - -"},
        {.x_for = "1.1.1.1, 192.0.2.1, a\"b, 10.0.0.1", .expected = "- - - -"},
        {.x_for = "\", 192.0.2.1", .expected = "192.0.2.1 - - -"},
    };

    (void)state;
    check_rows(rows, COUNT(rows));
}

/* Each proxy appends to the lists, or the first sets them. */
static void scheme_and_host_are_those_of_the_clients_hop(void **state)
{
    static const struct row rows[] = {
        {NULL, "192.0.2.1", "https", "a:81", "192.0.2.1 - https a:81"},
        {NULL, "192.0.2.1", "HTTPS", "A", "192.0.2.1 - https A"},
        {NULL, NULL, "https", "a", "- - https a"},
        {NULL, "192.0.2.1", NULL, NULL, "192.0.2.1 - - -"},
        {NULL, "unknown", "https", "a", "- - https a"},
        /* What the client has sent itself is before what its proxy adds. */
        {NULL, "192.0.2.1", "https, http", "evil, a", "192.0.2.1 - http a"},
        {NULL, "1.1.1.1, 192.0.2.1", "https, http", "evil, a",
         "192.0.2.1 - http a"},
        {NULL, "192.0.2.1, 10.0.0.1", "https, http", "a, inner",
         "192.0.2.1 - https a"},
        {NULL, "192.0.2.1, 10.0.0.1", "http, https, http", "evil, a, inner",
         "192.0.2.1 - https a"},
        {NULL, "192.0.2.1, 10.0.0.1", "https", "a", "192.0.2.1 - https a"},
        /* An empty element is the proxy's word, too. */
        {NULL, "192.0.2.1", "https,", "evil,", "192.0.2.1 - - -"},
        {NULL, "192.0.2.1", "", "", "192.0.2.1 - - -"},
        {NULL, "192.0.2.1", "wss", ":80", "192.0.2.1 - - -"},
        {NULL, "192.0.2.1", "https https", "a b", "192.0.2.1 - - -"},
        {NULL, "192.0.2.1", "http", "a/b", "192.0.2.1 - http -"},
        {NULL, "192.0.2.1", "http", "user@a", "192.0.2.1 - http -"},
        {.forwarded = "for=192.0.2.1;proto=ftp;host=\"a b\"",
         .expected = "192.0.2.1 - - -"},
        {.forwarded = "for=192.0.2.1;proto=\"https\";host=\"\"",
         .expected = "192.0.2.1 - https -"},
        {.forwarded = "for=192.0.2.1;host=\"\\a\"",
         .expected = "192.0.2.1 - - -"},
    };

    (void)state;
    check_rows(rows, COUNT(rows));
}

/* A proxy that sets one kind may pass on the other from its client. */
static void both_kinds_must_agree(void **state)
{
    static const struct row rows[] = {
        {"for=192.0.2.1;proto=https;host=a", "192.0.2.1", "https", "A",
         "192.0.2.1 - https a"},
        {"for=\"192.0.2.1:80\"", "192.0.2.1", NULL, NULL, "192.0.2.1 - - -"},
        {"for=\"192.0.2.1:80\"", "192.0.2.1:80", NULL, NULL,
         "192.0.2.1 80 - -"},
        {"for=1.1.1.1;proto=https;host=evil", "192.0.2.1", "http", "a",
         "- - - -"},
        {"for=1.1.1.1;proto=https;host=evil", "192.0.2.1", NULL, NULL,
         "- - - -"},
        {"for=192.0.2.1;host=a", NULL, "https", "evil", "- - - -"},
        {"for=192.0.2.1;proto=https", NULL, "https", NULL, "- - https -"},
        {"broken", "192.0.2.1", "https", "a", "- - - -"},
    };

    (void)state;
    check_rows(rows, COUNT(rows));
}

/* Some hops, a client among others in front of them, in both kinds. */
static void check_chain(size_t hops, const char *expected)
{
    struct buffer forwarded = BUFFER_INIT, x_for = BUFFER_INIT;

    /* The elements in front are no hops, however many they are. */
    buffer_append(&forwarded, TEXT("for=192.0.2.1"));
    buffer_append(&x_for, TEXT("192.0.2.1"));
    for (size_t i = 0; i < 100 + hops; i++) {
        buffer_append(&forwarded, i < 100 ? TEXT(", for=192.0.2.1")
                                          : TEXT(", for=10.0.0.1"));
        buffer_append(&x_for,
                      i < 100 ? TEXT(", 192.0.2.1") : TEXT(", 10.0.0.1"));
    }
    struct forwarded_fields fields = {.forwarded = buffer_text(&forwarded)};
    check_fields(&fields, expected);
    fields = (struct forwarded_fields){.x_for = buffer_text(&x_for)};
    check_fields(&fields, expected);
    buffer_release(&forwarded);
    buffer_release(&x_for);
}

static void long_chains_say_nothing(void **state)
{
    (void)state;
    for (size_t hops = 0; hops < FORWARDED_MAX_HOPS; hops++)
        check_chain(hops, "192.0.2.1 - - -");
    check_chain(FORWARDED_MAX_HOPS, "- - - -");
    check_chain(1000, "- - - -");
}

static void absent_fields_are_not_sent(void **state)
{
    struct forwarded_fields fields = {.forwarded = {NULL, 0}};

    (void)state;
    assert_false(forwarded_is_sent(&fields));
    check_rows(&(const struct row){.expected = "- - - -"}, 1);
    fields.x_host = TEXT("");
    assert_true(forwarded_is_sent(&fields));
    fields = (struct forwarded_fields){.forwarded = TEXT("")};
    assert_true(forwarded_is_sent(&fields));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(forwarded_is_read),
        cmocka_unit_test(unknown_and_obfuscated_clients_have_no_address),
        cmocka_unit_test(broken_grammar_says_nothing),
        cmocka_unit_test(first_untrusted_address_is_the_client),
        cmocka_unit_test(scheme_and_host_are_those_of_the_clients_hop),
        cmocka_unit_test(both_kinds_must_agree),
        cmocka_unit_test(long_chains_say_nothing),
        cmocka_unit_test(absent_fields_are_not_sent),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
