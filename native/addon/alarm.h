// SPDX-License-Identifier: MIT
//
// How a parked ganglion of this thread is woken: a thread-safe function that threads of this process call directly, and, for
// a named segment, a thread that sleeps on the ganglion's futex on behalf of other processes.
//
// Created and destroyed on the JavaScript thread.
#pragma once

#include <atomic>
#include <memory>
#include <thread>

#include "addon.h"

namespace neuronbus {

class Alarm {
 public:
  // `word`: nb_ganglion.wake. Null when the runtime refuses. `callback` runs on the JavaScript thread, once for any number of rings before it.
  static std::unique_ptr<Alarm> create(Napi::Env env, Napi::Value callback, Mapping* mapping, uint32_t ganglion,
                                       uint32_t* word);
  ~Alarm();

 private:
  Alarm() = default;
  static void ring(void* data);
  static void leave(void* data);
  void listen(uint32_t seen);
  void stop();

  napi_env env_ = nullptr;

  napi_threadsafe_function function_ = nullptr;
  uint8_t* base_ = nullptr;
  uint32_t ganglion_ = 0;
  uint32_t* word_ = nullptr;  // nb_ganglion.wake
  std::atomic<bool> stopping_{false};
  std::thread listener_;
};

}  // namespace neuronbus
