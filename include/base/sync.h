/* SPDX-License-Identifier: Apache-2.0 */
/*
 * POSIX threads without errors to handle. If a pthread call on a lock or a
 * condition fails, that is a bug of ours which no caller can handle: it is
 * logged, and the process aborts. Calls that fail for lack of resources
 * (creating a thread) are not here.
 */
#ifndef LUNAR_BASE_SYNC_H
#define LUNAR_BASE_SYNC_H

#include <errno.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

/* The struct of type `type` whose member `member` is at `pointer`. */
#define container_of(pointer, type, member)                                    \
    ((type *)(void *)((char *)(pointer)-offsetof(type, member)))

/* Log that the pthread function `what` returned `error`, and abort. */
__attribute__((cold, noreturn)) void sync_fail(int error, const char *what);

/* Abort unless `error`, which the pthread function `what` returned, is 0. */
static inline void sync_check(int error, const char *what)
{
    if (__builtin_expect(error != 0, 0))
        sync_fail(error, what);
}

static inline void sync_lock(pthread_mutex_t *mutex)
{
    sync_check(pthread_mutex_lock(mutex), "pthread_mutex_lock");
}

static inline void sync_unlock(pthread_mutex_t *mutex)
{
    sync_check(pthread_mutex_unlock(mutex), "pthread_mutex_unlock");
}

static inline void sync_read_lock(pthread_rwlock_t *lock)
{
    sync_check(pthread_rwlock_rdlock(lock), "pthread_rwlock_rdlock");
}

/* False, without the lock, if a writer has it or waits for it. */
static inline bool sync_try_read_lock(pthread_rwlock_t *lock)
{
    int error = pthread_rwlock_tryrdlock(lock);

    if (error == EBUSY)
        return false;
    sync_check(error, "pthread_rwlock_tryrdlock");
    return true;
}

static inline void sync_write_lock(pthread_rwlock_t *lock)
{
    sync_check(pthread_rwlock_wrlock(lock), "pthread_rwlock_wrlock");
}

static inline void sync_rwlock_unlock(pthread_rwlock_t *lock)
{
    sync_check(pthread_rwlock_unlock(lock), "pthread_rwlock_unlock");
}

void sync_mutex_init(pthread_mutex_t *mutex);

/* The lock prefers writers: readers that poll must not delay them. */
void sync_rwlock_init(pthread_rwlock_t *lock);

/* Deadlines are on the monotonic clock, as the wall clock may be set. */
void sync_cond_init(pthread_cond_t *condition);

void sync_signal(pthread_cond_t *condition);
void sync_broadcast(pthread_cond_t *condition);

/* Wait for a signal. The caller holds `mutex`. May return without a signal. */
void sync_wait(pthread_cond_t *condition, pthread_mutex_t *mutex);

/* The same. False once `deadline` (from sync_deadline()) has passed. */
bool sync_wait_until(pthread_cond_t *condition, pthread_mutex_t *mutex,
                     const struct timespec *deadline);

/*
 * The time `ms` milliseconds, or `us` microseconds, from now, on the monotonic
 * clock.
 */
struct timespec sync_deadline(uint64_t ms);
struct timespec sync_deadline_us(uint64_t us);

void sync_join(pthread_t thread);

/* A semaphore that begins with 0. sync_semaphore_wait() is never interrupted.
 */
void sync_semaphore_init(sem_t *semaphore);
void sync_semaphore_post(sem_t *semaphore);
void sync_semaphore_wait(sem_t *semaphore);

#endif
