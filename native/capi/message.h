// SPDX-License-Identifier: MIT
//
// Messages in spikes, for native hosts: reads and writes what NB_MESSAGE_* in layout.h draws. No state, any thread that owns
// the spike. What message_frame.ts does for JavaScript.
#pragma once

#include <cstdint>

#include "neuronbus/layout.h"

namespace neuronbus {

struct MessageHeader {
  uint8_t what;
  uint8_t flags;
  uint32_t exchange;
  uint32_t correlation;
  uint32_t deadline;
  uint8_t encoding;
  uint32_t length;  // of the value, if it is inline
  uint8_t scale = 0;  // of a question: what its asker is used to
};

// A time in units of a scale as it is on the wire; where nothing was known it is a scale of its own.
double on_scale(double delay_ns, uint8_t scale);

// The header in `spike`, whose kind was read once. False: it is no message, or not one that says what it is.
bool read_message(const nb_spike& spike, uint8_t kind, MessageHeader* header);

// Puts the header into a spike of type NB_TYPE_MESSAGE. Of a value in the arena the reference to it must be there already.
void write_message(nb_spike* spike, const MessageHeader& header);

// Leaves out what stands before the value: a trace, the name of a channel. False: they are not whole.
bool skip_preamble(uint8_t flags, const uint8_t** data, uint32_t* length);

}  // namespace neuronbus
