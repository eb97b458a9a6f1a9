/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The connection's thread and the wake race in two ways, and both are decided
 * by one exchange of `state`: a wake that comes before the sleep makes the
 * sleep unnecessary or, if the connection is suspended already, short.
 *
 * How a group is handed over:
 *
 * - From the waker's exchange, which finds WAIT_ASLEEP, until the resume, a
 *   wait is the waker's. Its connection is suspended, so libmicrohttpd neither
 *   goes on with it nor ends it; the little that the others may still ask, for
 *   the state, has the answer that there is nothing for them to do.
 * - MHD_resume_connection() of the leader hands the group to the loop. It takes
 *   a mutex, which the loop takes as well before it finds the leader resumed,
 *   so the loop sees the whole list. The waker uses none of it after that.
 * - The loop calls the exchange or the stream, or ends the request if the
 *   client has left: a wait leads only if one of them is certain. Either way
 *   wait_end() resumes the followers, and frees nothing before.
 * - Each wait is counted as open until its own resume has returned. So a stop
 *   waits for followers whose leader has not been called yet, while the loops
 *   still run.
 */
#include "wait.h"

#include <microhttpd.h>
#include <sched.h>

#include "base/sync.h"

/*
 * Nothing of the wait is used after the connection goes on, as it may be gone
 * by then; `all` lives until `open` is 0. That comes last: libmicrohttpd must
 * not be stopped before MHD_resume_connection() has returned.
 */
static void resume(struct wait *wait)
{
    struct waits *all = wait->all;

    MHD_resume_connection(wait->mhd);
    atomic_fetch_sub(&all->open, 1);
}

/*
 * Note the wake. True if the connection is suspended, and has to be resumed; if
 * not, nothing of the wait is used after that, as its thread may go on.
 */
static bool note_wake(struct wait *wait)
{
    struct waits *all = wait->all;
    bool threads = all->threads;

    if (atomic_exchange(&wait->state, WAIT_WOKEN) == WAIT_ASLEEP)
        return true;
    if (threads)
        sync_semaphore_post(&wait->woken);
    atomic_fetch_sub(&all->open, 1);
    return false;
}

/* Add `wait` to the group of its loop; the first that can leads it. */
static void add_to_group(struct wait **leaders, struct wait *wait)
{
    struct wait *leader = *leaders;

    while (leader != NULL && !pthread_equal(leader->loop, wait->loop))
        leader = leader->next;
    if (leader == NULL) {
        wait->next = *leaders;
        *leaders = wait;
    } else {
        wait->next = leader->followers;
        leader->followers = wait;
    }
}

/*
 * Those that cannot lead are resumed here, not to wait for a leader that may
 * be found later in the list.
 */
static void wake(struct http_waiter *first)
{
    struct wait *leaders = NULL;

    while (first != NULL) {
        struct wait *wait = container_of(first, struct wait, waiter);
        first = first->next;
        if (!note_wake(wait))
            continue;
        if (wait->leads)
            add_to_group(&leaders, wait);
        else
            resume(wait);
    }
    while (leaders != NULL) {
        struct wait *leader = leaders;
        leaders = leader->next;
        resume(leader);
    }
}

void wait_init(struct wait *wait, struct waits *all, struct MHD_Connection *mhd)
{
    wait->all = all;
    wait->mhd = mhd;
    wait->waiter.wake = wake;
    wait->loop = pthread_self();
    wait->followers = NULL;
    activity_init(&wait->activity);
    if (all->threads)
        sync_semaphore_init(&wait->woken);
    atomic_init(&wait->state, WAIT_IDLE);
    atomic_init(&wait->cancellable, false);
    atomic_init(&wait->pinned, 0);
}

void wait_release(struct wait *wait)
{
    if (wait->all->threads)
        sem_destroy(&wait->woken);
}

bool wait_blocks(const struct wait *wait)
{
    return wait->all->threads;
}

/*
 * Counted before `stopping` is read, while the stop sets `stopping` before it
 * reads the count: so either this sees the stop, or the stop sees the wait.
 */
