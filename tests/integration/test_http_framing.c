/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where a request ends: lengths, transfer codings and chunks that two servers
 * may read differently, which enables request smuggling (RFC 9112 section
 * 11.2). Most rows contain a second request, at the place where a server that
 * reads the row differently would find it. libmicrohttpd decodes chunks and
 * passes on only their content; rows record what it accepts although it should
 * not.
 */
#include "http_case.h"

#include "lib/harness.h"

/*
 * libmicrohttpd checks Content-Length before it calls the service, and sends
 * the head of its refusal twice. All of them are refused, and the connection is
 * closed.
 */
#define BY_MHD(status) LAST(status), .doubled = true

/* A POST with this length. */
#define OF_LENGTH(value) SENT(POST "Content-Length: " value "\r\n\r\n" SMUGGLED)

/*
 * RFC 9110 section 8.6: 1*DIGIT. RFC 9112 section 6.3, item 5: refuse others.
 */
static const struct http_case content_length_must_be_digits[] = {
    {"9112 6.3", "a plus sign", OF_LENGTH("+5"), BY_MHD(400)},
    {"9112 6.3", "a minus sign", OF_LENGTH("-1"), BY_MHD(400)},
    {"9112 6.3", "hexadecimal", OF_LENGTH("0x5"), BY_MHD(400)},
    {"9112 6.3", "empty", OF_LENGTH(""), BY_MHD(400)},
    /* A list of equal values may be accepted as that value, or refused. */
    {"9110 8.6", "5,5", OF_LENGTH("5,5"), BY_MHD(400)},
    {"9110 8.6", "2^64", OF_LENGTH("18446744073709551616"), BY_MHD(413)},
    {"9110 8.6", "2^64 - 1", OF_LENGTH("18446744073709551615"), LAST(413)},
    /* More than is sent. All bytes are body, and no message. */
    {"9112 6.3", "longer than the body", OF_LENGTH("226"), UNFINISHED},
    /*
     * White space after a value is not part of it (RFC 9110 section 5.5), so
     * this should be accepted. libmicrohttpd 0.9.75 keeps it and refuses the
     * value. That is safe, and no client is known to send it.
     */
    {"9110 5.5", "a space after it", OF_LENGTH("225 "), BY_MHD(400)},
    {"9112 5.1", "whitespace before it",
     FRAMED("Content-Length: \t 160\r\n\r\n" MESSAGE), APPLIED},
    {"9110 8.6", "leading zeros",
     FRAMED("Content-Length: 000000000000000000000160\r\n\r\n" MESSAGE),
     APPLIED},
    {"9110 5.1", "a name in other letter case",
     FRAMED("cONTENT-lENGTH: 160\r\n\r\n" MESSAGE), APPLIED},
};

#define ZERO "Content-Length: 0\r\n"

static const struct http_case several_lengths_are_refused[] = {
    {"9112 6.3", "0 and another one", FRAMED(ZERO WITH_SMUGGLED), REFUSED},
    /* Two equal lengths may be accepted, or refused. */
    {"9110 8.6", "the same one twice", FRAMED(LENGTH WITH_MESSAGE), REFUSED},
    {"9112 6.3", "an invalid second one",
     FRAMED(ZERO "Content-Length: x\r\n\r\n" SMUGGLED), REFUSED},
    {"9112 6.3", "of a GET", SENT(GET ZERO WITH_SMUGGLED), REFUSED},
    {"9112 6.3", "other fields between",
     FRAMED("Content-Length: 225\r\nA: b\r\ncontent-length: 0\r\n"
            "\r\n" SMUGGLED),
     REFUSED},
};

/* A body that ends at different places by length and by coding. */
#define BOTH_ENDS "\r\n0\r\n\r\n" SMUGGLED
#define OTHER "Content-Length: 230\r\n"

