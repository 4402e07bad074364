/* Joins the bus argv[1] and asks what it is told to: the message "ID TIMEOUT_MS VALUE" is a question to neuron ID, and is answered with
 * what came of it. Ends at the message "stop". */
#include <neuronbus/neuronbus.h>
#include <stdlib.h>

#include "demand.h"

#define PLACES 1024

/* Who wants to know what came of a question. */
static struct {
  uint32_t exchange;
  nb_spike order;
} open_questions[PLACES];

static const char* what_came(const nb_delivery* one, const nb_message* message) {
  if ((one->flags & NB_DELIVERY_TIMEOUT) != 0) return "timeout";
  if ((one->flags & NB_DELIVERY_DEAD) != 0) return "dead";
  return message->what == NB_MESSAGE_REPLY ? "reply" : "error";
}

static int tell(nb_bus* bus, const nb_delivery* one, const nb_message* message) {
  for (int i = 0; i < PLACES; i++) {
    if (open_questions[i].exchange != message->exchange) continue;
    size_t room = one->length + 64;
    char* text = (char*)malloc(room);
    DEMAND(text != NULL);
    snprintf(text, room, "%s %u %.*s", what_came(one, message), message->encoding, (int)one->length, (const char*)one->payload);
    open_questions[i].exchange = 0;
    nb_status status = nb_answer(bus, one->neuron, &open_questions[i].order, NB_VALUE_TEXT, text, (uint32_t)strlen(text));
    free(text);
    DEMAND(status == NB_OK);
    return 0;
  }
  DEMAND(!"a question of ours");
  return 1;
}

static int ask(nb_bus* bus, const nb_delivery* one) {
  char text[512];
  unsigned target = 0, timeout_ms = 0;
  int value = 0, place = 0;
  DEMAND(one->length < sizeof text);
  memcpy(text, one->payload, one->length);
  text[one->length] = '\0';
  DEMAND(sscanf(text, "%u %u %n", &target, &timeout_ms, &value) == 2);
  while (open_questions[place].exchange != 0) DEMAND(++place < PLACES);
  open_questions[place].order = *one->spike;
  DEMAND(nb_request(bus, one->neuron, (uint16_t)target, NB_VALUE_TEXT, text + value, (uint32_t)strlen(text + value), timeout_ms,
                    &open_questions[place].exchange) == NB_OK);
  return 0;
}

int main(int argc, char** argv) {
  nb_bus* bus = NULL;
  const nb_delivery* batch = NULL;
  uint16_t id = 0;
  DEMAND(argc > 1);
  if (join(argv[1], "asker", "asking", &bus, &id) != 0) return 1;
  for (;;) {
    nb_wait(bus, -1);
    uint32_t count = nb_poll(bus, &batch, 16);
    for (uint32_t i = 0; i < count; i++) {
      const nb_delivery* one = &batch[i];
      nb_message message;
      DEMAND(nb_spike_message(one->spike, &message));
      if ((one->flags & NB_DELIVERY_ANSWER) != 0) {
        if (tell(bus, one, &message) != 0) return 1;
      } else if (is(one, "stop")) {
        DEMAND(nb_bus_close(bus) == NB_OK);
        return 0;
      } else if (ask(bus, one) != 0) {
        return 1;
      }
    }
  }
}
