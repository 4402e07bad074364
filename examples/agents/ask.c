/* Asks an agent a question, and prints its answer: whoever has a capability, in whatever language.
 *
 *   cc -std=c11 ask.c $(npx neuronbus-config --cflags --libs) -o ask && ./ask my-bus summary "What is a spike?"
 *
 * Exit code 0: there was an answer. C11, and C++17 as well. */
#include <neuronbus/neuronbus.h>
#include <stdio.h>

static int fail(const nb_bus* bus, const char* what) {
  fprintf(stderr, "ask: %s: %s\n", what, nb_bus_errmsg(bus));
  return 1;
}

/* What came of the question, or nothing yet: -1. */
static int outcome(const nb_delivery* one, uint32_t exchange) {
  nb_message message;
  if ((one->flags & NB_DELIVERY_ANSWER) == 0 || !nb_spike_message(one->spike, &message)) return -1;
  if (message.exchange != exchange) return -1;
  int good = message.what == NB_MESSAGE_REPLY; /* else the payload is JSON: name, message and code of an error */
  fprintf(good ? stdout : stderr, "%.*s\n", (int)one->length, (const char*)one->payload);
  return good ? 0 : 1;
}

int main(int argc, char** argv) {
  nb_bus* bus = NULL;
  const nb_delivery* batch = NULL;
  nb_card card;
  uint16_t id = 0, who = 0;
  uint32_t exchange = 0;
  int code = -1;

  if (argc != 4) {
    fprintf(stderr, "usage: ask BUS CAPABILITY QUESTION\n");
    return 2;
  }
  if (nb_bus_open(argv[1], &bus) != NB_OK) return fail(NULL, "no bus");
  memset(&card, 0, sizeof card);
  card.name = "ask";
  if (nb_register(bus, &card, &id) != NB_OK) return fail(bus, "not registered");
  if (nb_discover(bus, argv[2], &who, 1) == 0) {
    fprintf(stderr, "ask: nobody has the capability %s\n", argv[2]);
    return 1;
  }
  if (nb_request(bus, id, who, NB_VALUE_TEXT, argv[3], (uint32_t)strlen(argv[3]), 5000, &exchange) != NB_OK)
    return fail(bus, "not asked");
  while (code < 0) {
    nb_wait(bus, -1); /* ends when the answer is there, or 5 s are over */
    uint32_t count = nb_poll(bus, &batch, 64);
    for (uint32_t i = 0; i < count && code < 0; i++) code = outcome(&batch[i], exchange);
  }
  nb_bus_close(bus);
  return code;
}
