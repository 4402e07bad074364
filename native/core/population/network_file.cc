// SPDX-License-Identifier: MIT
//
// A network in a file. What is in it does not depend on the number of threads; recordings are not part of it.
#include "network_file.h"

#include <algorithm>
#include <new>

namespace neuronbus::population {
namespace {

constexpr uint64_t kMagic = 0x454B4950532D424Eu;  // "NB-SPIKE"
constexpr uint32_t kVersion = 1;
constexpr Step kLatest = Step{1} << 53;  // steps are whole numbers in a double, too

nb_status get_network(ArchiveReader& in, Network::Impl& impl) {
  uint32_t populations = 0, projections = 0;
  NB_CHECK(in.get(&impl.now) && impl.now <= kLatest && in.get(&populations) && in.get(&projections));
  for (uint32_t i = 0; i < populations; i++) NB_TRY(get_population(in, impl));
  for (uint32_t i = 0; i < projections; i++) NB_TRY(get_projection(in, impl));
  NB_CHECK(in.complete());
  return NB_OK;
}

}  // namespace

nb_status Network::save(const char* path, const uint8_t* extra, size_t extra_bytes) const {
  Impl& impl = *impl_;
  if (path == nullptr || (extra == nullptr && extra_bytes > 0)) return NB_ERR_INVALID_ARGUMENT;
  // A file needs no log of post-spikes that synapses have not taken.
  impl.sync();
  ArchiveWriter out(path);
  out.put(kMagic);
  out.put(kVersion);
  out.put(static_cast<uint64_t>(extra_bytes));
  out.put_array(extra, extra_bytes);
  out.put(impl.options.dt_ms);
  out.put(impl.options.seed);
  out.put(impl.now);
  out.put(static_cast<uint32_t>(impl.populations.size()));
  out.put(static_cast<uint32_t>(impl.projections.size()));
  for (const auto& population : impl.populations) {
    Step kept = 0;
    for (const auto& projection : impl.projections) {
      if (projection->pre == population.get()) kept = std::max<Step>(kept, projection->longest_delay());
    }
    put_population(out, *population, impl.now, std::min(kept, impl.now));
  }
  for (const auto& projection : impl.projections) put_projection(out, *projection);
  return out.finish();
}

nb_status Network::load(const char* path, uint32_t threads, std::unique_ptr<Network>* out, std::unique_ptr<uint8_t[]>* extra,
                        size_t* extra_bytes) {
  if (path == nullptr || kernels_fault() != nullptr) return NB_ERR_INVALID_ARGUMENT;
  ArchiveReader in(path);
  if (!in.opened()) return NB_ERR_FILE_IO;
  uint64_t magic = 0;
  uint32_t version = 0;
  uint64_t bytes = 0;
  NB_CHECK(in.get(&magic) && magic == kMagic && in.get(&version));
  if (version != kVersion) return NB_ERR_VERSION;
  NB_CHECK(in.get(&bytes) && in.fits(bytes, 1));
  std::unique_ptr<uint8_t[]> kept(new (std::nothrow) uint8_t[bytes + 1]);
  if (kept == nullptr) return NB_ERR_NO_MEMORY;
  NB_CHECK(in.get_array(kept.get(), bytes));
  NetworkOptions options;
  NB_CHECK(in.get(&options.dt_ms) && in.get(&options.seed));
  options.threads = 1;
  std::unique_ptr<Network> made;
  NB_CHECK(create(options, &made) == NB_OK);
  options.threads = threads;
  NB_TRY(create(options, &made));
  NB_TRY(get_network(in, *made->impl_));
  *out = std::move(made);
  *extra = std::move(kept);
  *extra_bytes = bytes;
  return NB_OK;
}

}  // namespace neuronbus::population
