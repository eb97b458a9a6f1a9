/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where a request ends: lengths and transfer codings that two servers may read
 * differently, which enables request smuggling (RFC 9112 section 11.2). Most
 * rows contain a second request, at the place where a server that reads the row
 * differently would find it.
 */
#include "http_case.h"

#include "lib/harness.h"

/* A POST with this length. */
#define WITH_LENGTH(value)                                                     \
    HTTP_SENT(HTTP_POST "Content-Length: " value "\r\n\r\n" HTTP_SMUGGLED)

/*
 * libmicrohttpd checks Content-Length before it calls the service, and sends
 * the head of its refusal twice. All of them are refused, and the connection is
 * closed.
 */
#define REFUSED_BY_MHD(status)                                                 \
    .responses = {status}, .next = HTTP_CLOSED, .doubled = true

#define REFUSED .responses = {400}, .next = HTTP_CLOSED
#define APPLIED .responses = {202}, .next = HTTP_ANSWERED, .applied = true

/*
 * RFC 9110 section 8.6: 1*DIGIT. RFC 9112 section 6.3, item 5: refuse others.
 */
static const struct http_case lengths[] = {
    {"RFC 9112 6.3", "a plus sign", WITH_LENGTH("+5"), REFUSED_BY_MHD(400)},
    {"RFC 9112 6.3", "a minus sign", WITH_LENGTH("-1"), REFUSED_BY_MHD(400)},
    {"RFC 9112 6.3", "minus zero", WITH_LENGTH("-0"), REFUSED_BY_MHD(400)},
    {"RFC 9112 6.3", "hexadecimal", WITH_LENGTH("0x5"), REFUSED_BY_MHD(400)},
    {"RFC 9112 6.3", "letters", WITH_LENGTH("a0"), REFUSED_BY_MHD(400)},
    {"RFC 9112 6.3", "an exponent", WITH_LENGTH("1e1"), REFUSED_BY_MHD(400)},
    {"RFC 9112 6.3", "a fraction", WITH_LENGTH("5.0"), REFUSED_BY_MHD(400)},
    {"RFC 9112 6.3", "a space within", WITH_LENGTH("5 5"), REFUSED_BY_MHD(400)},
    {"RFC 9112 6.3", "a parameter", WITH_LENGTH("5;"), REFUSED_BY_MHD(400)},
    {"RFC 9112 6.3", "empty", WITH_LENGTH(""), REFUSED_BY_MHD(400)},
    {"RFC 9112 6.3", "quoted", WITH_LENGTH("\"5\""), REFUSED_BY_MHD(400)},
    {"RFC 9112 6.3", "digits beyond ASCII", WITH_LENGTH("\xd9\xa5"),
     REFUSED_BY_MHD(400)},
    {"RFC 9110 5.5", "a CR after it", WITH_LENGTH("5\r"), REFUSED_BY_MHD(400)},
    {"RFC 9110 5.5", "a CR before it", WITH_LENGTH("\r5"), REFUSED_BY_MHD(400)},
    {"RFC 9110 5.5", "a VT after it", WITH_LENGTH("5\v"), REFUSED_BY_MHD(400)},
    /* A list of equal values may be accepted as that value, or refused. */
    {"RFC 9110 8.6", "5,5", WITH_LENGTH("5,5"), REFUSED_BY_MHD(400)},
    {"RFC 9110 8.6", "5, 5", WITH_LENGTH("5, 5"), REFUSED_BY_MHD(400)},
    {"RFC 9112 6.3", "5, 6", WITH_LENGTH("5, 6"), REFUSED_BY_MHD(400)},
    {"RFC 9110 8.6", "past 64 bits", WITH_LENGTH("99999999999999999999"),
     REFUSED_BY_MHD(413)},
    {"RFC 9110 8.6", "just past 64 bits", WITH_LENGTH("18446744073709551616"),
     REFUSED_BY_MHD(413)},
    /*
     * A valid length of 2^64 - 1: more than is ever sent. All bytes are body,
     * and no message.
     */
    {"RFC 9110 8.6", "2^64 - 1", WITH_LENGTH("18446744073709551615"),
     .next = HTTP_CLOSED, .unfinished = true},
    {"RFC 9112 6.3", "longer than the body", WITH_LENGTH("226"),
     .next = HTTP_CLOSED, .unfinished = true},
    /*
     * Whitespace after a value is not part of it (RFC 9112 section 5.1), so
     * this should be accepted. libmicrohttpd 0.9.75 keeps it and refuses the
     * value. That is safe, and no client is known to send it.
     */
    {"RFC 9112 5.1", "a space after it", WITH_LENGTH("225 "),
     REFUSED_BY_MHD(400)},
    {"RFC 9112 5.1", "a tab after it", WITH_LENGTH("225\t"),
     REFUSED_BY_MHD(400)},
    {"RFC 9112 5.1", "whitespace before it",
     HTTP_SENT(HTTP_POST "Content-Length: \t 160\r\n\r\n" HTTP_MESSAGE),
     APPLIED},
    {"RFC 9112 5.1", "no space before it",
     HTTP_SENT(HTTP_POST "Content-Length:160\r\n\r\n" HTTP_MESSAGE), APPLIED},
    {"RFC 9110 8.6", "leading zeros",
     HTTP_SENT(HTTP_POST
               "Content-Length: 000000000000000000000160\r\n\r\n" HTTP_MESSAGE),
     APPLIED},
    {"RFC 9110 5.1", "a name in other letter case",
     HTTP_SENT(HTTP_POST "cONTENT-lENGTH: 160\r\n\r\n" HTTP_MESSAGE), APPLIED},
};

