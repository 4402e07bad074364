// SPDX-License-Identifier: MIT
//
// The arena: reference-counted blocks for payloads that do not fit into a spike.
//
// An Arena object belongs to the thread of its ganglion. Chunks are claimed by one ganglion and only that one hands out
// blocks of them, so allocation needs no lock. Readers and releasers are in arena_view.h.
//
// Who writes what:
//   nb_chunk.state       claimer FREE -> CLAIMED or TAIL, with its name, by compare-and-swap; then the owner; of a run, who
//                        released it last
//   nb_block.use         owner stores {1, next generation} while there are no references; others by compare-and-swap, which
//                        fails on another generation or no references: a stale reference changes nothing
//   nb_chunk.room        a hint: set by whoever freed a block, cleared by the owner, which then looks once more
//
// The `use` of its blocks alone says whether a chunk is in use. A release is one step, and the releaser touches nothing but the
// hint then, so whoever dies in the middle leaves nothing that is wrong.
#pragma once

#include <array>
#include <cstdint>

#include "arena_view.h"

namespace neuronbus {

class Arena : public ArenaView {
 public:
  Arena(const Segment& segment, uint32_t ganglion) : ArenaView(segment, ganglion) {}

  // A block for `bytes` (0 is allowed) with one reference, 64-byte aligned, its bytes undefined. NB_ERR_ARENA_FULL: nothing
  // free now (rarely also when another ganglion looks for a run at the same instant). NB_ERR_TOO_LARGE: never possible
  // here. On an error nothing changes.
  nb_status allocate(uint32_t bytes, nb_arena_ref* ref, uint8_t** data);

  // Gives chunks without live blocks back, so that other ganglia can have them. Returns how many. allocate() does this by itself
  // before it reports a full arena.
  uint32_t trim();

  // The same for the next of all chunks, a number that no batch notices; false when it came to the last one, and begins again.
  // Who has room enough never trims, but others may starve for what it once used.
  bool trim_some();

  // For whoever clears away after this ganglion, in its name: blocks that no spike on its way to others refers to, and that
  // nobody else retained, are freed, so that references to them are stale.
  void take_back_all(const Segment& segment);

 private:
  // Where allocate() works at the moment; one for each class.
  struct Current {
    uint32_t chunk = NB_NONE;
    uint32_t cursor = 0;  // block at which the next search begins
    uint32_t pause = 0;   // see find_room()

    void move_to(uint32_t to) {
      chunk = to;
      cursor = 0;
    }
  };

  bool owns(uint32_t index, uint32_t* size_class) const;
  uint32_t free_blocks(uint32_t index, uint32_t size_class) const;
  bool take(uint32_t size_class, uint32_t bytes, nb_arena_ref* ref, uint8_t** data);
  void fill(uint32_t grain_index, uint32_t generation, uint32_t bytes, nb_arena_ref* ref, uint8_t** data) const;

  bool find_room(uint32_t* size_class);
  bool settle_first(uint32_t size_class);
  bool settle_next(uint32_t size_class);
  bool settle_larger(uint32_t* size_class);
  bool claim(uint32_t size_class);
  void carve(uint32_t index, uint32_t size_class);
  void give_back(uint32_t index, uint32_t size_class);
  uint32_t trim(uint32_t begin, uint32_t end);

  bool claim_chunk(uint32_t* index);
  bool claim_between(uint32_t begin, uint32_t end, uint32_t* claimed);
  bool claim_as(uint32_t index, uint32_t state);
  void finish_for_others();
  void free_orphans();
  bool claim_run(uint32_t chunks, uint32_t* first);
  bool claim_all(uint32_t first, uint32_t chunks);
  bool allocate_run(uint32_t bytes, nb_arena_ref* ref, uint8_t** data);

  std::array<Current, kBlockClasses> current_{};
  uint32_t trimmed_ = 0;  // by trim_some()
};

}  // namespace neuronbus
