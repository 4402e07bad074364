/* Joins the bus that its last argument names, with the capability "answering" or one that stands before, and answers questions as
 * their text says: "reject", "bytes", "json", "twice", "quiet", "what", or with the same value; to messages it says what they are.
 * Ends at the message "stop". */
#include <neuronbus/neuronbus.h>

#include "demand.h"

int main(int argc, char** argv) {
  static const unsigned char zeros[3] = {0, 1, 0};
  nb_bus* bus = NULL;
  const nb_delivery* batch = NULL;
  uint16_t id = 0;
  DEMAND(argc > 1);
  if (join(argv[argc - 1], "answerer", argc > 2 ? argv[1] : "answering", &bus, &id) != 0) return 1;
  for (;;) {
    nb_wait(bus, -1);
    uint32_t count = nb_poll(bus, &batch, 16);
    for (uint32_t i = 0; i < count; i++) {
      const nb_delivery* one = &batch[i];
      nb_message message;
      if (!nb_spike_message(one->spike, &message)) {
        DEMAND(nb_answer(bus, id, one->spike, NB_VALUE_TEXT, "x", 1) == NB_ERR_INVALID_ARGUMENT);
        DEMAND(nb_reply(bus, id, one->spike, "a spike", 7) == NB_OK);
      } else if (message.what == NB_MESSAGE_SEND) {
        char text[64];
        if (is(one, "stop")) goto end;
        DEMAND(nb_reject(bus, id, one->spike, "x") == NB_ERR_INVALID_ARGUMENT);
        snprintf(text, sizeof text, "type %u, encoding %u, %u bytes", message.type, message.encoding, one->length);
        DEMAND(nb_answer(bus, id, one->spike, NB_VALUE_TEXT, text, (uint32_t)strlen(text)) == NB_OK);
      } else if (is(one, "reject")) {
        DEMAND(nb_reject(bus, id, one->spike, "not \"now\"\n\xC3\xA9") == NB_OK);
      } else if (is(one, "bytes")) {
        DEMAND(nb_answer(bus, id, one->spike, 4, zeros, 3) == NB_ERR_INVALID_ARGUMENT);
        DEMAND(nb_answer(bus, id, one->spike, NB_VALUE_BYTES, zeros, 3) == NB_OK);
      } else if (is(one, "json")) {
        DEMAND(nb_answer(bus, id, one->spike, NB_VALUE_JSON, "{\"a\":[1]}", 9) == NB_OK);
      } else if (is(one, "twice")) {
        const nb_spike kept = *one->spike;
        DEMAND(nb_reply(bus, id, &kept, "first", 5) == NB_OK);
        DEMAND(nb_reply(bus, id, &kept, "second", 6) == NB_OK);
      } else if (!is(one, "quiet")) {
        DEMAND(nb_reply(bus, id, one->spike, one->payload, one->length) == NB_OK);
      }
    }
  }
end:
  DEMAND(nb_bus_close(bus) == NB_OK);
  return 0;
}
