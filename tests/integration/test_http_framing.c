/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where a request ends: lengths and transfer codings that two servers may
 * read in two ways, which is how requests are smuggled (RFC 9112 section
 * 11.2). In most rows another request is hidden, in the place where a server
 * that reads them the other way finds it.
 */
#include "http_case.h"

#include "harness.h"

/* A POST with this length. */
#define WITH_LENGTH(value)                                                     \
    HTTP_SENT(HTTP_POST "Content-Length: " value "\r\n\r\n" HTTP_SMUGGLED)

/*
 * libmicrohttpd looks at a Content-Length before it asks us, and sends the
 * head of its refusal twice. All of them are refused and closed.
 */
#define REFUSED_BY_MHD(status)                                                 \
    .responses = {status}, .next = HTTP_CLOSED, .doubled = true

#define REFUSED .responses = {400}, .next = HTTP_CLOSED
#define APPLIED .responses = {202}, .next = HTTP_ANSWERED, .applied = true

/* RFC 9110 section 8.6: 1*DIGIT. Section 6.3 of RFC 9112, 5: refuse. */
static const struct http_case lengths[] = {
    {"RFC 9112 6.3", "a sign", WITH_LENGTH("+5"), REFUSED_BY_MHD(400)},
    {"RFC 9112 6.3", "a minus", WITH_LENGTH("-1"), REFUSED_BY_MHD(400)},
    {"RFC 9112 6.3", "minus nothing", WITH_LENGTH("-0"), REFUSED_BY_MHD(400)},
    {"RFC 9112 6.3", "hexadecimal", WITH_LENGTH("0x5"), REFUSED_BY_MHD(400)},
    {"RFC 9112 6.3", "letters", WITH_LENGTH("a0"), REFUSED_BY_MHD(400)},
    {"RFC 9112 6.3", "an exponent", WITH_LENGTH("1e1"), REFUSED_BY_MHD(400)},
    {"RFC 9112 6.3", "a fraction", WITH_LENGTH("5.0"), REFUSED_BY_MHD(400)},
    {"RFC 9112 6.3", "a blank within", WITH_LENGTH("5 5"), REFUSED_BY_MHD(400)},
    {"RFC 9112 6.3", "a parameter", WITH_LENGTH("5;"), REFUSED_BY_MHD(400)},
    {"RFC 9112 6.3", "empty", WITH_LENGTH(""), REFUSED_BY_MHD(400)},
    {"RFC 9112 6.3", "quoted", WITH_LENGTH("\"5\""), REFUSED_BY_MHD(400)},
    {"RFC 9112 6.3", "other digits", WITH_LENGTH("\xd9\xa5"),
     REFUSED_BY_MHD(400)},
    {"RFC 9110 5.5", "a CR behind it", WITH_LENGTH("5\r"), REFUSED_BY_MHD(400)},
    {"RFC 9110 5.5", "a CR before it", WITH_LENGTH("\r5"), REFUSED_BY_MHD(400)},
    {"RFC 9110 5.5", "a VT behind it", WITH_LENGTH("5\v"), REFUSED_BY_MHD(400)},
    /* A list of one value may be taken as that value, or refused. */
    {"RFC 9110 8.6", "5,5", WITH_LENGTH("5,5"), REFUSED_BY_MHD(400)},
    {"RFC 9110 8.6", "5, 5", WITH_LENGTH("5, 5"), REFUSED_BY_MHD(400)},
    {"RFC 9112 6.3", "5, 6", WITH_LENGTH("5, 6"), REFUSED_BY_MHD(400)},
    {"RFC 9110 8.6", "past 64 bits", WITH_LENGTH("99999999999999999999"),
     REFUSED_BY_MHD(413)},
    {"RFC 9110 8.6", "just past 64 bits", WITH_LENGTH("18446744073709551616"),
     REFUSED_BY_MHD(413)},
    /*
     * A length that is one, and all of 64 bits: more than ever comes. It is
     * all body, and no message.
     */
    {"RFC 9110 8.6", "all of 64 bits", WITH_LENGTH("18446744073709551615"),
     .next = HTTP_CLOSED, .unfinished = true},
    {"RFC 9112 6.3", "more than comes", WITH_LENGTH("226"), .next = HTTP_CLOSED,
     .unfinished = true},
    /*
     * Blanks behind a value are no part of it (RFC 9112 section 5.1), so this
     * should be taken. libmicrohttpd 0.9.75 leaves them and refuses; nobody
     * is deceived, and no client is known to send it.
     */
    {"RFC 9112 5.1", "a blank behind it", WITH_LENGTH("225 "),
     REFUSED_BY_MHD(400)},
    {"RFC 9112 5.1", "a tab behind it", WITH_LENGTH("225\t"),
     REFUSED_BY_MHD(400)},
    {"RFC 9112 5.1", "blanks before it",
     HTTP_SENT(HTTP_POST "Content-Length: \t 160\r\n\r\n" HTTP_MESSAGE),
     APPLIED},
    {"RFC 9112 5.1", "no blank before it",
     HTTP_SENT(HTTP_POST "Content-Length:160\r\n\r\n" HTTP_MESSAGE), APPLIED},
    {"RFC 9110 8.6", "zeros before it",
     HTTP_SENT(HTTP_POST
               "Content-Length: 000000000000000000000160\r\n\r\n" HTTP_MESSAGE),
     APPLIED},
    {"RFC 9110 5.1", "another case",
     HTTP_SENT(HTTP_POST "cONTENT-lENGTH: 160\r\n\r\n" HTTP_MESSAGE), APPLIED},
};

