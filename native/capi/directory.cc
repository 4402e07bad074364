// SPDX-License-Identifier: MIT
//
// Every registration and departure changes an entry of the roster and then counts the topology up. So a look at one word tells
// whether there is anything new, and then a scan of the roster tells what.
#include "directory.h"

#include "atomics.h"

namespace neuronbus {

Directory::Directory(const Segment& segment, Ganglion& ganglion)
    : segment_(segment), ganglion_(ganglion), known_(segment.header().max_neurons) {}

const std::map<uint16_t, Card>& Directory::everybody() {
  const uint32_t now = load_acquire(segment_.commons().topology);  // SYNC topology
  if (now == seen_) return cards_;
  bool changing = false;
  for (uint32_t id = 0; id < known_.size(); id++) {
    const uint32_t entry = load_acquire(segment_.roster(id));  // SYNC topology
    if (entry == known_[id]) continue;
    cards_.erase(static_cast<uint16_t>(id));
    known_[id] = 0;
    Card card;
    bool named = false;
    if ((entry & NB_ROSTER_GANGLION_MASK) != 0 && !read(id, entry, &card, &named)) {
      changing = true;  // it went, or changed, under our eyes: look again next time
      continue;
    }
    if (named) cards_.emplace(static_cast<uint16_t>(id), std::move(card));
    known_[id] = entry;
  }
  seen_ = changing ? now - 1 : now;
  return cards_;
}

// False when the neuron is not what `entry` meant any more. `named`: it has a card that can be read.
bool Directory::read(uint32_t id, uint32_t entry, Card* card, bool* named) {
  nb_arena_ref& shared_ref = segment_.card(id);
  const nb_arena_ref ref{load_relaxed(shared_ref.grain), load_acquire(shared_ref.generation),  // SYNC topology
                         load_relaxed(shared_ref.length), load_relaxed(shared_ref.owner)};
  const uint8_t* data = nullptr;
  uint32_t length = 0;
  std::string text;
  const auto readable = [&] { return ganglion_.arena().read(ref, &data, &length) == NB_OK && length <= kMaxCardBytes; };
  if (ref.generation != 0 && readable()) {
    text.assign(reinterpret_cast<const char*>(data), length);
    *named = readable() && read_card(text.data(), text.size(), card);  // still the same block: the copy is whole
  }
  return load_acquire(segment_.roster(id)) == entry;  // SYNC topology
}

}  // namespace neuronbus
