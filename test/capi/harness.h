/* What the programs of this folder have in common: how checks are counted, and a bus to try. They see the C API as a C program does:
 * neuronbus.h and nothing else of the project.
 *
 * Each prints "N passed, N failed" as its last line. */
#pragma once

#include <neuronbus/neuronbus.h>
#include <stdio.h>
#include <stdlib.h>

static int passed_count;
static int failed_count;
static int failures_here;

#define CHECK(condition) ((condition) ? (void)0 : failed(__LINE__, #condition))
#define CHECK_OK(call) CHECK((call) == NB_OK)

static inline void failed(int line, const char* what) {
  fprintf(stderr, "  line %d: %s\n", line, what);
  failures_here++;
}

static inline void run(const char* name, void (*test)(void)) {
  failures_here = 0;
  test();
  if (failures_here == 0) passed_count++;
  else failed_count++;
  printf("%s %s\n", failures_here == 0 ? "ok  " : "FAIL", name);
  fflush(stdout);
}

/* The last line, and what main() returns. */
static inline int report(void) {
  printf("%d passed, %d failed\n", passed_count, failed_count);
  return failed_count > 0;
}

/* ---- a bus -------------------------------------------------------------------------------------------------------- */

static inline nb_bus* make_bus(uint32_t axon_capacity, uint64_t arena, uint32_t mode) {
  nb_bus* bus = NULL;
  nb_bus_options options;
  memset(&options, 0, sizeof options);
  options.axon_capacity = axon_capacity;
  options.arena_capacity = arena;
  options.backpressure = mode;
  options.max_neurons = 64;
  options.max_synapses = 256;
  options.max_ganglia = 8;
  options.sample_every = 4;
  CHECK_OK(nb_bus_create(NULL, &options, &bus));
  return bus;
}

static inline uint16_t add(nb_bus* bus, const char* name) {
  nb_card card;
  uint16_t id = 0;
  memset(&card, 0, sizeof card);
  card.name = name;
  CHECK_OK(nb_register(bus, &card, &id));
  return id;
}

static inline nb_bus* join_bus(nb_bus* bus) {
  uint32_t id = 0, key = 0;
  nb_bus* other = NULL;
  CHECK_OK(nb_bus_handle(bus, &id, &key));
  CHECK_OK(nb_attach(id, key, &other));
  return other;
}

static inline uint64_t dropped(const nb_stats_t* stats) {
  uint64_t sum = 0;
  for (int i = 0; i < NB_DROP_REASONS; i++) sum += stats->dropped[i];
  return sum;
}

/* Ends what `bus` has in hand; then the account has to come out. */
static inline nb_stats_t account(nb_bus* bus) {
  const nb_delivery* batch;
  nb_stats_t stats;
  while (nb_poll(bus, &batch, 64) > 0) {
  }
  CHECK_OK(nb_stats(bus, &stats));
  CHECK(stats.queued == 0);
  CHECK(stats.published == stats.delivered + dropped(&stats));
  return stats;
}

static inline unsigned char* pattern(uint32_t length) {
  unsigned char* bytes = (unsigned char*)malloc(length + 1u);
  for (uint32_t i = 0; i < length; i++) bytes[i] = (unsigned char)(i * 7 + 3);
  return bytes;
}

static const uint32_t kLengths[] = {0, 1, 11, 45, 46, 47, 64, 4096, 4097, 102400};
#define LENGTHS (sizeof kLengths / sizeof kLengths[0])

static inline int says(const nb_delivery* one, const char* text) {
  return one->length == strlen(text) && memcmp(one->payload, text, one->length) == 0;
}

/* The one delivery that `bus` has now, which is a message. */
static inline const nb_delivery* only(nb_bus* bus, nb_message* message) {
  static nb_spike nothing;
  static nb_delivery none;
  const nb_delivery* batch;
  memset(message, 0, sizeof *message);
  none.spike = &nothing;
  int alone = nb_wait(bus, 10000) == NB_OK && nb_poll(bus, &batch, 8) == 1;
  CHECK(alone);
  if (!alone || !nb_spike_message(batch[0].spike, message)) return &none;
  return &batch[0];
}
