/* SPDX-License-Identifier: Apache-2.0 */
#include "breaker.h"

void breaker_init(struct breaker *breaker, uint64_t silent_ms,
                  uint64_t probe_ms)
{
    *breaker = (struct breaker){
        .silent_ms = silent_ms,
        .probe_after_ms = probe_ms,
    };
}

void breaker_start(struct breaker *breaker, uint64_t now)
{
    breaker->acknowledged_ms = now;
}

bool breaker_is_open(const struct breaker *breaker)
{
    return atomic_load_explicit(&breaker->open, memory_order_relaxed);
}

void breaker_limit_hit(struct breaker *breaker)
{
    atomic_store_explicit(&breaker->limit_hit, true, memory_order_relaxed);
}

bool breaker_acknowledge(struct breaker *breaker, uint64_t now)
{
    breaker->acknowledged_ms = now;
    if (atomic_load_explicit(&breaker->limit_hit, memory_order_relaxed))
        atomic_store_explicit(&breaker->limit_hit, false, memory_order_relaxed);
    if (!breaker_is_open(breaker))
        return false;
    atomic_store_explicit(&breaker->open, false, memory_order_relaxed);
    return true;
}

static void open_it(struct breaker *breaker, uint64_t probe_ms)
{
    atomic_store_explicit(&breaker->open, true, memory_order_relaxed);
    breaker->probe_ms = probe_ms;
}

bool breaker_look(struct breaker *breaker, uint64_t now, bool outstanding,
                  bool unanswered)
{
    if (!outstanding)
        breaker->acknowledged_ms = now;
    if (breaker_is_open(breaker) ||
        now - breaker->acknowledged_ms < breaker->silent_ms)
        return false;
    if (!unanswered &&
        !atomic_load_explicit(&breaker->limit_hit, memory_order_relaxed))
        return false;
    open_it(breaker, now);
    return true;
}

bool breaker_refuse(struct breaker *breaker, uint64_t now)
{
    if (breaker_is_open(breaker))
        return false;
    open_it(breaker, now + breaker->probe_after_ms);
    return true;
}

bool breaker_take_probe(struct breaker *breaker, uint64_t now, bool outstanding)
{
    if (!breaker_is_open(breaker) || outstanding || breaker->probing ||
        now < breaker->probe_ms)
        return false;
    breaker->probing = true;
    return true;
}

void breaker_probe_ended(struct breaker *breaker, uint64_t now)
{
    breaker->probing = false;
    breaker->probe_ms = now + breaker->probe_after_ms;
}
