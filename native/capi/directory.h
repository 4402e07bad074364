// SPDX-License-Identifier: MIT
//
// Who is on the bus, by their cards. Called on the one thread that owns the ganglion. What roster.ts does for JavaScript.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "card_json.h"
#include "ganglion.h"
#include "segment.h"

namespace neuronbus {

class Directory {
 public:
  static constexpr uint32_t kMaxCardBytes = 1u << 20;  // a longer one is no card

  Directory(const Segment& segment, Ganglion& ganglion);  // throws std::bad_alloc

  // Everybody with a card that can be read, by id, as of now. Throws std::bad_alloc.
  const std::map<uint16_t, Card>& everybody();

 private:
  bool read(uint32_t id, uint32_t entry, Card* card, bool* named);

  Segment segment_;
  Ganglion& ganglion_;
  uint32_t seen_ = 0;            // of commons.topology
  std::vector<uint32_t> known_;  // of the roster
  std::map<uint16_t, Card> cards_;
};

}  // namespace neuronbus
