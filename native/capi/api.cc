// SPDX-License-Identifier: MIT
//
// The C face of nb_bus: checks pointers, and lets no exception out.
#include <new>
#include <string>

#include "bus.h"
#include "card_json.h"
#include "neuronbus/neuronbus.h"

using neuronbus::Card;
using neuronbus::Fault;

namespace {

// Of calls that have no nb_bus to tell it.
Fault& homeless() {
  static thread_local Fault fault;
  return fault;
}

template <typename Call>
nb_status guarded(Fault& fault, Call&& call) {
  try {
    return call();
  } catch (const std::bad_alloc&) {
    return fault.say(NB_ERR_NO_MEMORY, "");
  } catch (...) {
    return fault.say(NB_ERR_INTERNAL, "");
  }
}

nb_status null(Fault& fault, const char* what) { return fault.say(NB_ERR_INVALID_ARGUMENT, "%s is NULL", what); }

// NB_OK for a bus that may be used. What a child has of its parent by fork() is the parent's.
nb_status usable(nb_bus* bus) {
  if (bus == nullptr) return null(homeless(), "bus");
  if (!bus->inherited()) return NB_OK;
  return bus->fault().say(NB_ERR_CLOSED, "It came through fork() and is the parent's; the child opens its own");
}

template <typename Belongs>
uint32_t collect(nb_bus* bus, uint16_t* ids, uint32_t capacity, Belongs&& belongs) {
  uint32_t count = 0;
  const nb_status status = guarded(bus->fault(), [&] {
    for (const auto& [id, card] : bus->directory().everybody()) {
      if (!belongs(card)) continue;
      if (count < capacity && ids != nullptr) ids[count] = id;
      count++;
    }
    return NB_OK;
  });
  return status == NB_OK ? count : 0;
}

bool inside(const std::string& region, const std::string& wanted) {
  return region.compare(0, wanted.size(), wanted) == 0 && (region.size() == wanted.size() || region[wanted.size()] == '/');
}

}  // namespace