static const struct http_case length_and_coding_together_are_refused[] = {
    /* A proxy that uses the length forwards 230 bytes of body. */
    {"9112 6.3", "CL.TE", FRAMED(OTHER CHUNKED BOTH_ENDS), REFUSED},
    /*
     * A proxy that uses the coding forwards a chunk; a server that uses the
     * length reads only a part of it.
     */
    {"9112 6.3", "TE.CL",
     FRAMED("Content-Length: 4\r\n" CHUNKED "\r\ne1\r\n" SMUGGLED LAST_CHUNK),
     REFUSED},
    {"9112 6.3", "the coding first", FRAMED(CHUNKED OTHER BOTH_ENDS), REFUSED},
    {"9112 6.3", "of a GET", SENT(GET OTHER CHUNKED BOTH_ENDS), REFUSED},
    {"9112 6.3", "to an unknown path",
     SENT("POST /nowhere HTTP/1.1\r\n" HOST OTHER CHUNKED BOTH_ENDS), REFUSED},
    /* RFC 9112 section 6.1: the connection must be closed as well. */
    {"9112 6.1", "HTTP/1.0",
     SENT(POST_1_0 "Connection: keep-alive\r\n" CHUNKED BOTH_ENDS), REFUSED},
};

/* A POST with this coding, or with it beside a valid one: TE.TE. */
#define CODING(value) FRAMED("Transfer-Encoding: " value "\r\n" BOTH_ENDS)
#define AND_CODING(line) FRAMED(CHUNKED line "\r\n" BOTH_ENDS)

static const struct http_case transfer_coding_must_be_a_single_chunked[] = {
    {"9112 6.1", "empty", CODING(""), REFUSED},
    {"9112 6.3", "chunked first", CODING("chunked, gzip"), REFUSED},
    {"9112 6.1", "chunked twice", CODING("chunked, chunked"), REFUSED},
    {"9112 7.1", "a parameter", CODING("chunked;a=b"), REFUSED},
    {"9112 6.1", "a VT after it", CODING("chunked\v"), REFUSED},
    {"9112 6.1", "a CR in it", CODING("chun\rked"), REFUSED},
    {"9112 6.1", "a NUL before it", CODING("\0chunked"), REFUSED},
    /*
     * By RFC 9110 sections 5.5 and 5.6.1 these are "chunked". libmicrohttpd
     * would not recognise them, and read the body to the end of the connection:
     * they must be refused.
     */
    {"9110 5.5", "a space after it", CODING("chunked "), REFUSED},
    {"9110 5.6.1", "an empty element after it", CODING("chunked,"), REFUSED},
    {"9112 6.1", "and another", AND_CODING("Transfer-Encoding: x"), REFUSED},
    {"9112 6.1", "and itself", AND_CODING("Transfer-Encoding: chunked"),
     REFUSED},
    {"9112 6.1", "and a space before the name",
     AND_CODING(" Transfer-Encoding: x"), REFUSED},
    {"9112 6.1", "and folded", AND_CODING("Transfer-Encoding:\r\n x"), REFUSED},
    {"9112 7", "in any letter case, whitespace before it",
     FRAMED("Transfer-Encoding: \t cHUNKED\r\n\r\na0\r\n" MESSAGE LAST_CHUNK),
     APPLIED_LAST},
};

/* RFC 9112 section 6.1: 501. */
#define UNKNOWN LAST(501)
static const struct http_case unknown_transfer_coding_is_not_implemented[] = {
    {"9112 6.1", "gzip", CODING("gzip"), UNKNOWN},
    {"9112 6.1", "gzip, then chunked", CODING("gzip, chunked"), UNKNOWN},
    {"9112 6.1", "identity", CODING("identity"), UNKNOWN},
    {"9112 6.1", "a letter after chunked", CODING("chunkedx"), UNKNOWN},
    {"9112 6.1", "white space after it", CODING("gzip \t"), UNKNOWN},
    {"9112 6.1", "of a GET", SENT(GET "Transfer-Encoding: x\r\n\r\n" SMUGGLED),
     UNKNOWN},
    /* What is ambiguous besides is 400. */
    {"9112 6.3", "and a length", CODING("gzip\r\nContent-Length: 5"), REFUSED},
    {"9112 6.1", "in HTTP/1.0",
     SENT(POST_1_0 "Transfer-Encoding: gzip\r\n\r\n" SMUGGLED), REFUSED},
};

/*
 * RFC 9110 section 6.4: any request may have a body, even if it has no meaning.
 */
