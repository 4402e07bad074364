// SPDX-License-Identifier: MIT
//
// Network for JavaScript. lib/population/native_network.ts has the types; what comes in was checked there.
//
// What may take long is work for a thread of the pool (network_work.h). Until its callback nothing but stop(), now() and close() may be
// called; the TypeScript side sees to that. A network that is closed or forgotten meanwhile lives until the work is done.
#pragma once

#include <memory>

#include "addon.h"
#include "network_work.h"

namespace neuronbus {

class NetworkWrap : public Napi::ObjectWrap<NetworkWrap> {
 public:
  static void define(Napi::Env env, Napi::Object exports);

  // (dtMs, threads, seed) or (path, threads)
  explicit NetworkWrap(const Napi::CallbackInfo& info);
  ~NetworkWrap() override;

 private:
  static double number(const Napi::CallbackInfo& info, size_t index) { return info[index].As<Napi::Number>().DoubleValue(); }
  static uint32_t u32(const Napi::CallbackInfo& info, size_t index) { return static_cast<uint32_t>(number(info, index)); }

  // The elements of a typed array, and how many.
  template <typename Array>
  static auto* data_of(const Napi::CallbackInfo& info, size_t index, size_t* count) {
    auto array = info[index].As<Array>();
    *count = array.ElementLength();
    return array.Data();
  }

  // Null, with an exception pending, once it is closed.
  population::Network* open(Napi::Env env);
  // The id as a number, or an exception.
  Napi::Value made(Napi::Env env, nb_status status, const char* call, uint32_t id);
  // An exception where the call failed, and news for the collector where it did not.
  bool changed(Napi::Env env, nb_status status, const char* call);
  // Starts the work, if argument `done` is a function to be told; `out`, if it is an object, is kept for so long.
  bool started(const Napi::CallbackInfo& info, const NetworkWork& work, size_t done, napi_value out = nullptr);
  void shut(Napi::Env env);

  // network_wrap.cc: life, time, files.
  void advance(const Napi::CallbackInfo& info);
  void stop(const Napi::CallbackInfo&);
  void abandon(const Napi::CallbackInfo&);
  Napi::Value now(const Napi::CallbackInfo& info);
  void save(const Napi::CallbackInfo& info);
  Napi::Value extra_bytes(const Napi::CallbackInfo& info);
  void take_extra(const Napi::CallbackInfo& info);
  Napi::Value bytes(const Napi::CallbackInfo& info);
  void close(const Napi::CallbackInfo& info);

  // network_build.cc: what it is made of.
  Napi::Value add_population(const Napi::CallbackInfo& info);
  Napi::Value add_spike_source(const Napi::CallbackInfo& info);
  void add_spikes(const Napi::CallbackInfo& info);
  Napi::Value connect(const Napi::CallbackInfo& info);
  void kill(const Napi::CallbackInfo& info);
  void reward(const Napi::CallbackInfo& info);
  void normalize(const Napi::CallbackInfo& info);
  void rewire(const Napi::CallbackInfo& info);
  void set_learning(const Napi::CallbackInfo& info);

  // network_look.cc: what is in it.
  void counts(const Napi::CallbackInfo& info);
  Napi::Value model(const Napi::CallbackInfo& info);
  Napi::Value size(const Napi::CallbackInfo& info);
  void get_state(const Napi::CallbackInfo& info);
  void set_state(const Napi::CallbackInfo& info);
  void alive(const Napi::CallbackInfo& info);
  void spike_counts(const Napi::CallbackInfo& info);
  void info(const Napi::CallbackInfo& info);
  void weights(const Napi::CallbackInfo& info);
  void set_weights(const Napi::CallbackInfo& info);
  void endpoints(const Napi::CallbackInfo& info);
  void delays(const Napi::CallbackInfo& info);
  Napi::Value record(const Napi::CallbackInfo& info);
  void recorded_count(const Napi::CallbackInfo& info);
  void recorded(const Napi::CallbackInfo& info);
  void clear_record(const Napi::CallbackInfo& info);

  std::shared_ptr<HeldNetwork> held_;  // null once it is closed
  std::unique_ptr<uint8_t[]> extra_;   // of a file, until it is taken
  size_t extra_bytes_ = 0;
};

}  // namespace neuronbus
