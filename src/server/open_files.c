/* SPDX-License-Identifier: Apache-2.0 */
#include "open_files.h"

#include <stdint.h>
#include <sys/resource.h>

#include "base/log.h"
#include "linger.h"

enum {
    /* Descriptors of logs, epoll, pipes ..., and connections that linger. */
    OTHER_DESCRIPTORS = 64 + LINGER_CONNECTIONS,
};

unsigned open_files_fit(unsigned wanted, unsigned sockets)
{
    rlim_t needed = (rlim_t)wanted * sockets + OTHER_DESCRIPTORS;
    struct rlimit limit;

    if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur >= needed)
        return wanted;

    /* Raising the hard limit takes a privilege. */
    struct rlimit raised = limit;
    raised.rlim_cur = needed;
    if (raised.rlim_max < needed)
        raised.rlim_max = needed;
    if (setrlimit(RLIMIT_NOFILE, &raised) == 0)
        return wanted;
    raised.rlim_cur = raised.rlim_max = limit.rlim_max;
    if (setrlimit(RLIMIT_NOFILE, &raised) == 0)
        limit = raised;

    unsigned fitting = 16;
    if (limit.rlim_cur > OTHER_DESCRIPTORS + 16 * sockets)
        fitting = (unsigned)(limit.rlim_cur - OTHER_DESCRIPTORS) / sockets;
    /* Not again for a number that was made to fit. */
    if (fitting != wanted)
        log_line(LOG_WARN,
                 "at most %u connections at a time, not %u: the limit of open "
                 "files is %ju (see ulimit -n)",
                 fitting, wanted, (uintmax_t)limit.rlim_cur);
    return fitting;
}