static const struct http_case unused_body_is_read_to_its_end[] = {
#define IN_A_CHUNK CHUNKED "\r\ne1\r\n" SMUGGLED LAST_CHUNK
    {"9110 9.3.1", "GET with a body", SENT(GET WITH_SMUGGLED), OK},
    {"9110 9.3.1", "GET with a chunked body", SENT(GET IN_A_CHUNK), LAST(200)},
    {"9112 6.3", "no length, no coding: no body", FRAMED("\r\n"), NEXT(400)},
    {"9112 6.3", "bytes after that are a request, here a malformed one",
     FRAMED("\r\n{ \"a\": 1 }\r\n\r\n"), .responses = {400, 400}, CLOSED},
    {"9110 9.3.2", "HEAD with a body: the response has none",
     SENT("HEAD /health HTTP/1.1\r\n" HOST WITH_SMUGGLED), OK, .head = true},
    {"9110 9.3.2", "HEAD of an unknown rocket, with a body",
     SENT("HEAD /rockets/none HTTP/1.1\r\n" HOST IN_A_CHUNK), LAST(404),
     .head = true},
};

/* A chunk with this size. */
#define SIZE(text) BODY(text "\r\n" MESSAGE LAST_CHUNK)

static const struct http_case chunk_size_must_be_hexadecimal[] = {
    {"9112 7.1", "one chunk", SIZE("a0"), APPLIED_LAST},
    {"9112 7.1", "upper-case digits", SIZE("A0"), APPLIED_LAST},
    {"9112 7.1", "leading zeros", SIZE("00000000000000000000000a0"),
     APPLIED_LAST},
    {"9112 7.1", "empty", SIZE(""), REFUSED},
    {"9112 7.1", "an invalid digit", SIZE("ag"), REFUSED},
    {"9112 7.1", "a space before it", SIZE(" a0"), REFUSED},
    {"9112 7.1", "a space after it", SIZE("a0 "), REFUSED},
    {"9112 7.1", "a NUL before it", SIZE("\0a0"), REFUSED},
    /* A parser that wraps at 64 bits would read 160. */
    {"9112 7.1", "2^64 + 160", SIZE("100000000000000a0"), LAST(413)},
    {"9112 7.1", "2^32 + 160", SIZE("1000000a0"), UNFINISHED},
};

static const struct http_case chunk_must_end_in_a_line_end[] = {
    {"9112 7.1", "a chunk too long by two", SIZE("a2"), REFUSED},
    {"9112 7.1", "a chunk too short by one", SIZE("9f"), REFUSED},
    {"9112 7.1", "nothing after it", BODY(CHUNK "0\r\n\r\n"), REFUSED},
    {"9112 7.1", "a CR after it", BODY(CHUNK "\r0\r\n\r\n"), REFUSED},
    {"9112 7.1", "no last chunk", BODY(CHUNK "\r\n" SMUGGLED), REFUSED},
    {"9112 7.1", "only the last chunk", BODY("0\r\n\r\n"), REFUSED},
    {"9112 7.1", "a request as content of a chunk",
     BODY("e1\r\n" SMUGGLED LAST_CHUNK), REFUSED},
    /*
     * RFC 9112 section 2.2 allows a bare LF as the end of the request line and
     * of field lines, but not here. libmicrohttpd 0.9.75 accepts it everywhere,
     * and the service sees only the content. A proxy in front that takes the LF
     * for a part of an extension reads a different request: what it takes for
     * the rest of this one must have no effect.
     */
    {"9112 7.1", "an LF after the size", BODY("a0\n" MESSAGE LAST_CHUNK),
     APPLIED_LAST},
    {"9112 7.1", "an LF after a chunk", BODY(CHUNK "\n0\r\n\r\n"),
     APPLIED_LAST},
    {"9112 7.1", "an LF after a chunk that ends in a CR", SIZE("a1"),
     APPLIED_LAST},
    {"9112 7.1", "an LF after the last size", BODY(CHUNK "\r\n0\n\r\n"),
     APPLIED_LAST},
    {"9112 7.1", "an LF as the last line end", BODY(CHUNK "\r\n0\r\n\n"),
     APPLIED_LAST},
    {"9112 7.1", "an LF in an extension, and a request behind",
     BODY("0;a\n\r\n" SMUGGLED), REFUSED},
    {"9112 7.1", "an LF after a chunk, and a request behind",
     BODY(CHUNK "\n0\n\n" SMUGGLED), APPLIED_LAST},
};

/*
 * RFC 9112 section 7.1.1: a server ought to limit the length of extensions and
 * send a 4xx beyond it. The limit of libmicrohttpd is the memory of the
 * connection, and its status is 500.
 */
