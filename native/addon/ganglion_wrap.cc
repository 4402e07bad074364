// SPDX-License-Identifier: MIT
//
// Ganglion for JavaScript: a class for what happens now and then, and bare callbacks without arguments for what happens
// once per batch (an argument costs more than most of these calls do; theirs lie in nb_control).
#include <cstring>
#include <string>
#include <thread>

#include "addon.h"
#include "alarm.h"
#include "ganglion.h"

namespace neuronbus {
namespace {

// What the bare callbacks point to. It outlives the wrap as long as a callback does; `ganglion` is null after close().
struct HotTarget {
  Ganglion* ganglion = nullptr;
  nb_control* control = nullptr;
  uint32_t references = 1;

  void drop() {
    if (--references == 0) delete this;
  }
};

template <void (*Action)(Ganglion&, nb_control&)>
napi_value hot_call(napi_env env, napi_callback_info info) {
  void* data = nullptr;
  napi_get_cb_info(env, info, nullptr, nullptr, nullptr, &data);
  auto* target = static_cast<HotTarget*>(data);
  if (target->ganglion != nullptr) Action(*target->ganglion, *target->control);
  return nullptr;
}

nb_arena_ref reference_in(const nb_control& control) {
  return {control.arena_grain, control.arena_generation, control.arena_length, control.arena_owner};
}

void hot_route(Ganglion& ganglion, nb_control&) { ganglion.route(); }
void hot_settle(Ganglion& ganglion, nb_control&) { ganglion.settle(); }
void hot_finish(Ganglion& ganglion, nb_control&) { ganglion.finish(); }
void hot_stamp(Ganglion& ganglion, nb_control&) { ganglion.stamp(); }
void hot_park(Ganglion& ganglion, nb_control& control) { control.status = ganglion.park() ? NB_OK : NB_ERR_FULL; }
void hot_teach(Ganglion& ganglion, nb_control&) { ganglion.teach(); }
void hot_give_way(Ganglion&, nb_control&) { std::this_thread::yield(); }
void hot_wake(Ganglion& ganglion, nb_control& control) { ganglion.wake(control.peer); }
void hot_drop_oldest(Ganglion& ganglion, nb_control& control) {
  control.status = ganglion.drop_oldest() ? NB_OK : NB_ERR_FULL;
}
void hot_account(Ganglion& ganglion, nb_control& control) {
  ganglion.settle();
  control.queued = ganglion.queued();
  control.neurons = ganglion.neurons().count();
  control.synapses = ganglion.synapses().count();
  control.synapse_slots = ganglion.synapses().high_water();
  const ArenaStats arena = ganglion.arena().stats();
  control.arena_capacity_bytes = arena.capacity_bytes;
  control.arena_used_bytes = arena.live_bytes;
  control.arena_blocks = arena.live_blocks;
}
void hot_allocate(Ganglion& ganglion, nb_control& control) {
  nb_arena_ref reference{};
  uint8_t* data = nullptr;
  control.status = ganglion.arena().allocate(control.arena_length, &reference, &data);
  if (control.status != NB_OK) return;
  control.arena_grain = reference.grain;
  control.arena_generation = reference.generation;
  control.arena_owner = reference.owner;
}
void hot_retain(Ganglion& ganglion, nb_control& control) {
  control.status = ganglion.arena().retain(reference_in(control));
}
void hot_release(Ganglion& ganglion, nb_control& control) {
  control.status = ganglion.arena().release(reference_in(control));
}

class GanglionWrap : public Napi::ObjectWrap<GanglionWrap> {
 public:
  static void define(Napi::Env env, Napi::Object exports) {
    Napi::Function constructor = DefineClass(
        env, "Ganglion",
        {
            InstanceMethod<&GanglionWrap::register_neuron>("register"),
            InstanceMethod<&GanglionWrap::unregister_neuron>("unregister"),
            InstanceMethod<&GanglionWrap::connect>("connect"),
            InstanceMethod<&GanglionWrap::disconnect>("disconnect"),
            InstanceMethod<&GanglionWrap::find>("find"),
            InstanceMethod<&GanglionWrap::open_axon>("openAxon"),
            InstanceMethod<&GanglionWrap::abandon_axon>("abandonAxon"),
            InstanceMethod<&GanglionWrap::make_rounds>("makeRounds"),
            InstanceMethod<&GanglionWrap::on_wake>("onWake"),
            InstanceMethod<&GanglionWrap::set_weight>("setWeight"),
            InstanceMethod<&GanglionWrap::set_idle>("setIdle"),
            InstanceMethod<&GanglionWrap::set_patience>("setPatience"),
            InstanceMethod<&GanglionWrap::close>("close"),
        });
    env.GetInstanceData<AddonData>()->ganglion_constructor = Napi::Persistent(constructor);
    exports.Set("Ganglion", constructor);
  }

