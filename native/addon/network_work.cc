// SPDX-License-Identifier: MIT
#include "network_work.h"

#include <new>
#include <utility>

namespace neuronbus {
namespace {

struct Pending {
  NetworkWork work;
  std::shared_ptr<HeldNetwork> held;
  nb_status status = NB_OK;
  napi_async_work async = nullptr;
  napi_ref done = nullptr;
  napi_ref kept = nullptr;
};

void forget(napi_env env, const Pending& pending) {
  if (pending.async != nullptr) napi_delete_async_work(env, pending.async);
  if (pending.done != nullptr) napi_delete_reference(env, pending.done);
  if (pending.kept != nullptr) napi_delete_reference(env, pending.kept);
}

void execute(napi_env, void* data) {
  auto* pending = static_cast<Pending*>(data);
  pending->status = pending->work.run(*pending->held);
}

// Bare: in an environment that is going away each of these may fail, and nothing is left to do about it.
void complete(napi_env env, napi_status, void* data) {
  std::unique_ptr<Pending> pending(static_cast<Pending*>(data));
  pending->held->now = pending->held->network->now();
  pending->held->report(env);
  napi_value done = nullptr;
  napi_value undefined = nullptr;
  napi_value error = nullptr;
  bool known = napi_get_reference_value(env, pending->done, &done) == napi_ok && done != nullptr;
  known = known && napi_get_undefined(env, &undefined) == napi_ok;
  if (known && pending->status != NB_OK) {
    throw_status(env, pending->status, pending->work.name());
    known = napi_get_and_clear_last_exception(env, &error) == napi_ok;
  }
  forget(env, *pending);
  pending.reset();  // what was closed meanwhile is freed before anybody hears of it
  if (known) napi_call_function(env, undefined, done, error == nullptr ? 0 : 1, &error, nullptr);
}

}  // namespace

void HeldNetwork::report(napi_env env) {
  const int64_t bytes = population::stopped(&closed) ? 0 : static_cast<int64_t>(network->bytes());
  int64_t ignored = 0;
  napi_adjust_external_memory(env, bytes - reported, &ignored);
  reported = bytes;
}

nb_status NetworkWork::run(HeldNetwork& held) const {
  population::Network& network = *held.network;
  switch (what) {
    case What::kAdvance:
      network.advance(steps, &held.stop);
      return NB_OK;
    case What::kNormalize:
      return network.normalize(projection, total, &held.closed);
    case What::kRewire: {
      uint64_t removed = 0;
      uint64_t grown = 0;
      const nb_status status = network.rewire(projection, below, dead, grow, weight, &removed, &grown, &held.closed);
      counts[0] = static_cast<double>(removed);
      counts[1] = static_cast<double>(grown);
      return status;
    }
    case What::kWeights:
      network.weights(projection, weights);
      return NB_OK;
  }
  return NB_ERR_INVALID_ARGUMENT;
}

const char* NetworkWork::name() const {
  switch (what) {
    case What::kAdvance:
      return "run()";
    case What::kNormalize:
      return "normalize()";
    case What::kRewire:
      return "rewire()";
    case What::kWeights:
      return "weights";
  }
  return "";
}

bool NetworkWork::start(napi_env env, std::shared_ptr<HeldNetwork> held, napi_value done, napi_value kept) const {
  std::unique_ptr<Pending> pending(new (std::nothrow) Pending);
  if (pending == nullptr) return false;
  pending->work = *this;
  pending->held = std::move(held);
  napi_value name = nullptr;
  const bool started =
      napi_create_string_utf8(env, "neuronbus", NAPI_AUTO_LENGTH, &name) == napi_ok &&
      napi_create_async_work(env, nullptr, name, execute, complete, pending.get(), &pending->async) == napi_ok &&
      napi_create_reference(env, done, 1, &pending->done) == napi_ok &&
      (kept == nullptr || napi_create_reference(env, kept, 1, &pending->kept) == napi_ok) &&
      napi_queue_async_work(env, pending->async) == napi_ok;
  if (started) {
    pending.release();  // complete() has it
  } else {
    forget(env, *pending);
  }
  return started;
}

}  // namespace neuronbus
