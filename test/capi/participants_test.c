/* Several participants of one bus, in threads of their own or in turn in one. */
#include "harness.h"

#include <pthread.h>

#define ECHOES 3
#define ROUNDS 3000

typedef struct Echo {
  uint32_t id, key;
  uint64_t answered;
  nb_status status;
} Echo;

static void* echo(void* data) {
  Echo* self = (Echo*)data;
  static const char* const capabilities[] = {"echo"};
  nb_bus* bus = NULL;
  const nb_delivery* batch;
  nb_card card;
  uint16_t id;
  int ends = 0;
  memset(&card, 0, sizeof card);
  card.name = "echo";
  card.capabilities = capabilities;
  card.capability_count = 1;
  self->status = nb_attach(self->id, self->key, &bus);
  if (self->status == NB_OK) self->status = nb_register(bus, &card, &id);
  while (self->status == NB_OK && !ends) {
    nb_wait(bus, -1);
    uint32_t count = nb_poll(bus, &batch, 64);
    for (uint32_t i = 0; i < count; i++) {
      if (batch[i].length == 4 && memcmp(batch[i].payload, "stop", 4) == 0) {
        ends = 1;
      } else if ((self->status = nb_reply(bus, id, batch[i].spike, batch[i].payload, batch[i].length)) == NB_OK) {
        self->answered++;
      }
    }
  }
  nb_bus_close(bus);
  return NULL;
}

static void test_threads(void) {
  nb_bus* bus = make_bus(1024, 1 << 20, NB_MODE_DROP_NEWEST);
  uint16_t me = add(bus, "asker"), ids[ECHOES];
  pthread_t threads[ECHOES];
  Echo echoes[ECHOES];
  const nb_delivery* batch;
  uint64_t asked = 0, heard = 0;
  memset(echoes, 0, sizeof echoes);
  for (int i = 0; i < ECHOES; i++) {
    CHECK_OK(nb_bus_handle(bus, &echoes[i].id, &echoes[i].key));
    pthread_create(&threads[i], NULL, echo, &echoes[i]);
  }
  while (nb_discover(bus, "echo", ids, ECHOES) < ECHOES) nb_wait(bus, 1);
  for (int i = 0; i < ECHOES; i++) CHECK_OK(nb_connect(bus, me, ids[i], 0.5, NULL));
  for (int round = 0; round < ROUNDS; round++) {
    uint32_t length = round % 10 == 0 ? 100 : (uint32_t)(round % 47);
    unsigned char bytes[100];
    memset(bytes, round & 0xFF, sizeof bytes);
    if (round % 3 == 0) {
      CHECK_OK(nb_fire(bus, me, NB_BROADCAST, 0, 0, bytes, length));
      asked += ECHOES;
    } else {
      CHECK_OK(nb_fire(bus, me, ids[round % ECHOES], 0, 0, bytes, length));
      asked++;
    }
    while (asked - heard > 300) {
      CHECK(nb_wait(bus, 10000) == NB_OK);
      uint32_t count = nb_poll(bus, &batch, 64);
      for (uint32_t i = 0; i < count; i++) {
        const unsigned char* payload = (const unsigned char*)batch[i].payload;
        CHECK((batch[i].flags & NB_DELIVERY_STALE) == 0);
        for (uint32_t k = 1; k < batch[i].length; k++) CHECK(payload[k] == payload[0]);
      }
      heard += count;
      if (failures_here > 10) return;
    }
  }
  while (heard < asked && nb_wait(bus, 10000) == NB_OK) heard += nb_poll(bus, &batch, 64);
  CHECK(heard == asked);
  for (int i = 0; i < ECHOES; i++) CHECK_OK(nb_fire(bus, me, ids[i], 0, 255, "stop", 4));
  for (int i = 0; i < ECHOES; i++) {
    pthread_join(threads[i], NULL);
    CHECK(echoes[i].status == NB_OK && echoes[i].answered > 0);
  }
  nb_stats_t stats = account(bus);
  CHECK(stats.delivered == 2 * asked + ECHOES && dropped(&stats) == 0);
  CHECK(stats.ganglia == 1 && stats.neurons == 1);
  CHECK(nb_discover(bus, "echo", ids, ECHOES) == 0);
  CHECK_OK(nb_bus_close(bus));
}

