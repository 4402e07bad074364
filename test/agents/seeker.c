/* Joins the bus argv[1], finds the agents "asking" of another language, sends each length of payload to the first, and expects
 * the same bytes back. Ends with 0 when all came and the account comes out. */
#include <neuronbus/neuronbus.h>
#include <stdlib.h>

#include "demand.h"

int main(int argc, char** argv) {
  static const char* const capabilities[] = {"seeking \"\\ \xC3\xA9 \xF0\x9F\xA7\xA0", "seeking"};
  static const char* const regions[] = {"test/agents/c"};
  static const char* const tags[] = {"tab\there"};
  static const uint32_t lengths[] = {0, 11, 46, 47, 102400};
  static unsigned char bytes[102400];
  nb_bus* bus = NULL;
  const nb_delivery* batch = NULL;
  nb_card card;
  nb_stats_t stats;
  uint16_t id = 0, found[8];
  DEMAND(argc > 1 && nb_bus_open(argv[1], &bus) == NB_OK);
  memset(&card, 0, sizeof card);
  card.name = "seeker";
  card.description = "written in C";
  card.version = "2.1.0";
  card.capabilities = capabilities;
  card.capability_count = 2;
  card.regions = regions;
  card.region_count = 1;
  card.tags = tags;
  card.tag_count = 1;
  DEMAND(nb_register(bus, &card, &id) == NB_OK);
  DEMAND(nb_discover(bus, "asking", found, 8) == 1);
  const uint16_t asker = found[0];
  DEMAND(nb_discover_region(bus, "test", found, 8) == 2);
  DEMAND(nb_connect(bus, id, asker, 0.5, NULL) == NB_OK); /* done by the other process */
  DEMAND(nb_connect(bus, id, asker, 0.5, NULL) == NB_ERR_SYNAPSE_EXISTS);
  for (size_t i = 0; i < sizeof bytes; i++) bytes[i] = (unsigned char)(i * 31 + 7);
  for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++) {
    DEMAND(nb_fire(bus, id, asker, NB_TYPE_EXCITATORY, 9, bytes, lengths[i]) == NB_OK);
    DEMAND(nb_wait(bus, 60000) == NB_OK && nb_poll(bus, &batch, 1) == 1);
    DEMAND(batch[0].spike->source == asker && batch[0].length == lengths[i]);
    DEMAND(memcmp(batch[0].payload, bytes, lengths[i]) == 0);
  }
  DEMAND(nb_fire(bus, id, NB_BROADCAST, NB_TYPE_MODULATORY, 0, "to all", 6) == NB_OK);
  DEMAND(nb_wait(bus, 60000) == NB_OK && nb_poll(bus, &batch, 1) == 1 && batch[0].length == 6);
  DEMAND(nb_wait(bus, 50) == NB_ERR_TIMEOUT);
  do {
    nb_wait(bus, 1); /* the other process books its side when it parks */
    DEMAND(nb_stats(bus, &stats) == NB_OK);
  } while (stats.queued > 0);
  uint64_t accounted = stats.delivered;
  for (int i = 0; i < NB_DROP_REASONS; i++) accounted += stats.dropped[i];
  DEMAND(stats.published == accounted && stats.published == 12 && stats.ganglia == 2 && stats.neurons == 2);
  DEMAND(stats.synapses == 1);
  DEMAND(nb_bus_close(bus) == NB_OK);
  return 0;
}