struct http_waiter *wait_begin(struct wait *wait, void (*cancel)(void *target),
                               void *target, bool leads)
{
    atomic_fetch_add(&wait->all->open, 1);
    if (atomic_load(&wait->all->stopping)) {
        atomic_fetch_sub(&wait->all->open, 1);
        return NULL;
    }
    wait->cancel = cancel;
    wait->target = target;
    wait->leads = leads;
    atomic_store(&wait->cancellable, false);
    atomic_store(&wait->state, WAIT_BEGUN);
    return &wait->waiter;
}

void wait_allow_cancel(struct wait *wait)
{
    atomic_store(&wait->cancellable, true);
}

static bool is_suspended(const struct wait *wait)
{
    const union MHD_ConnectionInfo *info = MHD_get_connection_info(
        wait->mhd, MHD_CONNECTION_INFO_CONNECTION_SUSPENDED);

    return info->suspended == MHD_YES;
}

/*
 * The wake sets the state before it has the connection resumed. Were the wait
 * taken to be over between the two, the next one would begin on a connection
 * that is suspended already, and this resume would end it.
 */
bool wait_is_over(const struct wait *wait)
{
    return atomic_load(&wait->state) == WAIT_WOKEN && !is_suspended(wait);
}

bool wait_sleep(struct wait *wait)
{
    int begun = WAIT_BEGUN;

    if (wait->all->threads) {
        activity_leave(&wait->activity);
        sync_semaphore_wait(&wait->woken);
        activity_enter(&wait->activity);
        return false;
    }
    if (wait_is_over(wait))
        return false;
    /* Suspended first, as a resume of a connection that is not would be lost.
     */
    MHD_suspend_connection(wait->mhd);
    if (!atomic_compare_exchange_strong(&wait->state, &begun, WAIT_ASLEEP))
        MHD_resume_connection(wait->mhd);
    return true;
}

/*
 * A loop looks at all that was resumed, whatever it watches. It stops before
 * that only once it has resumed all.
 */
void wait_revisit(struct wait *wait)
{
    if (wait->all->threads)
        return;
    MHD_suspend_connection(wait->mhd);
    MHD_resume_connection(wait->mhd);
}

/* On the thread of all of them, so that none goes on meanwhile. */
static void resume_followers(struct wait *leader)
{
    while (leader->followers != NULL) {
        struct wait *follower = leader->followers;
        leader->followers = follower->next;
        resume(follower);
    }
}

/*
 * Who cancels pins a wait before it reads the state, and this writes the state,
 * or has seen the wake write it, before it reads the pins: so either the wait
 * is left alone, or this waits until it is cancelled.
 */
void wait_end(struct wait *wait)
{
    resume_followers(wait);
    if (atomic_exchange(&wait->state, WAIT_IDLE) == WAIT_BEGUN)
        atomic_fetch_sub(&wait->all->open, 1);
    while (atomic_load(&wait->pinned) > 0)
        sched_yield();
}

/* Counted, as one that pins in vain must not end the pin of another one. */
bool wait_pin(struct wait *wait)
{
    atomic_fetch_add(&wait->pinned, 1);
    int state = atomic_load(&wait->state);
    if ((state == WAIT_BEGUN || state == WAIT_ASLEEP) &&
        atomic_exchange(&wait->cancellable, false))
        return true;
    atomic_fetch_sub(&wait->pinned, 1);
    return false;
}

void wait_cancel(struct wait *wait)
{
    wait->cancel(wait->target);
    atomic_fetch_sub(&wait->pinned, 1);
}

void wait_pins_add(struct wait_pins *pins, struct wait *wait)
{
    if (wait_pin(wait))
        pins->waits[pins->count++] = wait;
}

void wait_pins_cancel(struct wait_pins *pins)
{
    for (unsigned i = 0; i < pins->count; i++)
        wait_cancel(pins->waits[i]);
    pins->count = 0;
}