static const struct http_case several_lengths[] = {
    {"RFC 9112 6.3", "0 and another one",
     HTTP_SENT(HTTP_POST "Content-Length: 0\r\nContent-Length: 225\r\n"
                         "\r\n" HTTP_SMUGGLED),
     REFUSED},
    {"RFC 9112 6.3", "one and 0",
     HTTP_SENT(HTTP_POST "Content-Length: 225\r\nContent-Length: 0\r\n"
                         "\r\n" HTTP_SMUGGLED),
     REFUSED},
    /* Two equal lengths may be accepted, or refused. */
    {"RFC 9110 8.6", "the same one twice",
     HTTP_SENT(HTTP_POST HTTP_LENGTH HTTP_LENGTH "\r\n" HTTP_MESSAGE), REFUSED},
    {"RFC 9112 6.3", "an invalid second one",
     HTTP_SENT(HTTP_POST "Content-Length: 0\r\nContent-Length: x\r\n"
                         "\r\n" HTTP_SMUGGLED),
     REFUSED},
    {"RFC 9112 6.3", "of a GET",
     HTTP_SENT(HTTP_GET "Content-Length: 0\r\nContent-Length: 225\r\n"
                        "\r\n" HTTP_SMUGGLED),
     REFUSED},
    {"RFC 9112 6.3", "other fields between",
     HTTP_SENT(HTTP_POST "Content-Length: 225\r\nA: b\r\nC: d\r\n"
                         "content-length: 0\r\n\r\n" HTTP_SMUGGLED),
     REFUSED},
};

/* A body that ends at different places by length and by coding. */
#define BOTH_ENDS "0\r\n\r\n" HTTP_SMUGGLED

static const struct http_case both[] = {
    /* A proxy that uses the length forwards 230 bytes of body. */
    {"RFC 9112 6.3", "CL.TE",
     HTTP_SENT(HTTP_POST "Content-Length: 230\r\n" HTTP_CHUNKED
                         "\r\n" BOTH_ENDS),
     REFUSED},
    /*
     * A proxy that uses the coding forwards a chunk; a server that uses the
     * length reads only a part of it.
     */
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
    {"RFC 9112 6.3", "an invalid length",
     HTTP_SENT(HTTP_POST "Content-Length: x\r\n" HTTP_CHUNKED "\r\n" BOTH_ENDS),
     REFUSED},
    {"RFC 9112 6.3", "to an unknown path",
     HTTP_SENT("POST /nowhere HTTP/1.1\r\n" HTTP_HOST
               "Content-Length: 230\r\n" HTTP_CHUNKED "\r\n" BOTH_ENDS),
     REFUSED},
    /* RFC 9112 section 6.1: the connection must be closed as well. */
    {"RFC 9112 6.1", "HTTP/1.0",
     HTTP_SENT("POST /messages HTTP/1.0\r\n" HTTP_HOST
               "Connection: keep-alive\r\n" HTTP_CHUNKED "\r\n" BOTH_ENDS),
     REFUSED},
    {"RFC 9110 5.6.2", "an underscore in the name: another field",
     HTTP_SENT(HTTP_POST "Transfer_Encoding: chunked\r\n" HTTP_LENGTH
                         "\r\n" HTTP_MESSAGE),
     APPLIED},
};

/* Refused, and the bytes after it are not read. */
#define CODING(name, value)                                                    \
    {                                                                          \
        "RFC 9112 6.1", name,                                                  \
            HTTP_SENT(HTTP_POST "Transfer-Encoding: " value                    \
                                "\r\n\r\n" BOTH_ENDS),                         \
            REFUSED                                                            \
    }