static void test_block_to_many(void) {
  nb_bus* bus = make_bus(64, 1 << 16, NB_MODE_DROP_NEWEST);
  nb_bus* others[3];
  uint16_t from = add(bus, "from"), ids[3];
  const nb_delivery* batch;
  nb_arena_ref block;
  const void* read;
  uint32_t length;
  void* data;
  uint16_t here = add(bus, "here");
  for (int i = 0; i < 3; i++) {
    others[i] = join_bus(bus);
    ids[i] = add(others[i], "listener");
  }
  CHECK_OK(nb_connect(bus, from, here, 0.5, NULL));
  for (int i = 0; i < 3; i++) CHECK_OK(nb_connect(others[i], from, ids[i], 0.5, NULL)); /* each its own */
  CHECK_OK(nb_arena_alloc(bus, 300, &block, &data));
  memset(data, 'x', 300);
  CHECK_OK(nb_fire_block(bus, from, NB_BROADCAST, 0, 0, &block));
  for (int i = 0; i < 3; i++) {
    CHECK(nb_poll(others[i], &batch, 8) == 1);
    CHECK(batch[0].length == 300 && memcmp(batch[0].payload, data, 300) == 0);
    CHECK(nb_poll(others[i], &batch, 8) == 0);
    CHECK_OK(nb_arena_read(bus, &block, &read, &length));
  }
  CHECK(nb_poll(bus, &batch, 8) == 1);
  CHECK(nb_poll(bus, &batch, 8) == 0);
  CHECK(nb_arena_read(bus, &block, &read, &length) == NB_ERR_STALE_REFERENCE); /* the last one gave it back */
  CHECK_OK(nb_unregister(others[0], ids[0]));
  CHECK_OK(nb_bus_close(others[0]));
  CHECK_OK(nb_bus_close(others[1]));
  CHECK(nb_fire(bus, from, ids[1], 0, 0, NULL, 0) == NB_ERR_UNKNOWN_NEURON);
  others[1] = join_bus(bus); /* in the place of a predecessor */
  ids[1] = add(others[1], "again");
  CHECK_OK(nb_fire(bus, from, ids[1], 0, 0, "hello", 5));
  CHECK(nb_poll(others[1], &batch, 8) == 1 && batch[0].neuron == ids[1]);
  CHECK_OK(nb_bus_close(others[1]));
  CHECK_OK(nb_bus_close(others[2]));
  (void)account(bus);
  CHECK_OK(nb_bus_close(bus));
}

static void test_full_axon_to_another(void) {
  for (uint32_t mode = NB_MODE_DROP_NEWEST; mode <= NB_MODE_FAIL; mode++) {
    nb_bus* bus = make_bus(8, 1 << 16, mode);
    nb_bus* other = join_bus(bus);
    uint16_t a = add(bus, "a"), b = add(other, "b");
    const nb_delivery* batch;
    char bytes[64] = {0};
    for (int i = 0; i < 5000; i++) { /* evicted and refused payloads go back to the arena */
      nb_status status = nb_fire(bus, a, b, 0, 0, bytes, sizeof bytes);
      CHECK(status == (i < 8 || mode == NB_MODE_DROP_OLDEST ? NB_OK : NB_ERR_FULL));
    }
    uint32_t count = 0, got;
    while ((got = nb_poll(other, &batch, 3)) > 0) count += got;
    CHECK(count == 8);
    nb_stats_t stats = account(bus);
    CHECK(stats.published == 5000);
    CHECK_OK(nb_bus_close(other));
    CHECK_OK(nb_bus_close(bus));
  }
}

int main(void) {
  run("three threads answer", test_threads);
  run("one block to many, and a successor in the place of one that left", test_block_to_many);
  run("a full axon to another thread", test_full_axon_to_another);
  return report();
}