static const struct http_case several_lengths[] = {
    {"RFC 9112 6.3", "0 and one more",
     HTTP_SENT(HTTP_POST "Content-Length: 0\r\nContent-Length: 225\r\n"
                         "\r\n" HTTP_SMUGGLED),
     REFUSED},
    {"RFC 9112 6.3", "one and 0",
     HTTP_SENT(HTTP_POST "Content-Length: 225\r\nContent-Length: 0\r\n"
                         "\r\n" HTTP_SMUGGLED),
     REFUSED},
    /* One that says the same twice may be taken, or refused. */
    {"RFC 9110 8.6", "twice the same",
     HTTP_SENT(HTTP_POST HTTP_LENGTH HTTP_LENGTH "\r\n" HTTP_MESSAGE), REFUSED},
    {"RFC 9112 6.3", "the second is none",
     HTTP_SENT(HTTP_POST "Content-Length: 0\r\nContent-Length: x\r\n"
                         "\r\n" HTTP_SMUGGLED),
     REFUSED},
    {"RFC 9112 6.3", "of a GET",
     HTTP_SENT(HTTP_GET "Content-Length: 0\r\nContent-Length: 225\r\n"
                        "\r\n" HTTP_SMUGGLED),
     REFUSED},
    {"RFC 9112 6.3", "others between",
     HTTP_SENT(HTTP_POST "Content-Length: 225\r\nA: b\r\nC: d\r\n"
                         "content-length: 0\r\n\r\n" HTTP_SMUGGLED),
     REFUSED},
};

/* A POST with both, and a body that is read in two ways. */
#define BOTH_ENDS "0\r\n\r\n" HTTP_SMUGGLED

static const struct http_case both[] = {
    /* A server in front that goes by the length sends 230 bytes on. */
    {"RFC 9112 6.3", "CL.TE",
     HTTP_SENT(HTTP_POST "Content-Length: 230\r\n" HTTP_CHUNKED
                         "\r\n" BOTH_ENDS),
     REFUSED},
    /* One that goes by the coding sends a chunk, of which we take a part. */
    {"RFC 9112 6.3", "TE.CL",
     HTTP_SENT(HTTP_POST "Content-Length: 4\r\n" HTTP_CHUNKED "\r\n"
                         "e1\r\n" HTTP_SMUGGLED "\r\n0\r\n\r\n"),
     REFUSED},
    {"RFC 9112 6.3", "the coding first",
     HTTP_SENT(HTTP_POST HTTP_CHUNKED "Content-Length: 230\r\n"
                                      "\r\n" BOTH_ENDS),
     REFUSED},
    {"RFC 9112 6.3", "of a GET",
     HTTP_SENT(HTTP_GET "Content-Length: 230\r\n" HTTP_CHUNKED
                        "\r\n" BOTH_ENDS),
     REFUSED},
    {"RFC 9112 6.3", "a length of 0",
     HTTP_SENT(HTTP_POST "Content-Length: 0\r\n" HTTP_CHUNKED "\r\n" BOTH_ENDS),
     REFUSED},
    {"RFC 9112 6.3", "a length that is none",
     HTTP_SENT(HTTP_POST "Content-Length: x\r\n" HTTP_CHUNKED "\r\n" BOTH_ENDS),
     REFUSED},
    {"RFC 9112 6.3", "of a path that is not there",
     HTTP_SENT("POST /nowhere HTTP/1.1\r\n" HTTP_HOST
               "Content-Length: 230\r\n" HTTP_CHUNKED "\r\n" BOTH_ENDS),
     REFUSED},
    /* RFC 9112 section 6.1: and the connection must be closed. */
    {"RFC 9112 6.1", "HTTP/1.0",
     HTTP_SENT("POST /messages HTTP/1.0\r\n" HTTP_HOST
               "Connection: keep-alive\r\n" HTTP_CHUNKED "\r\n" BOTH_ENDS),
     REFUSED},
    {"RFC 9110 5.6.2", "an underscore makes another name",
     HTTP_SENT(HTTP_POST "Transfer_Encoding: chunked\r\n" HTTP_LENGTH
                         "\r\n" HTTP_MESSAGE),
     APPLIED},
};

