/* Spikes on one thread: payloads, batches, replies, full rings, blocks of the arena. */
#include "harness.h"

static void test_payloads_on_one_thread(void) {
  nb_bus* bus = make_bus(64, 1 << 20, NB_MODE_DROP_NEWEST);
  uint16_t a = add(bus, "a"), b = add(bus, "b");
  const nb_delivery* batch;
  for (size_t i = 0; i < LENGTHS; i++) {
    unsigned char* bytes = pattern(kLengths[i]);
    CHECK_OK(nb_fire(bus, a, b, NB_TYPE_INHIBITORY, 200, bytes, kLengths[i]));
    CHECK(nb_wait(bus, 0) == NB_OK);
    CHECK(nb_poll(bus, &batch, 8) == 1);
    CHECK(batch[0].neuron == b && batch[0].spike->source == a && batch[0].spike->target == b);
    CHECK(batch[0].spike->sequence == i && batch[0].spike->priority == 200);
    CHECK(nb_spike_type(batch[0].spike) == NB_TYPE_INHIBITORY);
    CHECK(batch[0].length == kLengths[i] && memcmp(batch[0].payload, bytes, kLengths[i]) == 0);
    nb_arena_ref block;
    CHECK(nb_spike_block(batch[0].spike, &block) == (kLengths[i] > NB_INLINE_BYTES));
    free(bytes);
  }
  CHECK(nb_wait(bus, 0) == NB_ERR_TIMEOUT);
  nb_stats_t stats = account(bus);
  CHECK(stats.delivered == LENGTHS && stats.neurons == 2 && stats.ganglia == 1);
  CHECK_OK(nb_bus_close(bus));
}

static void test_poll_keeps_to_max(void) {
  nb_bus* bus = make_bus(64, 1 << 16, NB_MODE_DROP_NEWEST);
  uint16_t from = add(bus, "from"), ids[10];
  const nb_delivery* batch;
  uint32_t seen = 0, count;
  for (int i = 0; i < 10; i++) {
    ids[i] = add(bus, "listener");
    CHECK_OK(nb_connect(bus, from, ids[i], 0.5, NULL));
  }
  CHECK(nb_connect(bus, from, ids[0], 0.5, NULL) == NB_ERR_SYNAPSE_EXISTS);
  CHECK(nb_connect(bus, from, from, 0.5, NULL) == NB_ERR_SELF_SYNAPSE);
  CHECK(nb_connect(bus, from, 60, 0.5, NULL) == NB_ERR_UNKNOWN_NEURON);
  CHECK(nb_connect(bus, ids[0], from, 7, NULL) == NB_ERR_INVALID_ARGUMENT);
  CHECK_OK(nb_fire(bus, from, NB_BROADCAST, 0, 0, "all", 3));
  while ((count = nb_poll(bus, &batch, 3)) > 0) {
    CHECK(count <= 3);
    for (uint32_t i = 0; i < count; i++) CHECK(batch[i].length == 3 && memcmp(batch[i].payload, "all", 3) == 0);
    seen += count;
  }
  CHECK(seen == 10);
  nb_stats_t stats = account(bus);
  CHECK(stats.delivered == 10 && stats.synapses == 10);
  CHECK_OK(nb_fire(bus, ids[0], NB_BROADCAST, 0, 0, NULL, 0)); /* nobody listens */
  stats = account(bus);
  CHECK(stats.dropped[NB_DROP_NO_RECEIVER] == 1);
  CHECK_OK(nb_bus_close(bus));
}

static void test_unregister_in_a_batch(void) {
  nb_bus* bus = make_bus(64, 1 << 16, NB_MODE_DROP_NEWEST);
  uint16_t a = add(bus, "a"), b = add(bus, "b");
  const nb_delivery* batch;
  for (int i = 0; i < 6; i++) CHECK_OK(nb_fire(bus, a, b, 0, 0, "payload in the slot", 19));
  CHECK(nb_wait(bus, 0) == NB_OK); /* all six are routed */
  CHECK(nb_poll(bus, &batch, 2) == 2);
  CHECK_OK(nb_unregister(bus, b));
  CHECK(memcmp(batch[1].payload, "payload in the slot", 19) == 0); /* stays until the next nb_poll() */
  CHECK(nb_reply(bus, b, batch[1].spike, NULL, 0) == NB_ERR_UNKNOWN_NEURON);
  CHECK(nb_poll(bus, &batch, 2) == 0);
  nb_stats_t stats = account(bus);
  CHECK(stats.delivered == 2 && stats.dropped[NB_DROP_DEAD_TARGET] == 4);
  CHECK_OK(nb_bus_close(bus));
}