/* The same beside a valid coding: TE.TE. */
#define AND_CODING(name, line)                                                 \
    {                                                                          \
        "RFC 9112 6.1", name,                                                  \
            HTTP_SENT(HTTP_POST HTTP_CHUNKED line "\r\n\r\n" BOTH_ENDS),       \
            REFUSED                                                            \
    }

static const struct http_case codings[] = {
    CODING("empty", ""),
    CODING("identity", "identity"),
    CODING("an unknown one", "x"),
    CODING("chunked first", "chunked, gzip"),
    CODING("chunked last", "gzip, chunked"),
    CODING("identity before it", "identity, chunked"),
    CODING("chunked twice", "chunked, chunked"),
    CODING("an empty one before it", ",chunked"),
    CODING("an empty one after it", "chunked,"),
    CODING("a parameter", "chunked;q=1"),
    CODING("quoted", "\"chunked\""),
    CODING("a letter before it", "xchunked"),
    CODING("a letter after it", "chunkedx"),
    CODING("a VT before it", "\vchunked"),
    CODING("a VT after it", "chunked\v"),
    CODING("a CR before it", "\rchunked"),
    CODING("a CR in it", "chun\rked"),
    CODING("a NUL before it", "\0chunked"),
    /*
     * By RFC 9112 section 5.1 these are "chunked". libmicrohttpd would not
     * recognise them and read no body, so they must be refused.
     */
    CODING("a space after it", "chunked "),
    CODING("a tab after it", "chunked\t"),
    AND_CODING("an unknown one", "Transfer-Encoding: x"),
    AND_CODING("in other letter case", "transfer-encoding: identity"),
    AND_CODING("the same again", "Transfer-Encoding: chunked"),
    AND_CODING("a space before the colon", "Transfer-Encoding : x"),
    AND_CODING("a tab before the colon", "Transfer-Encoding\t: x"),
    AND_CODING("a space before the name", " Transfer-Encoding: x"),
    AND_CODING("a VT before the name", "\vTransfer-Encoding: x"),
    AND_CODING("folded", "Transfer-Encoding:\r\n x"),
    AND_CODING("folded in its value", "Transfer-Encoding: chunked\r\n , x"),
    {"RFC 9112 7", "in any letter case",
     HTTP_SENT(HTTP_POST "Transfer-Encoding: cHUNKED\r\n\r\n"
                         "a0\r\n" HTTP_MESSAGE "\r\n0\r\n\r\n"),
     APPLIED},
    {"RFC 9112 5.1", "whitespace before it",
     HTTP_SENT(HTTP_POST "Transfer-Encoding: \t chunked\r\n\r\n"
                         "a0\r\n" HTTP_MESSAGE "\r\n0\r\n\r\n"),
     APPLIED},
};

/*
 * RFC 9110 section 6.4: any request may have a body, even if it has no meaning.
 */
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
    {"RFC 9110 15.5.5", "a body to an unknown path",
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
    {"RFC 9112 6.3", "bytes after that are a request, here a malformed one",
     HTTP_SENT(HTTP_POST "\r\n{ \"a\": 1 }\r\n\r\n"), .responses = {400, 400},
     .next = HTTP_CLOSED},
    {"RFC 9110 9.3.2", "HEAD with a body: the response has none",
     HTTP_SENT("HEAD /health HTTP/1.1\r\n" HTTP_HOST
               "Content-Length: 225\r\n\r\n" HTTP_SMUGGLED),
     .responses = {200}, .next = HTTP_ANSWERED, .head = true},
    {"RFC 9110 9.3.2", "HEAD of an unknown rocket, with a body",
     HTTP_SENT("HEAD /rockets/none HTTP/1.1\r\n" HTTP_HOST HTTP_CHUNKED
               "\r\ne1\r\n" HTTP_SMUGGLED "\r\n0\r\n\r\n"),
     .responses = {404}, .next = HTTP_ANSWERED, .head = true},
};

static void content_length_must_be_digits(void **state)
{
    HTTP_CASES_RUN(*state, lengths);
}

static void several_lengths_are_refused(void **state)
{
    HTTP_CASES_RUN(*state, several_lengths);
}

static void length_and_coding_together_are_refused(void **state)
{
    HTTP_CASES_RUN(*state, both);
}

static void transfer_coding_must_be_a_single_chunked(void **state)
{
    HTTP_CASES_RUN(*state, codings);
}

static void unused_body_is_read_to_its_end(void **state)
{
    HTTP_CASES_RUN(*state, bodies);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(content_length_must_be_digits),
        cmocka_unit_test(several_lengths_are_refused),
        cmocka_unit_test(length_and_coding_together_are_refused),
        cmocka_unit_test(transfer_coding_must_be_a_single_chunked),
        cmocka_unit_test(unused_body_is_read_to_its_end),
    };
    return HTTP_RUN_TESTS(tests);
}
