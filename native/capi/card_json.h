// SPDX-License-Identifier: MIT
//
// Agent cards as they lie in the arena: one JSON object, the same text that JavaScript writes. Pure functions, any thread.
//
//   {"name":"..","description":"..","version":"..","capabilities":["..",..],"regions":[..],"tags":[..]}
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "neuronbus/errors.h"
#include "neuronbus/neuronbus.h"

namespace neuronbus {

struct Card {
  std::string name;
  std::string description;
  std::string version;
  std::vector<std::string> capabilities;
  std::vector<std::string> regions;
  std::vector<std::string> tags;
};

// What is wrong with a card of nb_register(), or nullptr.
const char* card_fault(const nb_card& card);

// The text of a card without fault.
std::string write_card(const nb_card& card);

// What NB_MESSAGE_ERROR carries. Throws std::bad_alloc.
std::string write_error(const char* name, const char* message);

// False, with `card` in any state, for everything that is not one JSON object whose known fields are as above. Unknown
// fields are skipped. Never reads beyond `length`, and nests at most kCardDepth deep.
constexpr int kCardDepth = 16;
bool read_card(const char* text, size_t length, Card* card);

}  // namespace neuronbus