static void test_replies_of_every_kind(void) {
  nb_bus* bus = make_bus(256, 1 << 16, NB_MODE_DROP_NEWEST);
  uint16_t a = add(bus, "a"), b = add(bus, "b"), third = add(bus, "c");
  const nb_delivery* batch;
  nb_spike late[4];
  CHECK_OK(nb_connect(bus, a, b, 0.5, NULL));
  for (int i = 0; i < 8; i++) CHECK_OK(nb_fire(bus, i % 2 ? a : third, b, 0, 0, &i, sizeof i));
  CHECK(nb_poll(bus, &batch, 8) == 8);
  nb_spike copy = *batch[7].spike;
  CHECK_OK(nb_reply(bus, b, &copy, "7", 1));            /* a copy, out of order */
  CHECK_OK(nb_reply(bus, b, batch[1].spike, "1", 1));   /* in place */
  CHECK_OK(nb_reply(bus, b, batch[1].spike, "1b", 2));  /* twice */
  CHECK_OK(nb_fire(bus, b, a, 0, 0, "3", 1));           /* answers the next of `a` */
  CHECK_OK(nb_fire(bus, b, third, 0, 0, "0", 1));
  CHECK_OK(nb_fire(bus, third, a, 0, 0, "other", 5));   /* received nothing */
  for (int i = 0; i < 4; i++) late[i] = *batch[2 * i].spike;
  CHECK(nb_poll(bus, &batch, 64) == 6);
  for (int i = 0; i < 4; i++) CHECK_OK(nb_reply(bus, b, &late[i], "late", 4));
  late[0].source = NB_BROADCAST;
  CHECK(nb_reply(bus, b, &late[0], "?", 1) == NB_ERR_INVALID_ARGUMENT);
  late[0].source = 50; /* nobody: dropped and counted */
  CHECK_OK(nb_reply(bus, b, &late[0], "?", 1));
  nb_stats_t stats = account(bus);
  CHECK(stats.dropped[NB_DROP_DEAD_TARGET] == 1 && stats.delivered == 18);
  CHECK_OK(nb_bus_close(bus));
}

static void test_full_ring(uint32_t mode, uint64_t delivered, int reason) {
  nb_bus* bus = make_bus(8, 1 << 16, mode);
  uint16_t a = add(bus, "a"), b = add(bus, "b");
  char long_payload[100] = {0};
  uint32_t full = 0;
  for (int i = 0; i < 20; i++) {
    nb_status status = nb_fire(bus, a, b, 0, 0, long_payload, sizeof long_payload);
    CHECK(status == NB_OK || status == NB_ERR_FULL);
    full += status == NB_ERR_FULL;
  }
  CHECK(full == (reason == NB_DROP_OLDEST ? 0 : 20 - delivered));
  nb_stats_t stats = account(bus);
  CHECK(stats.published == 20 && stats.delivered == delivered);
  CHECK(reason < 0 || stats.dropped[reason] == 20 - delivered);
  CHECK_OK(nb_bus_close(bus));
}

static void test_full_rings(void) {
  test_full_ring(NB_MODE_DROP_NEWEST, 8, NB_DROP_FULL);
  test_full_ring(NB_MODE_FAIL, 8, NB_DROP_FULL);
  test_full_ring(NB_MODE_DROP_OLDEST, 8, NB_DROP_OLDEST);
  test_full_ring(NB_MODE_BLOCK, 8, NB_DROP_DEADLINE);
  test_full_ring(NB_MODE_SAMPLE, 8, -1);
}

static void test_arena(void) {
  nb_bus* bus = make_bus(64, 1 << 16, NB_MODE_DROP_NEWEST);
  uint16_t a = add(bus, "a"), b = add(bus, "b");
  const nb_delivery* batch;
  nb_arena_ref block, kept;
  void* data = NULL;
  const void* read = NULL;
  uint32_t length = 0;
  CHECK(nb_arena_alloc(bus, 1 << 30, &block, &data) == NB_ERR_TOO_LARGE);
  for (int round = 0; round < 1000; round++) { /* far more than the arena holds: everything comes back */
    CHECK_OK(nb_arena_alloc(bus, 2000, &block, &data));
    memset(data, round & 0xFF, 2000);
    CHECK_OK(nb_fire_block(bus, a, b, 0, 0, &block));
    CHECK(nb_poll(bus, &batch, 8) == 1);
    CHECK(batch[0].payload == data && batch[0].length == 2000);
    CHECK(((const unsigned char*)batch[0].payload)[1999] == (round & 0xFF));
  }
  CHECK(nb_spike_block(batch[0].spike, &kept));
  CHECK_OK(nb_arena_retain(bus, &kept));
  (void)nb_poll(bus, &batch, 8);
  CHECK_OK(nb_arena_read(bus, &kept, &read, &length));
  CHECK(length == 2000 && ((const unsigned char*)read)[0] == (999 & 0xFF));
  CHECK_OK(nb_arena_release(bus, &kept));
  CHECK(nb_arena_read(bus, &kept, &read, &length) == NB_ERR_STALE_REFERENCE);
  CHECK(nb_arena_release(bus, &kept) == NB_ERR_STALE_REFERENCE);
  CHECK(nb_arena_retain(bus, &kept) == NB_ERR_STALE_REFERENCE);
  CHECK(nb_fire_block(bus, a, b, 0, 0, &kept) == NB_ERR_STALE_REFERENCE);
  CHECK_OK(nb_arena_alloc(bus, 50, &block, &data));
  CHECK(nb_fire_block(bus, a, 63, 0, 0, &block) == NB_ERR_UNKNOWN_NEURON); /* the reference is still ours */
  CHECK_OK(nb_arena_release(bus, &block));
  memset(&block, 0xFF, sizeof block);
  CHECK(nb_arena_read(bus, &block, &read, &length) == NB_ERR_STALE_REFERENCE);
  (void)account(bus);
  CHECK_OK(nb_bus_close(bus));
}

int main(void) {
  run("payloads of all lengths on one thread", test_payloads_on_one_thread);
  run("a poll keeps to its maximum, also with broadcasts", test_poll_keeps_to_max);
  run("a neuron leaves while a batch is in hand", test_unregister_in_a_batch);
  run("replies in place, as copies, twice, late and to nobody", test_replies_of_every_kind);
  run("full own rings in every mode", test_full_rings);
  run("blocks of the arena are sent, kept and given back", test_arena);
  return report();
}
