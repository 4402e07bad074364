/* The C API as a C program sees it: this file includes neuronbus.h and nothing else of the project.
 *
 * Prints "N passed, N failed" as its last line. Named buses of it live in a folder of its own, see main(). */
#define _GNU_SOURCE
#include <neuronbus/neuronbus.h>

#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

static int passed_count;
static int failed_count;
static int failures_here;

#define CHECK(condition) ((condition) ? (void)0 : failed(__LINE__, #condition))
#define CHECK_OK(call) CHECK((call) == NB_OK)

static void failed(int line, const char* what) {
  fprintf(stderr, "  line %d: %s\n", line, what);
  failures_here++;
}

static void run(const char* name, void (*test)(void)) {
  failures_here = 0;
  test();
  if (failures_here == 0) passed_count++;
  else failed_count++;
  printf("%s %s\n", failures_here == 0 ? "ok  " : "FAIL", name);
  fflush(stdout);
}

/* ---- helpers ------------------------------------------------------------------------------------------------------- */

static nb_bus* make_bus(uint32_t axon_capacity, uint64_t arena, uint32_t mode) {
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

static uint16_t add(nb_bus* bus, const char* name) {
  nb_card card;
  uint16_t id = 0;
  memset(&card, 0, sizeof card);
  card.name = name;
  CHECK_OK(nb_register(bus, &card, &id));
  return id;
}

static nb_bus* join_bus(nb_bus* bus) {
  uint32_t id = 0, key = 0;
  nb_bus* other = NULL;
  CHECK_OK(nb_bus_handle(bus, &id, &key));
  CHECK_OK(nb_attach(id, key, &other));
  return other;
}

static uint64_t dropped(const nb_stats_t* stats) {
  uint64_t sum = 0;
  for (int i = 0; i < NB_DROP_REASONS; i++) sum += stats->dropped[i];
  return sum;
}

/* Ends what `bus` has in hand; then the account has to come out. */
static nb_stats_t account(nb_bus* bus) {
  const nb_delivery* batch;
  nb_stats_t stats;
  while (nb_poll(bus, &batch, 64) > 0) {
  }
  CHECK_OK(nb_stats(bus, &stats));
  CHECK(stats.queued == 0);
  CHECK(stats.published == stats.delivered + dropped(&stats));
  return stats;
}

static unsigned char* pattern(uint32_t length) {
  unsigned char* bytes = (unsigned char*)malloc(length + 1u);
  for (uint32_t i = 0; i < length; i++) bytes[i] = (unsigned char)(i * 7 + 3);
  return bytes;
}

static const uint32_t kLengths[] = {0, 1, 11, 45, 46, 47, 64, 4096, 4097, 102400};
#define LENGTHS (sizeof kLengths / sizeof kLengths[0])

/* ---- tests --------------------------------------------------------------------------------------------------------- */

static void test_version_and_messages(void) {
  CHECK(nb_api_version() == NB_API_VERSION);
  CHECK(strcmp(nb_errmsg(NB_OK), "No error") == 0);
  CHECK(strstr(nb_errmsg(NB_ERR_FULL), "ring is full") != NULL);
  CHECK(nb_errmsg((nb_status)9999) != NULL);
  CHECK(nb_bus_errmsg(NULL) != NULL);
}

static void test_null_arguments(void) {
  nb_bus* bus = make_bus(16, 1 << 16, NB_MODE_DROP_NEWEST);
  const nb_delivery* batch;
  uint16_t id = add(bus, "one");
  nb_bus* none = NULL;
  CHECK(nb_bus_create(NULL, NULL, NULL) == NB_ERR_INVALID_ARGUMENT);
  CHECK(nb_bus_open(NULL, &none) == NB_ERR_INVALID_ARGUMENT);
  CHECK(nb_attach(1, 2, &none) == NB_ERR_NO_SUCH_SEGMENT && none == NULL);
  CHECK(nb_register(bus, NULL, &id) == NB_ERR_INVALID_ARGUMENT);
  CHECK(nb_register(NULL, NULL, NULL) == NB_ERR_INVALID_ARGUMENT);
  CHECK(nb_fire(bus, id, id, 0, 0, NULL, 3) == NB_ERR_INVALID_ARGUMENT);
  CHECK(strstr(nb_bus_errmsg(bus), "data is NULL") != NULL);
  CHECK(nb_fire(bus, id, id, 3, 0, NULL, 0) == NB_ERR_INVALID_ARGUMENT);
  CHECK(nb_fire(bus, id, 63, 0, 0, NULL, 0) == NB_ERR_UNKNOWN_NEURON);
  CHECK(strstr(nb_bus_errmsg(bus), "target 63") != NULL);
  CHECK(nb_fire(bus, 40000, id, 0, 0, NULL, 0) == NB_ERR_UNKNOWN_NEURON);
  CHECK(nb_reply(bus, id, NULL, NULL, 0) == NB_ERR_INVALID_ARGUMENT);
  CHECK(nb_unregister(bus, 77) == NB_ERR_UNKNOWN_NEURON);
  CHECK(nb_poll(bus, NULL, 1) == 0);
  CHECK(nb_poll(NULL, &batch, 1) == 0);
  CHECK(nb_poll(bus, &batch, 0) == 0);
  CHECK(nb_discover(bus, NULL, NULL, 0) == 0);
  CHECK(nb_stats(bus, NULL) == NB_ERR_INVALID_ARGUMENT);
  CHECK_OK(nb_bus_close(NULL));
  CHECK_OK(nb_bus_close(bus));
}

static void test_options(void) {
  nb_bus* bus = NULL;
  nb_bus_options options;
  memset(&options, 0, sizeof options);
  options.axon_capacity = 100;
  CHECK(nb_bus_create(NULL, &options, &bus) == NB_ERR_CAPACITY && bus == NULL);
  memset(&options, 0, sizeof options);
  options.arena_capacity = 100000;
  CHECK(nb_bus_create(NULL, &options, &bus) == NB_ERR_CAPACITY);
  CHECK(strstr(nb_bus_errmsg(NULL), "arena_capacity") != NULL);
  memset(&options, 0, sizeof options);
  options.max_ganglia = 65;
  CHECK(nb_bus_create(NULL, &options, &bus) == NB_ERR_INVALID_ARGUMENT);
  memset(&options, 0, sizeof options);
  options.reserved[14] = 1;
  CHECK(nb_bus_create(NULL, &options, &bus) == NB_ERR_INVALID_ARGUMENT);
  CHECK(nb_bus_create("no/slashes", NULL, &bus) == NB_ERR_INVALID_ARGUMENT);
  CHECK_OK(nb_bus_create(NULL, NULL, &bus));
  CHECK_OK(nb_bus_close(bus));
}

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

static void test_cards(void) {
  static const char* const capabilities[] = {"echo", "\"quoted\"\\ \n\x01 \xC3\xA9 \xF0\x9F\xA7\xA0"};
  static const char* const regions[] = {"app/core", "lab"};
  static const char* const bad_region[] = {"a//b"};
  static const char* const bad_item[] = {""};
  nb_bus* bus = make_bus(64, 1 << 16, NB_MODE_DROP_NEWEST);
  nb_bus* other = join_bus(bus);
  nb_card card;
  uint16_t id = 0, twin = 0, found[4] = {0};
  memset(&card, 0, sizeof card);
  CHECK(nb_register(bus, &card, &id) == NB_ERR_INVALID_ARGUMENT);
  card.name = " \t";
  CHECK(nb_register(bus, &card, &id) == NB_ERR_INVALID_ARGUMENT);
  card.name = "half \xC3";
  CHECK(nb_register(bus, &card, &id) == NB_ERR_INVALID_ARGUMENT);
  card.name = "good";
  card.regions = bad_region;
  card.region_count = 1;
  CHECK(nb_register(bus, &card, &id) == NB_ERR_INVALID_ARGUMENT);
  card.regions = regions;
  card.region_count = 2;
  card.tags = bad_item;
  card.tag_count = 1;
  CHECK(nb_register(bus, &card, &id) == NB_ERR_INVALID_ARGUMENT);
  card.tags = NULL;
  CHECK(nb_register(bus, &card, &id) == NB_ERR_INVALID_ARGUMENT);
  card.tag_count = 0;
  card.capabilities = capabilities;
  card.capability_count = 2;
  CHECK(nb_discover(other, "echo", found, 4) == 0);
  CHECK_OK(nb_register(bus, &card, &id));
  CHECK_OK(nb_register(other, &card, &twin));
  CHECK(nb_discover(other, "echo", found, 4) == 2 && found[0] == id && found[1] == twin);
  CHECK(nb_discover(bus, capabilities[1], found, 1) == 2 && found[0] == id);
  CHECK(nb_discover(other, "ech", found, 4) == 0);
  CHECK(nb_discover_region(other, "app", found, 4) == 2);
  CHECK(nb_discover_region(other, "app/core", NULL, 0) == 2);
  CHECK(nb_discover_region(other, "ap", found, 4) == 0);
  CHECK(nb_discover_region(other, "", found, 4) == 0);
  CHECK_OK(nb_unregister(bus, id));
  CHECK(nb_discover(other, "echo", found, 4) == 1 && found[0] == twin);
  CHECK(nb_unregister(bus, twin) == NB_ERR_UNKNOWN_NEURON); /* another one's */
  CHECK_OK(nb_bus_close(other));
  CHECK(nb_discover(bus, "echo", found, 4) == 0);
  CHECK_OK(nb_bus_close(bus));
}

/* ---- questions -------------------------------------------------------------------------------------------------------- */

static int says(const nb_delivery* one, const char* text) {
  return one->length == strlen(text) && memcmp(one->payload, text, one->length) == 0;
}

/* The one delivery that `bus` has now. */
static const nb_delivery* only(nb_bus* bus, nb_message* message) {
  static const nb_delivery none;
  const nb_delivery* batch;
  int alone = nb_wait(bus, 10000) == NB_OK && nb_poll(bus, &batch, 8) == 1;
  CHECK(alone);
  if (!alone || !nb_spike_message(batch[0].spike, message)) return &none;
  return &batch[0];
}

static void test_request_arguments(void) {
  nb_bus* bus = make_bus(16, 1 << 16, NB_MODE_DROP_NEWEST);
  uint16_t a = add(bus, "a"), b = add(bus, "b");
  uint32_t exchange = 77;
  nb_stats_t stats;
  CHECK(nb_request(NULL, a, b, NB_VALUE_TEXT, "x", 1, 0, &exchange) == NB_ERR_INVALID_ARGUMENT);
  CHECK(nb_request(bus, a, b, NB_VALUE_TEXT, "x", 1, 0, NULL) == NB_ERR_INVALID_ARGUMENT);
  CHECK(nb_request(bus, a, b, NB_VALUE_TEXT, NULL, 1, 0, &exchange) == NB_ERR_INVALID_ARGUMENT);
  CHECK(nb_request(bus, a, b, 4, "x", 1, 0, &exchange) == NB_ERR_INVALID_ARGUMENT);
  CHECK(nb_request(bus, a, b, NB_VALUE_NONE, "x", 1, 0, &exchange) == NB_ERR_INVALID_ARGUMENT);
  CHECK(nb_request(bus, a, b, NB_VALUE_TEXT, "x", 1, 140737489, &exchange) == NB_ERR_INVALID_ARGUMENT);
  CHECK(strstr(nb_bus_errmsg(bus), "timeout_ms") != NULL);
  CHECK(nb_request(bus, a, NB_BROADCAST, NB_VALUE_TEXT, "x", 1, 0, &exchange) == NB_ERR_INVALID_ARGUMENT);
  CHECK(nb_request(bus, a, 60, NB_VALUE_TEXT, "x", 1, 0, &exchange) == NB_ERR_UNKNOWN_NEURON);
  CHECK(nb_request(bus, 60, a, NB_VALUE_TEXT, "x", 1, 0, &exchange) == NB_ERR_UNKNOWN_NEURON);
  CHECK(exchange == 77);
  CHECK_OK(nb_stats(bus, &stats));
  CHECK(stats.published == 0);
  for (int i = 0; i < 16; i++) CHECK_OK(nb_request(bus, a, b, NB_VALUE_TEXT, "x", 1, 0, &exchange));
  CHECK(nb_request(bus, a, b, NB_VALUE_TEXT, "x", 1, 0, &exchange) == NB_ERR_FULL);
  (void)account(bus);
  CHECK_OK(nb_bus_close(bus));
}

/* `at` asks, `other` answers; they may be the same nb_bus. */
static void ask_and_answer(nb_bus* bus, nb_bus* other) {
  uint16_t a = add(bus, "asker"), b = add(other, "answerer");
  const nb_delivery* one;
  nb_message question, answer;
  uint32_t exchange = 0, before = 0;
  for (size_t i = 0; i < LENGTHS; i++, before = exchange) {
    unsigned char* bytes = pattern(kLengths[i]);
    CHECK_OK(nb_request(bus, a, b, NB_VALUE_BYTES, bytes, kLengths[i], 0, &exchange));
    CHECK(exchange != before);
    one = only(other, &question);
    CHECK(question.what == NB_MESSAGE_REQUEST && question.exchange == exchange && question.encoding == NB_VALUE_BYTES);
    CHECK(one->flags == 0 && one->neuron == b && one->length == kLengths[i] && memcmp(one->payload, bytes, kLengths[i]) == 0);
    nb_spike kept = *one->spike;
    CHECK_OK(nb_answer(other, b, &kept, NB_VALUE_JSON, "[1]", 3));
    CHECK_OK(nb_answer(other, b, &kept, NB_VALUE_JSON, "[2]", 3)); /* nobody waits for a second one */
    one = only(bus, &answer);
    CHECK(answer.what == NB_MESSAGE_REPLY && answer.exchange == exchange && answer.correlation == question.correlation);
    CHECK(answer.encoding == NB_VALUE_JSON && one->flags == NB_DELIVERY_ANSWER && one->neuron == a && says(one, "[1]"));
    CHECK(nb_reply(bus, a, one->spike, "x", 1) == NB_ERR_INVALID_ARGUMENT);
    free(bytes);
  }
  CHECK_OK(nb_request(bus, a, b, NB_VALUE_NONE, NULL, 0, 0, &exchange));
  one = only(other, &question);
  CHECK(question.encoding == NB_VALUE_NONE && one->length == 0);
  CHECK_OK(nb_reject(other, b, one->spike, "not now"));
  one = only(bus, &answer);
  CHECK(answer.what == NB_MESSAGE_ERROR && answer.exchange == exchange && one->flags == NB_DELIVERY_ANSWER);
  CHECK(says(one, "{\"name\":\"Error\",\"message\":\"not now\"}"));
  CHECK(nb_wait(bus, 0) == NB_ERR_TIMEOUT);
}

static void test_requests(void) {
  nb_bus* bus = make_bus(64, 1 << 20, NB_MODE_DROP_NEWEST);
  nb_bus* other = join_bus(bus);
  ask_and_answer(bus, other);
  ask_and_answer(bus, bus);
  while (nb_wait(other, 0) == NB_OK) (void)account(other);
  (void)account(bus);
  CHECK_OK(nb_bus_close(other));
  CHECK_OK(nb_bus_close(bus));
}

static void test_requests_without_an_answer(void) {
  nb_bus* bus = make_bus(64, 1 << 16, NB_MODE_DROP_NEWEST);
  nb_bus* other = join_bus(bus);
  uint16_t a = add(bus, "asker"), gone = add(bus, "gone"), b = add(other, "answerer");
  const nb_delivery *one, *batch;
  nb_message question, answer;
  uint32_t first = 0, second = 0, third = 0;
  CHECK_OK(nb_request(bus, a, b, NB_VALUE_TEXT, "quiet", 5, 1, &first));
  one = only(bus, &answer);
  CHECK(one->flags == (NB_DELIVERY_ANSWER | NB_DELIVERY_TIMEOUT) && answer.what == NB_MESSAGE_ERROR);
  CHECK(answer.exchange == first && answer.encoding == NB_VALUE_JSON && one->neuron == a && one->spike->source == b);
  CHECK(one->length > 20 && memcmp((const char*)one->payload + one->length - 16, "\"ERR_NB_TIMEOUT\"}" + 1, 16) == 0);
  CHECK(nb_wait(bus, 0) == NB_ERR_TIMEOUT);
  one = only(other, &question); /* the question is there, that it is over is not told twice */
  CHECK(question.exchange == first);
  CHECK_OK(nb_reply(other, b, one->spike, "late", 4));
  CHECK(nb_wait(bus, 0) == NB_OK && nb_poll(bus, &batch, 8) == 0); /* not for the agent */
  CHECK_OK(nb_request(bus, gone, b, NB_VALUE_TEXT, "x", 1, 0, &first));
  CHECK_OK(nb_request(bus, gone, b, NB_VALUE_TEXT, "x", 1, 1, &first));
  CHECK_OK(nb_unregister(bus, gone));
  CHECK(nb_wait(bus, 20) == NB_ERR_TIMEOUT);
  CHECK_OK(nb_request(bus, a, b, NB_VALUE_TEXT, "x", 1, 0, &second));
  CHECK_OK(nb_request(bus, a, b, NB_VALUE_TEXT, "x", 1, 0, &third));
  CHECK_OK(nb_unregister(other, b));
  CHECK(nb_wait(bus, 10000) == NB_OK && nb_poll(bus, &batch, 8) == 2);
  for (int i = 0; i < 2; i++) {
    CHECK(batch[i].flags == (NB_DELIVERY_ANSWER | NB_DELIVERY_DEAD) && nb_spike_message(batch[i].spike, &answer));
    CHECK(answer.exchange == second || answer.exchange == third);
    second = answer.exchange == second ? 0 : second;
  }
  CHECK(nb_poll(bus, &batch, 8) == 0);
  CHECK_OK(nb_bus_close(other));
  (void)account(bus);
  CHECK_OK(nb_bus_close(bus));
}

/* Answers, losses and other spikes in a heap: each question ends once, in any order. */
static void test_many_requests(void) {
  nb_bus* bus = make_bus(1024, 1 << 18, NB_MODE_DROP_NEWEST);
  nb_bus* other = join_bus(bus);
  uint16_t a = add(bus, "asker"), b = add(other, "answerer");
  static unsigned char ended[1 << 15];
  const nb_delivery* batch;
  uint32_t exchange, count, asked = 0, answered = 0, lost = 0, fired = 0;
  memset(ended, 0, sizeof ended);
  for (int round = 0; round < 100; round++) {
    for (int i = 0; i < 200; i++, asked++) {
      CHECK_OK(nb_request(bus, a, b, NB_VALUE_TEXT, i % 10 ? "yes" : "no", i % 10 ? 3 : 2, i % 10 ? 0 : 1, &exchange));
      if (i % 50 == 0) CHECK_OK(nb_fire(bus, a, b, 0, 0, "spike", 5));
    }
    while ((count = nb_poll(other, &batch, 64)) > 0) {
      for (uint32_t i = 0; i < count; i++) {
        if (says(&batch[i], "yes")) CHECK_OK(nb_reply(other, b, batch[i].spike, batch[i].payload, batch[i].length));
        fired += says(&batch[i], "spike");
      }
    }
    while (answered + lost < asked && nb_wait(bus, 10000) == NB_OK) {
      count = nb_poll(bus, &batch, 64);
      for (uint32_t i = 0; i < count; i++) {
        nb_message message;
        CHECK(nb_spike_message(batch[i].spike, &message) && message.exchange < sizeof ended && !ended[message.exchange]++);
        CHECK(message.what == (batch[i].flags == NB_DELIVERY_ANSWER ? NB_MESSAGE_REPLY : NB_MESSAGE_ERROR));
        if (message.what == NB_MESSAGE_REPLY) answered++;
        else lost++;
      }
    }
    if (failures_here > 10) return;
  }
  CHECK(asked == 20000 && answered == 18000 && lost == 2000 && fired == 400);
  while (nb_poll(other, &batch, 64) > 0) {
  }
  (void)account(bus);
  CHECK_OK(nb_bus_close(other));
  CHECK_OK(nb_bus_close(bus));
}

/* ---- several threads ------------------------------------------------------------------------------------------------ */

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

#define ECHOES 3
#define ROUNDS 3000

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

/* ---- several processes --------------------------------------------------------------------------------------------- */

static void child_waits(const char* name) {
  static const char* const capabilities[] = {"victim"};
  nb_bus* bus = NULL;
  nb_card card;
  uint16_t id;
  memset(&card, 0, sizeof card);
  card.name = "victim";
  card.capabilities = capabilities;
  card.capability_count = 1;
  if (nb_bus_open(name, &bus) != NB_OK || nb_register(bus, &card, &id) != NB_OK) _exit(1);
  for (;;) pause();
}

static void test_processes(void) {
  nb_bus *bus = NULL, *second = NULL;
  const nb_delivery* batch;
  uint16_t victim = 0;
  CHECK(nb_bus_open("capi-nobody", &bus) == NB_ERR_NO_SUCH_BUS && bus == NULL);
  CHECK(strstr(nb_bus_errmsg(NULL), "capi-nobody") != NULL);
  CHECK_OK(nb_bus_create("capi-test", NULL, &bus));
  if (bus == NULL) return;
  CHECK(nb_bus_create("capi-test", NULL, &second) == NB_ERR_NAME_TAKEN);
  CHECK_OK(nb_bus_open("capi-test", &second));
  uint16_t me = add(bus, "me"), friend_id = add(second, "friend");
  CHECK_OK(nb_fire(bus, me, friend_id, 0, 0, "hi", 2));
  CHECK(nb_poll(second, &batch, 4) == 1);
  CHECK_OK(nb_bus_close(second));

  pid_t child = fork();
  if (child == 0) child_waits("capi-test");
  for (int i = 0; i < 1000 && nb_discover(bus, "victim", &victim, 1) == 0; i++) usleep(10000);
  CHECK(nb_discover(bus, "victim", &victim, 1) == 1);
  for (int i = 0; i < 10; i++) CHECK_OK(nb_fire(bus, me, victim, 0, 0, "unread", 6));
  kill(child, SIGKILL);
  waitpid(child, NULL, 0);
  for (int i = 0; i < 100 && nb_discover(bus, "victim", NULL, 0) > 0; i++) nb_wait(bus, 50);
  CHECK(nb_discover(bus, "victim", NULL, 0) == 0);
  CHECK(nb_fire(bus, me, victim, 0, 0, NULL, 0) == NB_ERR_UNKNOWN_NEURON);
  nb_stats_t stats = account(bus);
  CHECK(stats.dropped[NB_DROP_DEAD_TARGET] == 10 && stats.ganglia == 1 && stats.neurons == 1);
  CHECK_OK(nb_bus_close(bus));
  CHECK(nb_bus_open("capi-test", &bus) == NB_ERR_NO_SUCH_BUS);
}

static void child_sleeps(int ready) {
  nb_bus* bus = NULL;
  const nb_delivery* batch;
  nb_stats_t stats;
  if (nb_bus_create("capi-cut", NULL, &bus) != NB_OK) _exit(1);
  uint16_t me = add(bus, "sleeper"), other = add(bus, "other");
  if (write(ready, "", 1) != 1) _exit(2);
  if (nb_wait(bus, -1) != NB_ERR_BAD_SEGMENT || strstr(nb_bus_errmsg(bus), "cut") == NULL) _exit(3);
  if (nb_wait(bus, 0) != NB_ERR_BAD_SEGMENT || nb_poll(bus, &batch, 4) != 0) _exit(4);
  if (nb_fire(bus, me, other, 0, 0, "hi", 2) != NB_ERR_BAD_SEGMENT) _exit(5);
  if (nb_stats(bus, &stats) != NB_OK || nb_bus_close(bus) != NB_OK) _exit(6);
  _exit(0);
}

/* Who sleeps while somebody cuts the file hears of it. */
static void test_cut(void) {
  char file[128], byte;
  int status = -1, ready[2];
  CHECK(pipe(ready) == 0);
  pid_t child = fork();
  if (child == 0) child_sleeps(ready[1]);
  close(ready[1]);
  CHECK(read(ready[0], &byte, 1) == 1);
  close(ready[0]);
  usleep(100000); /* it sleeps by now, for half a second at a time */
  snprintf(file, sizeof file, "%s/neuronbus-%u/capi-cut.bus", getenv("NEURONBUS_DIR"), (unsigned)geteuid());
  CHECK(truncate(file, 0) == 0);
  CHECK(waitpid(child, &status, 0) == child);
  CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

int main(void) {
  char folder[] = "/tmp/neuronbus-capi-XXXXXX";
  if (mkdtemp(folder) == NULL || setenv("NEURONBUS_DIR", folder, 1) != 0) return 2;
  run("version and messages", test_version_and_messages);
  run("bad arguments are refused", test_null_arguments);
  run("options are checked", test_options);
  run("payloads of all lengths on one thread", test_payloads_on_one_thread);
  run("a poll keeps to its maximum, also with broadcasts", test_poll_keeps_to_max);
  run("a neuron leaves while a batch is in hand", test_unregister_in_a_batch);
  run("replies in place, as copies, twice, late and to nobody", test_replies_of_every_kind);
  run("full own rings in every mode", test_full_rings);
  run("blocks of the arena are sent, kept and given back", test_arena);
  run("cards are checked and found", test_cards);
  run("what cannot be asked is refused", test_request_arguments);
  run("questions get their answers, from others and from the own bus", test_requests);
  run("questions end without an answer, too", test_requests_without_an_answer);
  run("of many questions each ends once", test_many_requests);
  run("three threads answer", test_threads);
  run("one block to many, and a successor in the place of one that left", test_block_to_many);
  run("a full axon to another thread", test_full_axon_to_another);
  run("processes come, and are killed", test_processes);
  run("a bus whose file is cut ends with an error", test_cut);
  char command[128];
  snprintf(command, sizeof command, "rm -rf %s", folder);
  if (system(command) != 0) failed_count++;
  printf("%d passed, %d failed\n", passed_count, failed_count);
  return failed_count > 0;
}