  // (buffer or Uint8Array over it, halfLifeNs, graceNs, sweepNs)
  explicit GanglionWrap(const Napi::CallbackInfo& info) : Napi::ObjectWrap<GanglionWrap>(info) {
    const Napi::Env env = info.Env();
    Mapping* mapping = mapping_of(env, info[0]);
    if (mapping == nullptr) return;
    Segment segment;
    nb_status status = Segment::attach(mapping->base(), mapping->bytes(), &segment);
    const Plasticity plasticity{number(info, 1), number(info, 2), number(info, 3)};
    if (status == NB_OK) status = Mapping::attach(mapping->handle(), &mapping_);
    // The collector may take this and the memory in one go; the ganglion looks at it once more.
    if (status == NB_OK && mapping_->borrowed() && napi_create_reference(env, info[0], 1, &lent_) != napi_ok) {
      status = NB_ERR_NO_MEMORY;
    }
    if (status == NB_OK) status = Ganglion::join(segment, mapping_, plasticity, &ganglion_);
    if (status != NB_OK) {
      shut();
      throw_status(env, status, "");
      return;
    }
    target_ = new HotTarget{ganglion_, &segment.control(ganglion_->index())};
    wake_ = &segment.ganglion(ganglion_->index()).wake;
    Napi::Object self = info.This().As<Napi::Object>();
    add_number(env, self, "index", ganglion_->index());
    add_number(env, self, "axon", ganglion_->axon());
    add_number(env, self, "named", mapping_->named() ? 1 : 0);
    add_hot(env, self, "route", hot_call<hot_route>);
    add_hot(env, self, "settle", hot_call<hot_settle>);
    add_hot(env, self, "finish", hot_call<hot_finish>);
    add_hot(env, self, "stamp", hot_call<hot_stamp>);
    add_hot(env, self, "park", hot_call<hot_park>);
    add_hot(env, self, "wake", hot_call<hot_wake>);
    add_hot(env, self, "giveWay", hot_call<hot_give_way>);
    add_hot(env, self, "teach", hot_call<hot_teach>);
    add_hot(env, self, "dropOldest", hot_call<hot_drop_oldest>);
    add_hot(env, self, "account", hot_call<hot_account>);
    add_hot(env, self, "arenaAllocate", hot_call<hot_allocate>);
    add_hot(env, self, "arenaRetain", hot_call<hot_retain>);
    add_hot(env, self, "arenaRelease", hot_call<hot_release>);
  }

  ~GanglionWrap() override {
    shut();
    if (target_ != nullptr) target_->drop();
  }

 private:
  static double number(const Napi::CallbackInfo& info, size_t index) { return info[index].As<Napi::Number>().DoubleValue(); }
  static uint16_t id(const Napi::CallbackInfo& info, size_t index) {
    return static_cast<uint16_t>(info[index].As<Napi::Number>().Uint32Value());
  }

