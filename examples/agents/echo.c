/* An agent in C: joins a bus by name and answers every spike with its payload reversed.
 *
 *   cc -std=c11 echo.c $(npx neuronbus-config --cflags --libs) -o echo && ./echo my-bus
 *
 * Ends when it receives "stop". C11, and C++17 as well. */
#include <neuronbus/neuronbus.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int fail(const nb_bus* bus, const char* what) {
  fprintf(stderr, "echo: %s: %s\n", what, nb_bus_errmsg(bus));
  return 1;
}

static int answer(nb_bus* bus, const nb_delivery* one) {
  const unsigned char* payload = (const unsigned char*)one->payload;
  unsigned char* reversed = (unsigned char*)malloc(one->length + 1u);
  nb_status status = NB_ERR_NO_MEMORY;
  if (reversed != NULL) {
    for (uint32_t i = 0; i < one->length; i++) reversed[i] = payload[one->length - 1 - i];
    status = nb_reply(bus, one->neuron, one->spike, reversed, one->length);
  }
  free(reversed);
  return status == NB_OK ? 0 : fail(bus, "no answer");
}

int main(int argc, char** argv) {
  static const char* const capabilities[] = {"echo-c"};
  nb_bus* bus = NULL;
  const nb_delivery* batch = NULL;
  nb_card card;
  uint16_t id = 0;
  int ends = 0;

  if (nb_bus_open(argc > 1 ? argv[1] : "echo", &bus) != NB_OK) return fail(NULL, "no bus");
  memset(&card, 0, sizeof card);
  card.name = "echo in C";
  card.capabilities = capabilities;
  card.capability_count = 1;
  if (nb_register(bus, &card, &id) != NB_OK) return fail(bus, "not registered");
  printf("neuron %u\n", id);
  fflush(stdout);

  while (!ends) {
    nb_wait(bus, -1);
    uint32_t count = nb_poll(bus, &batch, 64);
    for (uint32_t i = 0; i < count; i++) {
      if (batch[i].length == 4 && memcmp(batch[i].payload, "stop", 4) == 0) ends = 1;
      else answer(bus, &batch[i]);
    }
  }
  nb_bus_close(bus); /* the neuron leaves discovery */
  return 0;
}
