// SPDX-License-Identifier: MIT
#include "alarm.h"

#include "atomics.h"
#include "process.h"

namespace neuronbus {
namespace {

constexpr uint64_t kListenNs = 5'000'000'000;  // if the word was cut away and replaced, no ring comes through any more

void call_back(napi_env env, napi_value callback, void*, void*) {
  if (env == nullptr) return;  // the environment is going
  napi_value undefined = nullptr;
  if (napi_get_undefined(env, &undefined) != napi_ok) return;
  napi_call_function(env, undefined, callback, 0, nullptr, nullptr);
}

}  // namespace

std::unique_ptr<Alarm> Alarm::create(Napi::Env env, Napi::Value callback, Mapping* mapping, uint32_t ganglion,
                                     uint32_t* word) {
  std::unique_ptr<Alarm> alarm(new Alarm);
  alarm->base_ = mapping->base();
  alarm->ganglion_ = ganglion;
  alarm->word_ = word;
  napi_value name = nullptr;
  if (napi_create_string_utf8(env, "neuronbus", NAPI_AUTO_LENGTH, &name) != napi_ok) return nullptr;
  // A queue of two: rings while one is waiting to be heard say nothing new.
  if (napi_create_threadsafe_function(env, callback, nullptr, name, 2, 1, nullptr, nullptr, nullptr, call_back,
                                      &alarm->function_) != napi_ok) {
    return nullptr;
  }
  alarm->env_ = env;
  napi_unref_threadsafe_function(env, alarm->function_);
  // Hooks run last in, first out: this one while the function still is.
  napi_add_env_cleanup_hook(env, leave, alarm.get());
  set_waker(alarm->base_, ganglion, {ring, alarm.get()});
  if (mapping->named()) {
    // Read here: a wake-up before the thread runs must not pass for an old one.
    alarm->listener_ = std::thread([raw = alarm.get(), seen = load_acquire(*alarm->word_)] { raw->listen(seen); });
  }
  return alarm;
}

void Alarm::ring(void* data) {
  napi_call_threadsafe_function(static_cast<Alarm*>(data)->function_, nullptr, napi_tsfn_nonblocking);
}

void Alarm::listen(uint32_t seen) {
  while (!stopping_.load()) {
    if (!futex_wait(word_, seen, kListenNs)) continue;  // the word may be gone, and the thread of the bus not know it yet
    const uint32_t now = load_acquire(*word_);
    if (now != seen && !stopping_.load()) ring(this);
    seen = now;
  }
}

void Alarm::leave(void* data) {
  auto* alarm = static_cast<Alarm*>(data);
  alarm->env_ = nullptr;
  alarm->stop();
}

Alarm::~Alarm() {
  if (env_ != nullptr) napi_remove_env_cleanup_hook(env_, leave, this);
  stop();
}

void Alarm::stop() {
  if (function_ == nullptr) return;
  clear_waker(base_, ganglion_);
  if (listener_.joinable()) {
    stopping_.store(true);
    shared(*word_).fetch_add(1);
    futex_wake(word_);
    listener_.join();
  }
  napi_release_threadsafe_function(function_, napi_tsfn_abort);
  function_ = nullptr;
}

}  // namespace neuronbus
