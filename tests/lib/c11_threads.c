/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The threads and locks of C11 (threads.h) by those of POSIX, for builds with
 * ThreadSanitizer, which intercepts the latter only: librdkafka uses the
 * former, and its threads crash in code that the sanitizer does not know of.
 * Linked into programs, so that librdkafka finds these functions before those
 * of the C library.
 *
 * The sanitizer then sees each lock of librdkafka, and so that what one of our
 * threads produces happens before another one is told about it. librdkafka
 * itself was not compiled for the sanitizer: its own accesses are not seen, and
 * calls such as memcpy(3) that it makes are ignored, as only some of what
 * orders them is known. No suppression may match code in src/.
 */
#include <assert.h>
#include <errno.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <threads.h>

static_assert(sizeof(mtx_t) >= sizeof(pthread_mutex_t) &&
                  sizeof(cnd_t) >= sizeof(pthread_cond_t) &&
                  sizeof(once_flag) >= sizeof(pthread_once_t) &&
                  sizeof(thrd_t) == sizeof(pthread_t),
              "the types of C11 have room for those of POSIX");

/* Of the sanitizer; the first is read by it at the start. */
const char *__tsan_default_suppressions(void);
void AnnotateIgnoreWritesBegin(const char *file, int line);
void AnnotateIgnoreWritesEnd(const char *file, int line);

const char *__tsan_default_suppressions(void)
{
    return "called_from_lib:librdkafka.so\n";
}

static int result_of(int error)
{
    switch (error) {
    case 0:
        return thrd_success;
    case ENOMEM:
    case EAGAIN:
        return thrd_nomem;
    case EBUSY:
        return thrd_busy;
    case ETIMEDOUT:
        return thrd_timedout;
    default:
        return thrd_error;
    }
}

struct thread_start {
    thrd_start_t function;
    void *argument;
};

/* librdkafka does not use what its threads return. */
static void *run_thread(void *context)
{
    struct thread_start start = *(struct thread_start *)context;

    free(context);
    start.function(start.argument);
    return NULL;
}

int thrd_create(thrd_t *thread, thrd_start_t function, void *argument)
{
    struct thread_start *start = malloc(sizeof(*start));

    if (start == NULL)
        return thrd_nomem;
    *start = (struct thread_start){function, argument};
    int error = pthread_create((pthread_t *)thread, NULL, run_thread, start);
    if (error != 0)
        free(start);
    return result_of(error);
}

int thrd_join(thrd_t thread, int *result)
{
    if (result != NULL)
        *result = 0;
    return result_of(pthread_join((pthread_t)thread, NULL));
}

int thrd_detach(thrd_t thread)
{
    return result_of(pthread_detach((pthread_t)thread));
}

thrd_t thrd_current(void)
{
    return (thrd_t)pthread_self();
}

/*
 * librdkafka passes new locks to other threads in ways that are not seen. So to
 * make a lock does not count as a write to it, which a thread that takes it
 * would race with; nor does to destroy it.
 */
int mtx_init(mtx_t *mutex, int type)
{
    pthread_mutexattr_t attributes;
    bool recursive = ((unsigned)type & mtx_recursive) != 0;

    pthread_mutexattr_init(&attributes);
    pthread_mutexattr_settype(&attributes, recursive ? PTHREAD_MUTEX_RECURSIVE
                                                     : PTHREAD_MUTEX_NORMAL);
    AnnotateIgnoreWritesBegin(__FILE__, __LINE__);
    int error = pthread_mutex_init((pthread_mutex_t *)mutex, &attributes);
    AnnotateIgnoreWritesEnd(__FILE__, __LINE__);
    pthread_mutexattr_destroy(&attributes);
    return result_of(error);
}

void mtx_destroy(mtx_t *mutex)
{
    AnnotateIgnoreWritesBegin(__FILE__, __LINE__);
    pthread_mutex_destroy((pthread_mutex_t *)mutex);
    AnnotateIgnoreWritesEnd(__FILE__, __LINE__);
}

int mtx_lock(mtx_t *mutex)
{
    return result_of(pthread_mutex_lock((pthread_mutex_t *)mutex));
}

int mtx_trylock(mtx_t *mutex)
{
    return result_of(pthread_mutex_trylock((pthread_mutex_t *)mutex));
}

int mtx_unlock(mtx_t *mutex)
{
    return result_of(pthread_mutex_unlock((pthread_mutex_t *)mutex));
}

int cnd_init(cnd_t *condition)
{
    AnnotateIgnoreWritesBegin(__FILE__, __LINE__);
    int error = pthread_cond_init((pthread_cond_t *)condition, NULL);
    AnnotateIgnoreWritesEnd(__FILE__, __LINE__);
    return result_of(error);
}

void cnd_destroy(cnd_t *condition)
{
    AnnotateIgnoreWritesBegin(__FILE__, __LINE__);
    pthread_cond_destroy((pthread_cond_t *)condition);
    AnnotateIgnoreWritesEnd(__FILE__, __LINE__);
}

int cnd_signal(cnd_t *condition)
{
    return result_of(pthread_cond_signal((pthread_cond_t *)condition));
}

int cnd_broadcast(cnd_t *condition)
{
    return result_of(pthread_cond_broadcast((pthread_cond_t *)condition));
}

int cnd_wait(cnd_t *condition, mtx_t *mutex)
{
    return result_of(pthread_cond_wait((pthread_cond_t *)condition,
                                       (pthread_mutex_t *)mutex));
}

int cnd_timedwait(cnd_t *condition, mtx_t *mutex, const struct timespec *until)
{
    return result_of(pthread_cond_timedwait((pthread_cond_t *)condition,
                                            (pthread_mutex_t *)mutex, until));
}

void call_once(once_flag *flag, void (*function)(void))
{
    pthread_once((pthread_once_t *)flag, function);
}