/* Refused, and nothing of what is behind it is read. */
#define CODING(name, value)                                                    \
    {                                                                          \
        "RFC 9112 6.1", name,                                                  \
            HTTP_SENT(HTTP_POST "Transfer-Encoding: " value                    \
                                "\r\n\r\n" BOTH_ENDS),                         \
            REFUSED                                                            \
    }

/* The same next to one that is understood: TE.TE. */
#define AND_CODING(name, line)                                                 \
    {                                                                          \
        "RFC 9112 6.1", name,                                                  \
            HTTP_SENT(HTTP_POST HTTP_CHUNKED line "\r\n\r\n" BOTH_ENDS),       \
            REFUSED                                                            \
    }

static const struct http_case codings[] = {
    CODING("none", ""),
    CODING("identity", "identity"),
    CODING("another", "x"),
    CODING("chunked first", "chunked, gzip"),
    CODING("chunked last", "gzip, chunked"),
    CODING("identity before it", "identity, chunked"),
    CODING("chunked twice", "chunked, chunked"),
    CODING("an empty one before it", ",chunked"),
    CODING("an empty one behind it", "chunked,"),
    CODING("a parameter", "chunked;q=1"),
    CODING("quoted", "\"chunked\""),
    CODING("a letter before it", "xchunked"),
    CODING("a letter behind it", "chunkedx"),
    CODING("a VT before it", "\vchunked"),
    CODING("a VT behind it", "chunked\v"),
    CODING("a CR before it", "\rchunked"),
    CODING("a CR within", "chun\rked"),
    CODING("a NUL before it", "\0chunked"),
    /*
     * These are "chunked" by RFC 9112 section 5.1. libmicrohttpd would not
     * take them so, and read no body; so they must be refused.
     */
    CODING("a blank behind it", "chunked "),
    CODING("a tab behind it", "chunked\t"),
    AND_CODING("another one", "Transfer-Encoding: x"),
    AND_CODING("in another case", "transfer-encoding: identity"),
    AND_CODING("the same again", "Transfer-Encoding: chunked"),
    AND_CODING("a blank before the colon", "Transfer-Encoding : x"),
    AND_CODING("a tab before the colon", "Transfer-Encoding\t: x"),
    AND_CODING("a blank before the name", " Transfer-Encoding: x"),
    AND_CODING("a VT before the name", "\vTransfer-Encoding: x"),
    AND_CODING("folded", "Transfer-Encoding:\r\n x"),
    AND_CODING("folded in its value", "Transfer-Encoding: chunked\r\n , x"),
    {"RFC 9112 7", "any case",
     HTTP_SENT(HTTP_POST "Transfer-Encoding: cHUNKED\r\n\r\n"
                         "a0\r\n" HTTP_MESSAGE "\r\n0\r\n\r\n"),
     APPLIED},
    {"RFC 9112 5.1", "blanks before it",
     HTTP_SENT(HTTP_POST "Transfer-Encoding: \t chunked\r\n\r\n"
                         "a0\r\n" HTTP_MESSAGE "\r\n0\r\n\r\n"),
     APPLIED},
};

