// SPDX-License-Identifier: MIT
//
// What the parts of the addon share. No algorithm lives in this directory: it turns JavaScript values into calls of
// native/core and back.
//
// Every function is called on the JavaScript thread of its environment. A worker may be terminated inside any of them; then
// N-API refuses whatever could run JavaScript (property access, coercion, throwing), and node-addon-api calls that fatal. So
// numbers come as numbers or in typed arrays, and results do not leave as objects.
#pragma once

#include <napi.h>

#include <memory>
#include <unordered_map>

#include "clock.h"
#include "mapping.h"
#include "neuronbus/errors.h"

namespace neuronbus {

struct BufferHolder;
using BufferTable = std::unordered_map<const void*, BufferHolder*>;

// State of one environment (a main thread or a worker).
struct AddonData {
  Clock clock;
  Napi::FunctionReference ganglion_constructor;
  // By address: the ArrayBuffers that are not closed. Their finalizers may run after this struct is gone.
  std::shared_ptr<BufferTable> buffers = std::make_shared<BufferTable>();
};

// Throws a JavaScript Error with a numeric `status` and `detail`; lib/memory/errors.ts turns it into a NeuronBusError.
void throw_status(Napi::Env env, nb_status status, const char* detail);

// The mapping behind an ArrayBuffer that createSegment() or attachSegment() returned, or behind a Uint8Array over it or over
// memory that adoptSegment() or shareSegment() took; or null with an exception pending.
Mapping* mapping_of(Napi::Env env, Napi::Value buffer);

void export_segment(Napi::Env env, Napi::Object exports);
void export_ganglion(Napi::Env env, Napi::Object exports);
void export_network(Napi::Env env, Napi::Object exports);

}  // namespace neuronbus
