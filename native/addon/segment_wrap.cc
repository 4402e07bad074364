// SPDX-License-Identifier: MIT
//
// Segments as ArrayBuffers. Each environment has one ArrayBuffer of a segment, which holds one reference to its mapping.
//
// Where the runtime forbids buffers over memory that is not its own, it is the other way round: the segment lies in a
// SharedArrayBuffer, and the mapping borrows it. Then a lease, a value without other use, holds the reference.
#include "addon.h"
#include "segment.h"

namespace neuronbus {

struct BufferHolder {
  Mapping* mapping;  // null once closed
  std::shared_ptr<BufferTable> table;
};

namespace {

void finalize_buffer(napi_env, void*, void* hint) {
  auto* holder = static_cast<BufferHolder*>(hint);
  if (holder->mapping != nullptr) {
    holder->table->erase(holder->mapping->base());
    holder->mapping->release();
  }
  delete holder;
}

// Takes over the caller's reference, also on failure.
Napi::Value wrap(Napi::Env env, Mapping* mapping) {
  const std::shared_ptr<BufferTable>& table = env.GetInstanceData<AddonData>()->buffers;
  auto* holder = new BufferHolder{nullptr, table};
  napi_value buffer = nullptr;
  // The holder owns the mapping only once there is a buffer: a failing call may run the finalizer or not.
  const napi_status status =
      napi_create_external_arraybuffer(env, mapping->base(), mapping->bytes(), finalize_buffer, holder, &buffer);
  if (status != napi_ok) {
    napi_value ignored = nullptr;
    if (env.IsExceptionPending()) napi_get_and_clear_last_exception(env, &ignored);
    mapping->release();
    const bool forbidden = status == napi_no_external_buffers_allowed;
    throw_status(env, forbidden ? NB_ERR_NO_EXTERNAL_BUFFERS : NB_ERR_NO_MEMORY,
                 forbidden ? "" : "The runtime has no array buffer of this size");
    return env.Undefined();
  }
  holder->mapping = mapping;
  (*table)[mapping->base()] = holder;
  return Napi::Value(env, buffer);
}

struct NamedOptions : SegmentOptions {
  char text[4 * NB_NAME_BYTES] = {};  // one that is too long is refused, not cut
};

// (Float64Array in the order below, name)
void read_options(Napi::Env env, Napi::Value from, Napi::Value name, NamedOptions* out) {
  const auto numbers = from.As<Napi::Float64Array>();
  NamedOptions& options = *out;
  napi_get_value_string_utf8(env, name, options.text, sizeof options.text, nullptr);
  size_t next = 0;
  const auto u32 = [&] { return static_cast<uint32_t>(numbers[next++]); };
  options.max_ganglia = u32();
  options.max_axons = u32();
  options.axon_capacity = u32();
  options.mode = u32();
  options.sample_every = u32();
  options.block_ns = static_cast<uint64_t>(numbers[next++] * 1e6);
  options.max_neurons = u32();
  options.max_synapses = u32();
  options.max_rules = u32();
  options.max_filters = u32();
  options.arena_chunks = u32();
  options.virtual_clock = u32() != 0;
  options.name = options.text;
}

// The two numbers by which other threads of the process find a mapping.
void name_mapping(const Mapping& mapping, Napi::Value identity) {
  auto numbers = identity.As<Napi::Uint32Array>();
  numbers[0] = mapping.handle().id;
  numbers[1] = mapping.handle().key;
}

// (numbers, name, Uint32Array that takes id and key, whether other processes may join) -> ArrayBuffer
Napi::Value create_segment(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  NamedOptions options;
  read_options(env, info[0], info[1], &options);
  const char* const name = options.text;
  size_t bytes = 0;
  nb_status status = Segment::size(options, &bytes);
  Mapping* mapping = nullptr;
  const auto format = [&](uint8_t* base, size_t size) {
    return Segment::format(base, size, options, env.GetInstanceData<AddonData>()->clock.now());
  };
  if (status == NB_OK && info[3].As<Napi::Boolean>().Value()) {
    // The arena is reserved now, workspaces and axons when they are handed out.
    status = Mapping::create_named(name, bytes, Segment::common_bytes(options), format, &mapping);
    const uint64_t arena = uint64_t{options.arena_chunks} * NB_ARENA_CHUNK_BYTES;
    if (status == NB_OK && mapping->reserve(bytes - arena, arena) != NB_OK) {
      mapping->release();
      status = NB_ERR_NO_ROOM;
    }
  } else if (status == NB_OK) {
    status = Mapping::create(bytes, &mapping);
    if (status == NB_OK && (status = format(mapping->base(), bytes)) != NB_OK) mapping->release();
  }
  if (status != NB_OK) {
    throw_status(env, status, name);
    return env.Undefined();
  }
  name_mapping(*mapping, info[2]);
  return wrap(env, mapping);
}

Napi::Value attach_segment(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  const MappingHandle handle{info[0].As<Napi::Number>().Uint32Value(), info[1].As<Napi::Number>().Uint32Value()};
  Mapping* mapping = nullptr;
  nb_status status = Mapping::attach(handle, &mapping);
  if (status == NB_OK && mapping->borrowed()) {
    mapping->release();
    throw_status(env, NB_ERR_INVALID_ARGUMENT, "The handle has lost its memory on the way: send it whole, by postMessage or workerData");
    return env.Undefined();
  }
  if (status == NB_OK && env.GetInstanceData<AddonData>()->buffers->count(mapping->base()) != 0) {
    mapping->release();
    throw_status(env, NB_ERR_INVALID_ARGUMENT, "This thread has the segment open already, through another copy of the library");
    return env.Undefined();
  }
  if (status == NB_OK) {
    Segment segment;
    status = Segment::attach(mapping->base(), mapping->bytes(), &segment);
    if (status != NB_OK) mapping->release();
  }
  if (status != NB_OK) {
    throw_status(env, status, "");
    return env.Undefined();
  }
  return wrap(env, mapping);
}

// (name, Uint32Array that takes id and key) -> ArrayBuffer
Napi::Value open_segment(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  char name[4 * NB_NAME_BYTES] = {};
  napi_get_value_string_utf8(env, info[0], name, sizeof name, nullptr);
  Mapping* mapping = nullptr;
  Segment segment;
  nb_status status = Mapping::open_named(name, &mapping);
  if (status == NB_OK && env.GetInstanceData<AddonData>()->buffers->count(mapping->base()) != 0) {
    // This thread has it open: memory.ts shares its Memory, by the handle.
    name_mapping(*mapping, info[1]);
    mapping->release();
    return env.Null();
  }
  if (status == NB_OK && (status = Segment::attach(mapping->base(), mapping->bytes(), &segment)) != NB_OK) mapping->release();
  if (status != NB_OK) {
    throw_status(env, status, name);
    return env.Undefined();
  }
  name_mapping(*mapping, info[1]);
  return wrap(env, mapping);
}

// (numbers, name) -> bytes
Napi::Value segment_size(const Napi::CallbackInfo& info) {
  NamedOptions options;
  read_options(info.Env(), info[0], info[1], &options);
  size_t bytes = 0;
  const nb_status status = Segment::size(options, &bytes);
  if (status != NB_OK) throw_status(info.Env(), status, options.text);
  return Napi::Number::New(info.Env(), static_cast<double>(bytes));
}

// The memory behind a Uint8Array, also one over a SharedArrayBuffer. False with an exception pending.
bool memory_of(Napi::Env env, Napi::Value view, uint8_t** base, size_t* bytes) {
  void* data = nullptr;
  napi_typedarray_type type{};
  if (napi_get_typedarray_info(env, view, &type, bytes, &data, nullptr, nullptr) != napi_ok || data == nullptr) {
    throw_status(env, NB_ERR_NO_EXTERNAL_BUFFERS, "nor memory of its own to borrow");
    return false;
  }
  *base = static_cast<uint8_t*>(data);
  return true;
}

// A value that holds the caller's reference until closeSegment(), or until it is collected.
Napi::Value lease(Napi::Env env, Mapping* mapping) {
  const std::shared_ptr<BufferTable>& table = env.GetInstanceData<AddonData>()->buffers;
  auto* holder = new BufferHolder{nullptr, table};
  napi_value value = nullptr;
  if (napi_create_external(env, holder, finalize_buffer, holder, &value) != napi_ok) {
    delete holder;
    mapping->release();
    throw_status(env, NB_ERR_NO_MEMORY, "");
    return env.Undefined();
  }
  holder->mapping = mapping;
  (*table)[mapping->base()] = holder;
  return Napi::Value(env, value);
}

// (Uint8Array over zeroed memory, numbers, name, Uint32Array that takes id and key) -> lease. The memory becomes a segment; the
// caller keeps it as long as the lease, and a GanglionWrap keeps it for itself.
Napi::Value adopt_segment(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  uint8_t* base = nullptr;
  size_t bytes = 0;
  if (!memory_of(env, info[0], &base, &bytes)) return env.Undefined();
  NamedOptions options;
  read_options(env, info[1], info[2], &options);
  Mapping* mapping = nullptr;
  nb_status status = Segment::format(base, bytes, options, env.GetInstanceData<AddonData>()->clock.now());
  if (status == NB_OK) status = Mapping::borrow(base, bytes, &mapping);
  if (status != NB_OK) {
    throw_status(env, status, options.text);
    return env.Undefined();
  }
  name_mapping(*mapping, info[3]);
  return lease(env, mapping);
}

// (Uint8Array over memory that another thread adopted, id, key) -> lease
Napi::Value share_segment(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  uint8_t* base = nullptr;
  size_t bytes = 0;
  if (!memory_of(env, info[0], &base, &bytes)) return env.Undefined();
  const MappingHandle handle{info[1].As<Napi::Number>().Uint32Value(), info[2].As<Napi::Number>().Uint32Value()};
  Mapping* mapping = nullptr;
  Segment segment;
  nb_status status = Mapping::attach(handle, &mapping);
  if (status == NB_OK) {
    const bool same = mapping->base() == base && mapping->bytes() == bytes;
    const bool open = env.GetInstanceData<AddonData>()->buffers->count(base) != 0;
    status = same && !open ? Segment::attach(base, bytes, &segment) : NB_ERR_INVALID_ARGUMENT;
    if (status != NB_OK) mapping->release();
  }
  if (status != NB_OK) {
    throw_status(env, status, status == NB_ERR_INVALID_ARGUMENT ? "The memory of the handle is not that of its segment" : "");
    return env.Undefined();
  }
  return lease(env, mapping);
}

// (ArrayBuffer, or Uint8Array over borrowed memory)
void close_segment(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  Mapping* mapping = mapping_of(env, info[0]);
  if (mapping == nullptr) return;
  BufferTable& table = *env.GetInstanceData<AddonData>()->buffers;
  const auto found = table.find(mapping->base());
  BufferHolder* const holder = found->second;
  // Disowned before it is detached: some runtimes run the finalizer inside the call, Node.js later.
  holder->mapping = nullptr;
  table.erase(found);
  if (!mapping->borrowed() && napi_detach_arraybuffer(env, info[0]) != napi_ok) {
    holder->mapping = mapping;  // the finalizer will release it
    table[mapping->base()] = holder;
    return;
  }
  // From here on no JavaScript view of this environment reaches the memory, unless it is its own.
  mapping->release();
}

}  // namespace

Mapping* mapping_of(Napi::Env env, Napi::Value buffer) {
  void* data = nullptr;
  size_t ignored = 0;
  napi_typedarray_type type{};
  if (napi_get_arraybuffer_info(env, buffer, &data, &ignored) == napi_ok ||
      napi_get_typedarray_info(env, buffer, &type, &ignored, &data, nullptr, nullptr) == napi_ok) {
    const BufferTable& buffers = *env.GetInstanceData<AddonData>()->buffers;
    const auto found = buffers.find(data);
    if (found != buffers.end()) return found->second->mapping;
  }
  throw_status(env, NB_ERR_NO_SUCH_SEGMENT, "");
  return nullptr;
}

void export_segment(Napi::Env env, Napi::Object exports) {
  exports.Set("createSegment", Napi::Function::New(env, create_segment, "createSegment"));
  exports.Set("attachSegment", Napi::Function::New(env, attach_segment, "attachSegment"));
  exports.Set("openSegment", Napi::Function::New(env, open_segment, "openSegment"));
  exports.Set("segmentSize", Napi::Function::New(env, segment_size, "segmentSize"));
  exports.Set("adoptSegment", Napi::Function::New(env, adopt_segment, "adoptSegment"));
  exports.Set("shareSegment", Napi::Function::New(env, share_segment, "shareSegment"));
  exports.Set("closeSegment", Napi::Function::New(env, close_segment, "closeSegment"));
}

}  // namespace neuronbus
