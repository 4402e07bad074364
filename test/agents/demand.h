/* What the agents in C demand of the library: otherwise main() says what went wrong, and ends with 1. Needs a variable `bus`. */
#pragma once

#include <neuronbus/neuronbus.h>
#include <stdio.h>

#define DEMAND(condition)                                                                          \
  do {                                                                                             \
    if (!(condition)) {                                                                            \
      fprintf(stderr, "line %d: %s: %s\n", __LINE__, #condition, nb_bus_errmsg(bus));              \
      return 1;                                                                                    \
    }                                                                                              \
  } while (0)