  void add_hot(Napi::Env env, Napi::Object self, const char* name, napi_callback callback) {
    napi_value function = nullptr;
    if (napi_create_function(env, name, NAPI_AUTO_LENGTH, callback, target_, &function) != napi_ok) return;
    target_->references++;
    const auto release = [](napi_env, void* data, void*) { static_cast<HotTarget*>(data)->drop(); };
    napi_add_finalizer(env, function, target_, release, nullptr, nullptr);
    add(env, self, name, function);
  }

  static void add_number(Napi::Env env, Napi::Object self, const char* name, uint32_t value) {
    napi_value number = nullptr;
    if (napi_create_uint32(env, value, &number) == napi_ok) add(env, self, name, number);
  }

  // Defined, not set: V8 turns an object to which many properties are set one by one into a dictionary, and each hot call would look
  // its function up.
  static void add(Napi::Env env, Napi::Object self, const char* name, napi_value value) {
    const napi_property_descriptor property{name, nullptr, nullptr, nullptr, nullptr, value, napi_default_jsproperty, nullptr};
    napi_define_properties(env, self, 1, &property);
  }

  void shut() {
    if (target_ != nullptr) target_->ganglion = nullptr;
    alarm_.reset();
    delete ganglion_;
    ganglion_ = nullptr;
    if (mapping_ != nullptr) mapping_->release();
    mapping_ = nullptr;
    if (lent_ != nullptr) napi_delete_reference(Env(), lent_);
    lent_ = nullptr;
  }

  // False with an exception pending when the ganglion is closed or the call failed.
  bool done(Napi::Env env, nb_status status) {
    if (status == NB_OK) return true;
    throw_status(env, status, "");
    return false;
  }
  bool open(Napi::Env env) { return done(env, ganglion_ != nullptr ? NB_OK : NB_ERR_CLOSED); }

  // (wantedId, threshold, rest, leakNs, refractoryNs, whether the arena fields of nb_control name its card) -> id
  Napi::Value register_neuron(const Napi::CallbackInfo& info) {
    const Napi::Env env = info.Env();
    if (!open(env)) return env.Undefined();
    const Dynamics dynamics{number(info, 1), number(info, 2), number(info, 3), number(info, 4)};
    uint16_t assigned = 0;
    const nb_arena_ref reference = reference_in(*target_->control);
    const nb_arena_ref* card = info[5].As<Napi::Boolean>().Value() ? &reference : nullptr;
    if (!done(env, ganglion_->register_neuron(id(info, 0), dynamics, card, &assigned))) return env.Undefined();
    return Napi::Number::New(env, assigned);
  }

  void unregister_neuron(const Napi::CallbackInfo& info) {
    if (open(info.Env())) done(info.Env(), ganglion_->unregister_neuron(id(info, 0)));
  }

  // (pre, post, weight, kind, Float64Array of the seven parameters of nb_rule, typeMask, minPriority, prefix)
  // typeMask 0 = no filter
  void connect(const Napi::CallbackInfo& info) {
    const Napi::Env env = info.Env();
    if (!open(env)) return;
    const auto parameters = info[4].As<Napi::Float64Array>();
    nb_mail wish{};
    wish.what = NB_MAIL_CONNECT;
    wish.pre = id(info, 0);
    wish.post = id(info, 1);
    wish.weight = number(info, 2);
    wish.rule.kind = info[3].As<Napi::Number>().Uint32Value();
    wish.rule.a_plus = parameters[0];
    wish.rule.a_minus = parameters[1];
    wish.rule.tau_plus_ns = parameters[2];
    wish.rule.tau_minus_ns = parameters[3];
    wish.rule.weight_min = parameters[4];
    wish.rule.weight_max = parameters[5];
    wish.rule.answer_window_ns = parameters[6];
    nb_filter& filter = wish.filter;
    filter.type_mask = static_cast<uint8_t>(info[5].As<Napi::Number>().Uint32Value());
    filter.min_priority = static_cast<uint8_t>(info[6].As<Napi::Number>().Uint32Value());
    wish.has_filter = filter.type_mask == 0 ? 0 : 1;
    const auto prefix = info[7].As<Napi::Uint8Array>();
    if (prefix.ByteLength() > NB_INLINE_BYTES) {
      done(env, NB_ERR_INVALID_ARGUMENT);
      return;
    }
    filter.prefix_length = static_cast<uint8_t>(prefix.ByteLength());
    if (filter.prefix_length > 0) std::memcpy(filter.prefix, prefix.Data(), filter.prefix_length);
    done(env, ganglion_->anywhere(wish, patience_ns_));
  }

