// SPDX-License-Identifier: MIT
#include "network_wrap.h"

#include <algorithm>
#include <cstring>
#include <new>
#include <string>

namespace neuronbus {

using population::Network;
using population::Step;

namespace {

Napi::Value kernels(const Napi::CallbackInfo& info) { return Napi::String::New(info.Env(), Network::kernels()); }

}  // namespace

NetworkWrap::NetworkWrap(const Napi::CallbackInfo& info)
    : Napi::ObjectWrap<NetworkWrap>(info), held_(std::make_shared<HeldNetwork>()) {
  nb_status status = NB_OK;
  const char* detail = "";
  std::string path;
  if (info[0].IsString()) {
    path = info[0].As<Napi::String>().Utf8Value();
    detail = path.c_str();
    status = Network::load(detail, u32(info, 1), &held_->network, &extra_, &extra_bytes_);
  } else {
    population::NetworkOptions options;
    options.dt_ms = number(info, 0);
    options.threads = u32(info, 1);
    options.seed = static_cast<uint64_t>(number(info, 2));
    status = Network::create(options, &held_->network);
  }
  if (status != NB_OK) {
    held_ = nullptr;
    if (status == NB_ERR_INVALID_ARGUMENT && Network::kernels_fault() != nullptr) detail = Network::kernels_fault();
    throw_status(info.Env(), status, detail);
    return;
  }
  held_->now = held_->network->now();
  held_->report(info.Env());
}

NetworkWrap::~NetworkWrap() { shut(Env()); }

Network* NetworkWrap::open(Napi::Env env) {
  if (held_ != nullptr) return held_->network.get();
  throw_status(env, NB_ERR_CLOSED, "");
  return nullptr;
}

Napi::Value NetworkWrap::made(Napi::Env env, nb_status status, const char* call, uint32_t id) {
  return changed(env, status, call) ? Napi::Number::New(env, id) : env.Undefined();
}

bool NetworkWrap::changed(Napi::Env env, nb_status status, const char* call) {
  if (status != NB_OK) {
    throw_status(env, status, call);
    return false;
  }
  held_->report(env);
  return true;
}

bool NetworkWrap::started(const Napi::CallbackInfo& info, const NetworkWork& work, size_t done, napi_value out) {
  if (!info[done].IsFunction()) return false;
  held_->stop.store(false, std::memory_order_relaxed);
  if (!work.start(info.Env(), held_, info[done], out)) throw_status(info.Env(), NB_ERR_NO_MEMORY, work.name());
  return true;
}

void NetworkWrap::shut(Napi::Env env) {
  if (held_ == nullptr) return;
  held_->stop.store(true, std::memory_order_relaxed);
  held_->closed.store(true, std::memory_order_relaxed);
  held_->report(env);
  held_ = nullptr;
}

// (steps, function to call when they are done or stop() was called)
void NetworkWrap::advance(const Napi::CallbackInfo& info) {
  if (open(info.Env()) == nullptr) return;
  NetworkWork work;
  work.steps = static_cast<Step>(number(info, 0));
  started(info, work, 1);
}

void NetworkWrap::stop(const Napi::CallbackInfo&) {
  if (held_ != nullptr) held_->stop.store(true, std::memory_order_relaxed);
}

// As stop(); and a pass over synapses ends half done, so that the network is of no use any more.
void NetworkWrap::abandon(const Napi::CallbackInfo& info) {
  stop(info);
  if (held_ != nullptr) held_->closed.store(true, std::memory_order_relaxed);
}

Napi::Value NetworkWrap::now(const Napi::CallbackInfo& info) {
  return Napi::Number::New(info.Env(), held_ == nullptr ? 0 : static_cast<double>(held_->now));
}

// (path, Uint8Array that takeExtra() gives after a load)
void NetworkWrap::save(const Napi::CallbackInfo& info) {
  Network* const network = open(info.Env());
  if (network == nullptr) return;
  size_t count = 0;
  const std::string path = info[0].As<Napi::String>().Utf8Value();
  const uint8_t* const extra = data_of<Napi::Uint8Array>(info, 1, &count);
  const nb_status status = network->save(path.c_str(), extra, count);
  if (status != NB_OK) throw_status(info.Env(), status, path.c_str());
}

Napi::Value NetworkWrap::extra_bytes(const Napi::CallbackInfo& info) {
  return Napi::Number::New(info.Env(), static_cast<double>(extra_bytes_));
}

void NetworkWrap::take_extra(const Napi::CallbackInfo& info) {
  size_t count = 0;
  uint8_t* const out = data_of<Napi::Uint8Array>(info, 0, &count);
  if (count > 0) std::memcpy(out, extra_.get(), std::min(count, extra_bytes_));
  extra_ = nullptr;
  extra_bytes_ = 0;
}

Napi::Value NetworkWrap::bytes(const Napi::CallbackInfo& info) {
  Network* const network = open(info.Env());
  return Napi::Number::New(info.Env(), network == nullptr ? 0 : static_cast<double>(network->bytes()));
}

void NetworkWrap::close(const Napi::CallbackInfo& info) { shut(info.Env()); }

void NetworkWrap::define(Napi::Env env, Napi::Object exports) {
  exports.Set("Network", DefineClass(env, "Network",
                                     {
               InstanceMethod<&NetworkWrap::add_population>("addPopulation"),
               InstanceMethod<&NetworkWrap::add_spike_source>("addSpikeSource"),
               InstanceMethod<&NetworkWrap::add_spikes>("addSpikes"),
               InstanceMethod<&NetworkWrap::connect>("connect"),
               InstanceMethod<&NetworkWrap::advance>("advance"),
               InstanceMethod<&NetworkWrap::stop>("stop"),
               InstanceMethod<&NetworkWrap::abandon>("abandon"),
               InstanceMethod<&NetworkWrap::now>("now"),
               InstanceMethod<&NetworkWrap::counts>("counts"),
               InstanceMethod<&NetworkWrap::model>("model"),
               InstanceMethod<&NetworkWrap::size>("size"),
               InstanceMethod<&NetworkWrap::get_state>("getState"),
               InstanceMethod<&NetworkWrap::set_state>("setState"),
               InstanceMethod<&NetworkWrap::kill>("kill"),
               InstanceMethod<&NetworkWrap::alive>("alive"),
               InstanceMethod<&NetworkWrap::spike_counts>("spikeCounts"),
               InstanceMethod<&NetworkWrap::info>("info"),
               InstanceMethod<&NetworkWrap::weights>("weights"),
               InstanceMethod<&NetworkWrap::set_weights>("setWeights"),
               InstanceMethod<&NetworkWrap::endpoints>("endpoints"),
               InstanceMethod<&NetworkWrap::delays>("delays"),
               InstanceMethod<&NetworkWrap::reward>("reward"),
               InstanceMethod<&NetworkWrap::normalize>("normalize"),
               InstanceMethod<&NetworkWrap::rewire>("rewire"),
               InstanceMethod<&NetworkWrap::set_learning>("setLearning"),
               InstanceMethod<&NetworkWrap::record>("record"),
               InstanceMethod<&NetworkWrap::recorded_count>("recordedCount"),
               InstanceMethod<&NetworkWrap::recorded>("recorded"),
               InstanceMethod<&NetworkWrap::clear_record>("clearRecord"),
               InstanceMethod<&NetworkWrap::save>("save"),
               InstanceMethod<&NetworkWrap::extra_bytes>("extraBytes"),
               InstanceMethod<&NetworkWrap::take_extra>("takeExtra"),
               InstanceMethod<&NetworkWrap::bytes>("bytes"),
               InstanceMethod<&NetworkWrap::close>("close"),
           }));
}

void export_network(Napi::Env env, Napi::Object exports) {
  NetworkWrap::define(env, exports);
  exports.Set("networkKernels", Napi::Function::New(env, kernels, "networkKernels"));
}

}  // namespace neuronbus
