/* What may be given to the functions of the C API, and what is refused. */
#include "harness.h"

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

static const char* const NO_NAMES[] = {
    "", "no/slashes", "..", ".hidden", "m\xc3\xa4rkt", "a b", "0123456789012345678901234567890123456789012345678901234567890123",
};

static void test_weights(void) {
  nb_bus* bus = make_bus(16, 1 << 16, NB_MODE_DROP_NEWEST);
  const double bad[] = {0.0 / 0.0, 2, -1, 1.0 / 0.0};
  uint16_t from = add(bus, "from"), to = add(bus, "to");
  for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
    CHECK(nb_connect(bus, from, to, bad[i], NULL) == NB_ERR_INVALID_ARGUMENT);
    CHECK(strstr(nb_bus_errmsg(bus), "weight is ") != NULL);
  }
  CHECK_OK(nb_connect(bus, from, to, 1, NULL));
  CHECK_OK(nb_bus_close(bus));
}

static void test_options(void) {
  nb_bus* bus = NULL;
  nb_bus_options options;
  memset(&options, 0, sizeof options);
  options.axon_capacity = 100;
  CHECK(nb_bus_create(NULL, &options, &bus) == NB_ERR_CAPACITY && bus == NULL);
  CHECK(strstr(nb_bus_errmsg(NULL), "axon_capacity is 100") != NULL);
  memset(&options, 0, sizeof options);
  options.backpressure = 9;
  CHECK(nb_bus_create(NULL, &options, &bus) == NB_ERR_INVALID_ARGUMENT);
  CHECK(strstr(nb_bus_errmsg(NULL), "backpressure is 9") != NULL);
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
  for (size_t i = 0; i < sizeof NO_NAMES / sizeof NO_NAMES[0]; i++) {
    CHECK(nb_bus_create(NO_NAMES[i], NULL, &bus) == NB_ERR_INVALID_ARGUMENT && bus == NULL);
    CHECK(strstr(nb_bus_errmsg(NULL), "1 to 63 of A-Z a-z 0-9 . _ -, not beginning with a dot") != NULL);
    CHECK(nb_bus_open(NO_NAMES[i], &bus) == NB_ERR_INVALID_ARGUMENT && bus == NULL);
    CHECK(strstr(nb_bus_errmsg(NULL), "name is \"") != NULL);
  }
  CHECK_OK(nb_bus_create(NULL, NULL, &bus));
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

int main(void) {
  run("version and messages", test_version_and_messages);
  run("bad arguments are refused", test_null_arguments);
  run("options are checked", test_options);
  run("weights are checked", test_weights);
  run("cards are checked and found", test_cards);
  run("what cannot be asked is refused", test_request_arguments);
  return report();
}
