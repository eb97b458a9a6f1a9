/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The kernel counts no bytes of a Unix socket. But it has an offset for reading
 * with MSG_PEEK, SO_PEEK_OFF (socket(7)), which it lowers by as many bytes as
 * are read without that flag, and which can be asked for. So peer_await() sets
 * it to a number that is never reached by a request's head, and what it has
 * become shows whether bytes were read since then. Nobody may use MSG_PEEK
 * meanwhile.
 */
#include "peer_state.h"

#include <linux/tcp.h>
#include <netinet/in.h>

#include <errno.h>
#include <poll.h>
#include <stddef.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

enum {
    /* Of <netinet/tcp.h>, which cannot be used beside <linux/tcp.h>. */
    TCP_CLOSE = 7,
    TCP_CLOSE_WAIT = 8,
    FAR_AHEAD = INT32_MAX, /* a peek offset */
    NO_OFFSET = -1,
};

static void set_peek_offset(int socket, int offset)
{
    setsockopt(socket, SOL_SOCKET, SO_PEEK_OFF, &offset, sizeof(offset));
}

void peer_await(enum peer_kind kind, int socket)
{
    if (kind == PEER_UNIX)
        set_peek_offset(socket, FAR_AHEAD);
}

static bool read_tcp(int socket, struct peer_state *state)
{
    struct tcp_info info;
    socklen_t size = sizeof(info);

    if (getsockopt(socket, IPPROTO_TCP, TCP_INFO, &info, &size) != 0 ||
        size < offsetof(struct tcp_info, tcpi_notsent_bytes) +
                   sizeof(info.tcpi_notsent_bytes))
        return false;
    *state = (struct peer_state){
        .ended =
            info.tcpi_state == TCP_CLOSE || info.tcpi_state == TCP_CLOSE_WAIT,
        .pending = info.tcpi_unacked > 0 || info.tcpi_notsent_bytes > 0,
        .taken = info.tcpi_bytes_acked,
        .quiet_ms = info.tcpi_last_data_recv,
    };
    return true;
}

/*
 * The bytes that the peer has not read count with their overhead, and in the
 * blocks in which they were queued. They can be as many at two checks although
 * some were taken between these, if as many were sent; not for as long as
 * CONNECTION_SEND_SECONDS.
 */
static bool read_unix(int socket, struct peer_state *state)
{
    struct pollfd polled = {.fd = socket, .events = POLLRDHUP};
    int queued = 0, offset = 0;
    socklen_t size = sizeof(offset);

    if (poll(&polled, 1, 0) < 0 || ioctl(socket, TIOCOUTQ, &queued) != 0 ||
        getsockopt(socket, SOL_SOCKET, SO_PEEK_OFF, &offset, &size) != 0)
        return false;
    *state = (struct peer_state){
        .ended = (polled.revents & (POLLRDHUP | POLLHUP)) != 0,
        .pending = queued > 0,
        .taken = (uint64_t)queued,
        .quiet_ms = offset < FAR_AHEAD ? 0 : PEER_QUIET,
    };
    return true;
}

bool peer_state_read(enum peer_kind kind, int socket, struct peer_state *state)
{
    return kind == PEER_UNIX ? read_unix(socket, state)
                             : read_tcp(socket, state);
}

bool peer_has_unread(int socket)
{
    int unread = 0;

    return ioctl(socket, FIONREAD, &unread) != 0 || unread > 0;
}

enum peer_input peer_last_input(enum peer_kind kind, int socket)
{
    char byte;

    if (kind == PEER_UNIX)
        set_peek_offset(socket, NO_OFFSET);
    ssize_t unread = recv(socket, &byte, 1, MSG_PEEK | MSG_DONTWAIT);
    if (unread > 0)
        return PEER_INPUT_SOME;
    return unread < 0 && errno == EAGAIN ? PEER_INPUT_NONE : PEER_INPUT_END;
}
