/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Locks and conditions: the functions that are called too rarely to be inline.
 */
#include "base/sync.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"

void sync_fail(int error, const char *what)
{
    char reason[128];

    log_line(LOG_ERROR, "%s: %s", what,
             strerror_r(error, reason, sizeof(reason)));
    log_flush(LOG_STOP_MS);
    abort();
}

void sync_mutex_init(pthread_mutex_t *mutex)
{
    sync_check(pthread_mutex_init(mutex, NULL), "pthread_mutex_init");
}

void sync_rwlock_init(pthread_rwlock_t *lock)
{
    pthread_rwlockattr_t attributes;

    sync_check(pthread_rwlockattr_init(&attributes), "pthread_rwlockattr_init");
    sync_check(pthread_rwlockattr_setkind_np(
                   &attributes, PTHREAD_RWLOCK_PREFER_WRITER_NONRECURSIVE_NP),
               "pthread_rwlockattr_setkind_np");
    sync_check(pthread_rwlock_init(lock, &attributes), "pthread_rwlock_init");
    pthread_rwlockattr_destroy(&attributes);
}

void sync_cond_init(pthread_cond_t *condition)
{
    pthread_condattr_t attributes;

    sync_check(pthread_condattr_init(&attributes), "pthread_condattr_init");
    sync_check(pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC),
               "pthread_condattr_setclock");
    sync_check(pthread_cond_init(condition, &attributes), "pthread_cond_init");
    pthread_condattr_destroy(&attributes);
}

void sync_signal(pthread_cond_t *condition)
{
    sync_check(pthread_cond_signal(condition), "pthread_cond_signal");
}

void sync_broadcast(pthread_cond_t *condition)
{
    sync_check(pthread_cond_broadcast(condition), "pthread_cond_broadcast");
}

void sync_wait(pthread_cond_t *condition, pthread_mutex_t *mutex)
{
    sync_check(pthread_cond_wait(condition, mutex), "pthread_cond_wait");
}

bool sync_wait_until(pthread_cond_t *condition, pthread_mutex_t *mutex,
                     const struct timespec *deadline)
{
    int error = pthread_cond_timedwait(condition, mutex, deadline);

    if (error == ETIMEDOUT)
        return false;
    sync_check(error, "pthread_cond_timedwait");
    return true;
}

struct timespec sync_deadline(uint64_t ms)
{
    return sync_deadline_us(ms * 1000);
}

struct timespec sync_deadline_us(uint64_t us)
{
    struct timespec deadline;

    clock_gettime(CLOCK_MONOTONIC, &deadline);
    deadline.tv_sec += (time_t)(us / 1000000);
    deadline.tv_nsec += (long)(us % 1000000) * 1000;
    if (deadline.tv_nsec >= 1000000000) {
        deadline.tv_sec++;
        deadline.tv_nsec -= 1000000000;
    }
    return deadline;
}

void sync_join(pthread_t thread)
{
    sync_check(pthread_join(thread, NULL), "pthread_join");
}

void sync_semaphore_init(sem_t *semaphore)
{
    sync_check(sem_init(semaphore, 0, 0) == 0 ? 0 : errno, "sem_init");
}

void sync_semaphore_post(sem_t *semaphore)
{
    sync_check(sem_post(semaphore) == 0 ? 0 : errno, "sem_post");
}

void sync_semaphore_wait(sem_t *semaphore)
{
    int error = 0;

    do
        error = sem_wait(semaphore) == 0 ? 0 : errno;
    while (error == EINTR);
    sync_check(error, "sem_wait");
}
