// SPDX-License-Identifier: MIT
//
// What the parts of the addon share. No algorithm lives in this directory: it turns JavaScript values into calls of
// native/core and back.
//
// Every function is called on the JavaScript thread of its environment.
#pragma once

#include <napi.h>

#include <unordered_map>

#include "clock.h"
#include "mapping.h"
#include "neuronbus/errors.h"

namespace neuronbus {

// State of one environment (a main thread or a worker).
struct AddonData {
  Clock clock;
  Napi::FunctionReference ganglion_constructor;
  std::unordered_map<const void*, struct BufferHolder*> buffers;  // by address; the ArrayBuffers that are not closed
};

// Throws a JavaScript Error with a numeric `status` and `detail`; lib/memory/errors.ts turns it into a NeuronBusError.
void throw_status(Napi::Env env, nb_status status, const char* detail);

// The mapping behind an ArrayBuffer that createSegment() or attachSegment() returned, or null with an exception pending.
Mapping* mapping_of(Napi::Env env, Napi::Value buffer);

void export_segment(Napi::Env env, Napi::Object exports);
void export_ganglion(Napi::Env env, Napi::Object exports);

}  // namespace neuronbus