/* RFC 9110 section 6.4: a body may be where it has no meaning. */
static const struct http_case bodies[] = {
    {"RFC 9110 9.3.1", "GET with a body",
     HTTP_SENT(HTTP_GET "Content-Length: 225\r\n\r\n" HTTP_SMUGGLED),
     .responses = {200}, .next = HTTP_ANSWERED},
    {"RFC 9110 9.3.1", "GET with a chunked body",
     HTTP_SENT(HTTP_GET HTTP_CHUNKED "\r\ne1\r\n" HTTP_SMUGGLED
                                     "\r\n0\r\n\r\n"),
     .responses = {200}, .next = HTTP_ANSWERED},
    {"RFC 9110 9.3.7", "OPTIONS with a body",
     HTTP_SENT("OPTIONS /messages HTTP/1.1\r\n" HTTP_HOST
               "Content-Length: 225\r\n\r\n" HTTP_SMUGGLED),
     .responses = {204}, .next = HTTP_ANSWERED},
    {"RFC 9110 15.5.5", "a body to nowhere",
     HTTP_SENT("POST /nowhere HTTP/1.1\r\n" HTTP_HOST
               "Content-Length: 225\r\n\r\n" HTTP_SMUGGLED),
     .responses = {404}, .next = HTTP_ANSWERED},
    {"RFC 9110 15.5.6", "a body with a method that is not allowed",
     HTTP_SENT("DELETE /messages HTTP/1.1\r\n" HTTP_HOST
               "Content-Length: 225\r\n\r\n" HTTP_SMUGGLED),
     .responses = {405}, .next = HTTP_ANSWERED},
    {"RFC 9110 15.5.4", "a body from another site",
     HTTP_SENT(HTTP_POST "Origin: http://elsewhere\r\n"
                         "Content-Length: 225\r\n\r\n" HTTP_SMUGGLED),
     .responses = {403}, .next = HTTP_ANSWERED},
    {"RFC 9110 15.5.1", "a body that is no message",
     HTTP_SENT(HTTP_POST "Content-Length: 225\r\n\r\n" HTTP_SMUGGLED),
     .responses = {400}, .next = HTTP_ANSWERED},
    {"RFC 9112 6.3", "neither length nor coding: no body",
     HTTP_SENT(HTTP_POST "\r\n"), .responses = {400}, .next = HTTP_ANSWERED},
    {"RFC 9112 6.3", "what comes behind that is a request, and a bad one",
     HTTP_SENT(HTTP_POST "\r\n{ \"a\": 1 }\r\n\r\n"), .responses = {400, 400},
     .next = HTTP_CLOSED},
    {"RFC 9110 9.3.2", "HEAD with a body: an answer without",
     HTTP_SENT("HEAD /health HTTP/1.1\r\n" HTTP_HOST
               "Content-Length: 225\r\n\r\n" HTTP_SMUGGLED),
     .responses = {200}, .next = HTTP_ANSWERED, .head = true},
    {"RFC 9110 9.3.2", "HEAD of what is not there, with a body",
     HTTP_SENT("HEAD /rockets/none HTTP/1.1\r\n" HTTP_HOST HTTP_CHUNKED
               "\r\ne1\r\n" HTTP_SMUGGLED "\r\n0\r\n\r\n"),
     .responses = {404}, .next = HTTP_ANSWERED, .head = true},
};

static void length_is_digits_or_the_request_is_refused(void **state)
{
    HTTP_CASES_RUN(*state, lengths);
}

static void several_lengths_are_refused(void **state)
{
    HTTP_CASES_RUN(*state, several_lengths);
}

static void length_with_a_coding_is_refused(void **state)
{
    HTTP_CASES_RUN(*state, both);
}

static void coding_is_one_chunked_or_the_request_is_refused(void **state)
{
    HTTP_CASES_RUN(*state, codings);
}

static void body_that_nobody_wants_is_read_to_its_end(void **state)
{
    HTTP_CASES_RUN(*state, bodies);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(length_is_digits_or_the_request_is_refused),
        cmocka_unit_test(several_lengths_are_refused),
        cmocka_unit_test(length_with_a_coding_is_refused),
        cmocka_unit_test(coding_is_one_chunked_or_the_request_is_refused),
        cmocka_unit_test(body_that_nobody_wants_is_read_to_its_end),
    };
    return HTTP_RUN_TESTS(tests);
}