  void disconnect(const Napi::CallbackInfo& info) {
    nb_mail wish{};
    wish.what = NB_MAIL_DISCONNECT;
    wish.pre = id(info, 0);
    wish.post = id(info, 1);
    if (open(info.Env())) done(info.Env(), ganglion_->anywhere(wish, patience_ns_));
  }

  // (pre, post) -> synapse index or -1
  Napi::Value find(const Napi::CallbackInfo& info) {
    const Napi::Env env = info.Env();
    if (!open(env)) return env.Undefined();
    const uint32_t synapse = ganglion_->find_synapse(id(info, 0), id(info, 1));
    return Napi::Number::New(env, synapse == NB_NONE ? -1 : static_cast<double>(synapse));
  }

  void set_weight(const Napi::CallbackInfo& info) {
    nb_mail wish{};
    wish.what = NB_MAIL_SET_WEIGHT;
    wish.pre = id(info, 0);
    wish.post = id(info, 1);
    wish.weight = number(info, 2);
    if (open(info.Env())) done(info.Env(), ganglion_->anywhere(wish, patience_ns_));
  }

  void set_idle(const Napi::CallbackInfo& info) {
    // Another ganglion's synapse begins as if it were used just now.
    if (!open(info.Env()) || !ganglion_->neurons().resident(id(info, 1))) return;
    done(info.Env(), ganglion_->set_idle(id(info, 0), id(info, 1), number(info, 2)));
  }

  // (ns) for the owner of another ganglion to answer: connect, disconnect, setWeight
  void set_patience(const Napi::CallbackInfo& info) { patience_ns_ = static_cast<uint64_t>(number(info, 0)); }

  // (ganglion) -> number of the axon to it
  Napi::Value open_axon(const Napi::CallbackInfo& info) {
    uint32_t axon = 0;
    if (!open(info.Env()) || !done(info.Env(), ganglion_->open_axon(id(info, 0), &axon))) return info.Env().Undefined();
    return Napi::Number::New(info.Env(), axon);
  }

  void abandon_axon(const Napi::CallbackInfo& info) {
    if (open(info.Env())) ganglion_->abandon_axon(id(info, 0));
  }

  // Throws NB_ERR_BAD_SEGMENT when the memory was cut.
  void make_rounds(const Napi::CallbackInfo& info) {
    if (ganglion_ == nullptr) return;
    const nb_status status = mapping_->check();
    if (status == NB_OK) {
      ganglion_->reap();
    } else {
      throw_status(info.Env(), status, "Somebody cut the file of the bus");
    }
  }

  // (function) is called soon after others woke this ganglion. Does not keep the process alive.
  void on_wake(const Napi::CallbackInfo& info) {
    if (!open(info.Env())) return;
    alarm_ = Alarm::create(info.Env(), info[0], mapping_, ganglion_->index(), wake_);
    if (alarm_ == nullptr) done(info.Env(), NB_ERR_NO_MEMORY);
  }

  void close(const Napi::CallbackInfo&) { shut(); }

  std::unique_ptr<Alarm> alarm_;
  uint64_t patience_ns_ = 2'000'000'000;
  Mapping* mapping_ = nullptr;
  napi_ref lent_ = nullptr;  // to borrowed memory
  Ganglion* ganglion_ = nullptr;
  uint32_t* wake_ = nullptr;  // its word in the segment
  HotTarget* target_ = nullptr;
};

}  // namespace

void export_ganglion(Napi::Env env, Napi::Object exports) { GanglionWrap::define(env, exports); }

}  // namespace neuronbus