extern "C" {

uint32_t nb_api_version(void) { return NB_API_VERSION; }

nb_status nb_bus_create(const char* name, const nb_bus_options* options, nb_bus** out) {
  if (out == nullptr) return null(homeless(), "out");
  *out = nullptr;
  return guarded(homeless(), [&] { return nb_bus::create(name, options, homeless(), out); });
}

nb_status nb_bus_open(const char* name, nb_bus** out) {
  if (out == nullptr) return null(homeless(), "out");
  *out = nullptr;
  if (name == nullptr) return null(homeless(), "name");
  return guarded(homeless(), [&] { return nb_bus::open(name, homeless(), out); });
}

nb_status nb_attach(uint32_t id, uint32_t key, nb_bus** out) {
  if (out == nullptr) return null(homeless(), "out");
  *out = nullptr;
  return guarded(homeless(), [&] { return nb_bus::attach({id, key}, homeless(), out); });
}

nb_status nb_bus_handle(const nb_bus* bus, uint32_t* id, uint32_t* key) {
  if (bus == nullptr || id == nullptr || key == nullptr) return null(homeless(), "bus, id or key");
  *id = bus->handle().id;
  *key = bus->handle().key;
  return NB_OK;
}

nb_status nb_bus_close(nb_bus* bus) {
  if (bus != nullptr && bus->inherited()) return NB_OK;  // nothing is freed: locks may be held by threads that are not here
  return guarded(homeless(), [&] {
    delete bus;
    return NB_OK;
  });
}

nb_status nb_register(nb_bus* bus, const nb_card* card, uint16_t* id) {
  if (const nb_status status = usable(bus); status != NB_OK) return status;
  if (card == nullptr || id == nullptr) return null(bus->fault(), "card or id");
  return guarded(bus->fault(), [&] { return bus->register_neuron(*card, id); });
}

nb_status nb_unregister(nb_bus* bus, uint16_t id) {
  if (const nb_status status = usable(bus); status != NB_OK) return status;
  return guarded(bus->fault(), [&] { return bus->unregister_neuron(id); });
}

nb_status nb_connect(nb_bus* bus, uint16_t pre, uint16_t post, double weight, const nb_rule* rule) {
  if (const nb_status status = usable(bus); status != NB_OK) return status;
  return guarded(bus->fault(), [&] { return bus->connect(pre, post, weight, rule); });
}

nb_status nb_rule_default(nb_rule* rule) {
  if (rule == nullptr) return null(homeless(), "rule");
  *rule = nb_rule{NB_RULE_EXCHANGE, 0, 0.01, 0.012, 20e6, 20e6, 0.001, 1, 100e6};
  return NB_OK;
}

uint32_t nb_discover(nb_bus* bus, const char* capability, uint16_t* ids, uint32_t capacity) {
  if (capability == nullptr || usable(bus) != NB_OK) return 0;
  return collect(bus, ids, capacity, [&](const Card& card) {
    for (const std::string& one : card.capabilities) {
      if (one == capability) return true;
    }
    return false;
  });
}

uint32_t nb_discover_region(nb_bus* bus, const char* region, uint16_t* ids, uint32_t capacity) {
  if (region == nullptr || *region == '\0' || usable(bus) != NB_OK) return 0;
  return collect(bus, ids, capacity, [&](const Card& card) {
    for (const std::string& one : card.regions) {
      if (inside(one, region)) return true;
    }
    return false;
  });
}

nb_status nb_fire(nb_bus* bus, uint16_t source, uint16_t target, uint8_t type, uint8_t priority, const void* data,
                  uint32_t length) {
  if (const nb_status status = usable(bus); status != NB_OK) return status;
  return guarded(bus->fault(), [&] { return bus->fire(source, target, type, priority, data, length, nullptr); });
}

nb_status nb_reply(nb_bus* bus, uint16_t source, const nb_spike* spike, const void* data, uint32_t length) {
  if (const nb_status status = usable(bus); status != NB_OK) return status;
  if (spike == nullptr) return null(bus->fault(), "spike");
  return guarded(bus->fault(), [&] {
    if (nb_spike_type(spike) == NB_TYPE_MESSAGE)
      return bus->answer(source, *spike, NB_MESSAGE_REPLY, nb_bus::kAsAsked, data, length);
    return bus->fire(source, spike->source, NB_TYPE_EXCITATORY, 0, data, length, spike);
  });
}

nb_status nb_answer(nb_bus* bus, uint16_t source, const nb_spike* question, uint32_t encoding, const void* data,
                    uint32_t length) {
  if (const nb_status status = usable(bus); status != NB_OK) return status;
  if (question == nullptr) return null(bus->fault(), "question");
  return guarded(bus->fault(), [&] {
    if (encoding > NB_VALUE_JSON) return bus->fault().say(NB_ERR_INVALID_ARGUMENT, "encoding %u", encoding);
    return bus->answer(source, *question, NB_MESSAGE_REPLY, encoding, data, length);
  });
}

nb_status nb_reject(nb_bus* bus, uint16_t source, const nb_spike* question, const char* message) {
  if (const nb_status status = usable(bus); status != NB_OK) return status;
  if (question == nullptr || message == nullptr) return null(bus->fault(), "question or message");
  return guarded(bus->fault(), [&] {
    const std::string error = neuronbus::write_error("Error", message);
    return bus->answer(source, *question, NB_MESSAGE_ERROR, NB_VALUE_JSON, error.data(), static_cast<uint32_t>(error.size()));
  });
}

nb_status nb_request(nb_bus* bus, uint16_t source, uint16_t target, uint32_t encoding, const void* data, uint32_t length,
                     uint32_t timeout_ms, uint32_t* exchange) {
  if (const nb_status status = usable(bus); status != NB_OK) return status;
  if (exchange == nullptr) return null(bus->fault(), "exchange");
  return guarded(bus->fault(), [&] { return bus->request(source, target, encoding, data, length, timeout_ms, exchange); });
}

nb_status nb_fire_block(nb_bus* bus, uint16_t source, uint16_t target, uint8_t type, uint8_t priority,
                        const nb_arena_ref* block) {
  if (const nb_status status = usable(bus); status != NB_OK) return status;
  if (block == nullptr) return null(bus->fault(), "block");
  return guarded(bus->fault(), [&] { return bus->fire_block(source, target, type, priority, *block); });
}

uint32_t nb_poll(nb_bus* bus, const nb_delivery** batch, uint32_t max) {
  if (batch == nullptr || usable(bus) != NB_OK) return 0;
  return bus->poll(batch, max);
}

nb_status nb_wait(nb_bus* bus, int32_t timeout_ms) {
  if (const nb_status status = usable(bus); status != NB_OK) return status;
  return bus->wait(timeout_ms);
}

nb_status nb_arena_alloc(nb_bus* bus, uint32_t length, nb_arena_ref* block, void** data) {
  if (const nb_status status = usable(bus); status != NB_OK) return status;
  if (block == nullptr || data == nullptr) return null(bus->fault(), "block or data");
  uint8_t* bytes = nullptr;
  const nb_status status = bus->arena().allocate(length, block, &bytes);
  if (status != NB_OK) return bus->fault().say(status, "a payload of %u bytes", length);
  *data = bytes;
  return NB_OK;
}

nb_status nb_arena_read(nb_bus* bus, const nb_arena_ref* block, const void** data, uint32_t* length) {
  if (const nb_status status = usable(bus); status != NB_OK) return status;
  if (block == nullptr || data == nullptr || length == nullptr) return null(bus->fault(), "block, data or length");
  const uint8_t* bytes = nullptr;
  const nb_status status = bus->arena().read(*block, &bytes, length);
  if (status != NB_OK) return bus->fault().say(status, "grain %u", block->grain);
  *data = bytes;
  return NB_OK;
}

nb_status nb_arena_retain(nb_bus* bus, const nb_arena_ref* block) {
  if (const nb_status status = usable(bus); status != NB_OK) return status;
  if (block == nullptr) return null(bus->fault(), "block");
  const nb_status status = bus->arena().retain(*block);
  return status == NB_OK ? NB_OK : bus->fault().say(status, "grain %u", block->grain);
}

nb_status nb_arena_release(nb_bus* bus, const nb_arena_ref* block) {
  if (const nb_status status = usable(bus); status != NB_OK) return status;
  if (block == nullptr) return null(bus->fault(), "block");
  const nb_status status = bus->arena().release(*block);
  return status == NB_OK ? NB_OK : bus->fault().say(status, "grain %u", block->grain);
}

nb_status nb_stats(nb_bus* bus, nb_stats_t* stats) {
  if (const nb_status status = usable(bus); status != NB_OK) return status;
  if (stats == nullptr) return null(bus->fault(), "stats");
  return bus->stats(stats);
}

const char* nb_errmsg(nb_status status) {
  switch (static_cast<int>(status)) {
    case NB_OK: return "No error";
#define NB_X(number, name, message) \
  case number: return message;
    NB_ERROR_TABLE(NB_X)
#undef NB_X
    default: return "This is no code of NeuronBus";
  }
}

const char* nb_bus_errmsg(const nb_bus* bus) { return bus != nullptr ? bus->fault().text() : homeless().text(); }

}  // extern "C"
