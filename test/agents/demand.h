/* What the agents in C of this folder have in common: how they join a bus, and what they demand of the library. */
#pragma once

#include <neuronbus/neuronbus.h>
#include <stdio.h>

/* Otherwise the function says what went wrong, and returns 1. Needs a variable `bus`. */
#define DEMAND(condition)                                                                          \
  do {                                                                                             \
    if (!(condition)) {                                                                            \
      fprintf(stderr, "line %d: %s: %s\n", __LINE__, #condition, nb_bus_errmsg(bus));              \
      return 1;                                                                                    \
    }                                                                                              \
  } while (0)

/* Joins the bus of this name as an agent with one capability. Returns 0, or 1 when it said what went wrong. */
static inline int join(const char* bus_name, const char* name, const char* capability, nb_bus** out, uint16_t* id) {
  nb_bus* bus = NULL;
  nb_card card;
  DEMAND(nb_bus_open(bus_name, &bus) == NB_OK);
  memset(&card, 0, sizeof card);
  card.name = name;
  card.capabilities = &capability;
  card.capability_count = 1;
  DEMAND(nb_register(bus, &card, id) == NB_OK);
  *out = bus;
  return 0;
}

static inline int is(const nb_delivery* one, const char* text) {
  return one->length == strlen(text) && memcmp(one->payload, text, one->length) == 0;
}