static const struct http_case extensions_are_ignored[] = {
    {"9112 7.1.1", "several, also of the last chunk",
     BODY("a0;a=\"b;c\";d\r\n" MESSAGE "\r\n0;e=f\r\n\r\n"), APPLIED_LAST},
    {"9112 7.1.1", "one that looks like a size", SIZE("a0;5;0"), APPLIED_LAST},
    {"9112 7.1.1", "a CRLF in a quoted value",
     BODY("a0;a=\"\r\n0\r\n\r\n" SMUGGLED), REFUSED},
    {"9112 7.1.1", "100,000 bytes",
     LONG(POST CHUNKED "\r\na0;", "x", 100000, "\r\n" MESSAGE LAST_CHUNK),
     LAST(500)},
    /* The grammar does not allow an empty one, but it is not ambiguous. */
    {"9112 7.1.1", "an empty one", SIZE("a0;"), APPLIED_LAST},
    /* libmicrohttpd accepts what is in them: these should be refused. */
    {"9112 2.2", "a CR within", SIZE("a0;a\rb"), APPLIED_LAST},
    {"9112 7.1.1", "a NUL within", SIZE("a0;a\0b"), APPLIED_LAST},
    /*
     * Whitespace before the semicolon must be accepted (RFC 9110 section
     * 5.6.3). libmicrohttpd refuses it, which is safe.
     */
    {"9112 7.1.1", "a space before it", SIZE("a0 ;a=b"), REFUSED},
};

/*
 * Trailer fields are read and discarded (RFC 9112 section 7.1.2), including
 * those that would change the framing. libmicrohttpd 0.9.75 may take a field
 * without a name, or a NUL, for their end: what follows must have no effect.
 */
#define BEFORE_TRAILER CHUNK "\r\n0\r\n"
#define TRAILER(text) BODY(BEFORE_TRAILER text)

static const struct http_case trailers_are_read_and_discarded[] = {
    {"9112 7.1.2", "several", TRAILER("X: 1\r\nY:2\r\nZ:\r\n\r\n"),
     APPLIED_LAST},
    {"9110 6.5.1", "a length", TRAILER("Content-Length: 225\r\n\r\n"),
     APPLIED_LAST},
    {"9112 5", "no colon", TRAILER("X\r\n\r\n"), REFUSED},
    {"9112 7.1", "a request", TRAILER(SMUGGLED), REFUSED},
    {"9112 8", "the stream ends after one", TRAILER("X: 1\r\n"), UNFINISHED},
    {"6585 5", "100,000 bytes",
     LONG(POST CHUNKED "\r\n" BEFORE_TRAILER "X: ", "x", 100000, "\r\n\r\n"),
     LAST(431)},
    /* Trailers have no effect, so malformed ones do no harm. */
    {"9112 5.2", "folded", TRAILER("X: 1\r\n 2\r\n\r\n"), APPLIED_LAST},
    {"9112 5.1", "a space before the colon", TRAILER("X : 1\r\n\r\n"),
     APPLIED_LAST},
    {"9112 5", "no name in the first", TRAILER(": 1\r\n\r\n"), APPLIED_LAST},
    {"9112 11.2", "no name", TRAILER("X: 1\r\n: 2\r\n" SMUGGLED), APPLIED_LAST},
    {"9112 11.2", "a NUL before the second",
     TRAILER("X: 1\r\n\0: 2\r\n" SMUGGLED), APPLIED_LAST},
    {"9112 11.2", "a NUL before the first", TRAILER("\0: 1\r\n" SMUGGLED),
     APPLIED_LAST},
};

int main(void)
{
    const struct CMUnitTest tests[] = {
        HTTP_TABLE(content_length_must_be_digits),
        HTTP_TABLE(several_lengths_are_refused),
        HTTP_TABLE(length_and_coding_together_are_refused),
        HTTP_TABLE(transfer_coding_must_be_a_single_chunked),
        HTTP_TABLE(unknown_transfer_coding_is_not_implemented),
        HTTP_TABLE(unused_body_is_read_to_its_end),
        HTTP_TABLE(chunk_size_must_be_hexadecimal),
        HTTP_TABLE(chunk_must_end_in_a_line_end),
        HTTP_TABLE(extensions_are_ignored),
        HTTP_TABLE(trailers_are_read_and_discarded),
    };
    return HTTP_RUN_TESTS(tests);
}
