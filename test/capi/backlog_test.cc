// How many questions a neuron was handed and did not answer. Others read that count where it lies, so this one looks there, too.
#include <cstdio>
#include <cstdlib>
#include <map>
#include <random>
#include <vector>

#include "atomics.h"
#include "harness.h"
#include "mapping.h"
#include "segment.h"

namespace {

using neuronbus::Mapping;
using neuronbus::Segment;

int load_of(nb_bus* bus, uint16_t id) {
  neuronbus::MappingHandle handle{};
  Mapping* mapping = nullptr;
  Segment segment;
  CHECK_OK(nb_bus_handle(bus, &handle.id, &handle.key));
  CHECK_OK(Mapping::attach(handle, &mapping));
  CHECK_OK(Segment::attach(mapping->base(), mapping->bytes(), &segment));
  const int load = neuronbus::load_relaxed(segment.neurons()[id].load);
  mapping->release();
  return load;
}

uint32_t ask(nb_bus* bus, uint16_t from, uint16_t to, uint32_t timeout_ms = 0) {
  uint32_t exchange = 0;
  CHECK_OK(nb_request(bus, from, to, NB_VALUE_TEXT, "x", 1, timeout_ms, &exchange));
  return exchange;
}

// Copies of what `bus` has now.
std::vector<nb_spike> take(nb_bus* bus) {
  const nb_delivery* batch;
  std::vector<nb_spike> spikes;
  while (uint32_t count = nb_poll(bus, &batch, 8)) {
    for (uint32_t i = 0; i < count; i++) spikes.push_back(*batch[i].spike);
  }
  return spikes;
}

// `bus` makes its rounds, however fast or slow it is here, until it has noticed.
int load_after_rounds(nb_bus* bus, uint16_t id, int expected) {
  for (int i = 0; i < 1000 && load_of(bus, id) != expected; i++) (void)nb_wait(bus, 10);
  return load_of(bus, id);
}

struct Scene {
  nb_bus* bus = make_bus(8, 1 << 16, NB_MODE_DROP_NEWEST);
  nb_bus* other = join_bus(bus);
  uint16_t asker = add(bus, "asker");
  uint16_t answerer = add(other, "answerer");
  int load() { return load_of(bus, answerer); }
  ~Scene() {
    CHECK_OK(nb_bus_close(other));
    CHECK_OK(nb_bus_close(bus));
  }
};

void test_answers() {
  Scene scene;
  for (int i = 0; i < 4; i++) (void)ask(scene.bus, scene.asker, scene.answerer);
  CHECK_OK(nb_fire(scene.bus, scene.asker, scene.answerer, 0, 0, "a spike", 7));
  CHECK(scene.load() == 0);
  const std::vector<nb_spike> asked = take(scene.other);
  CHECK(asked.size() == 5 && scene.load() == 4 && load_of(scene.bus, scene.asker) == 0);
  CHECK_OK(nb_reply(scene.other, scene.answerer, &asked[4], "a spike", 7));
  CHECK(scene.load() == 4);
  CHECK_OK(nb_reply(scene.other, scene.answerer, &asked[1], "y", 1));
  CHECK(scene.load() == 3);
  CHECK_OK(nb_answer(scene.other, scene.answerer, &asked[1], NB_VALUE_TEXT, "twice", 5));
  CHECK(scene.load() == 3);
  CHECK(nb_answer(scene.other, scene.answerer, &asked[0], 4, "y", 1) == NB_ERR_INVALID_ARGUMENT);
  CHECK(scene.load() == 3);
  CHECK_OK(nb_reject(scene.other, scene.answerer, &asked[3], "no"));
  CHECK(scene.load() == 2);
  CHECK_OK(nb_answer(scene.other, scene.answerer, &asked[0], NB_VALUE_JSON, "1", 1));
  CHECK_OK(nb_reply(scene.other, scene.answerer, &asked[2], nullptr, 0));
  CHECK(scene.load() == 0);
}

void test_full() {
  Scene scene;
  (void)ask(scene.bus, scene.asker, scene.answerer);
  const std::vector<nb_spike> asked = take(scene.other);
  for (int i = 0; i < 8; i++) CHECK_OK(nb_fire(scene.other, scene.answerer, scene.asker, 0, 0, nullptr, 0));
  CHECK(nb_reply(scene.other, scene.answerer, &asked[0], "y", 1) == NB_ERR_FULL);
  CHECK(scene.load() == 1);
  (void)take(scene.bus);
  CHECK_OK(nb_reply(scene.other, scene.answerer, &asked[0], "y", 1));
  CHECK(scene.load() == 0);
}

void test_silence() {
  Scene scene;
  nb_message message;
  (void)ask(scene.bus, scene.asker, scene.answerer, 1);
  CHECK(only(scene.bus, &message)->flags == (NB_DELIVERY_ANSWER | NB_DELIVERY_TIMEOUT));
  CHECK(take(scene.other).size() == 1 && scene.load() == 0); /* withdrawn in the same batch */

  (void)ask(scene.bus, scene.asker, scene.answerer, 1);
  const std::vector<nb_spike> asked = take(scene.other);
  for (int i = 0; i < 8; i++) CHECK_OK(nb_fire(scene.bus, scene.asker, scene.answerer, 0, 0, nullptr, 0));
  CHECK(only(scene.bus, &message)->flags == (NB_DELIVERY_ANSWER | NB_DELIVERY_TIMEOUT)); /* no room to withdraw it */
  (void)take(scene.other);
  CHECK(load_after_rounds(scene.other, scene.answerer, 0) == 0);
  CHECK_OK(nb_reply(scene.other, scene.answerer, &asked[0], "late", 4));
  CHECK(scene.load() == 0);
}

void test_departures() {
  Scene scene;
  const uint16_t second = add(scene.bus, "second"), neighbour = add(scene.other, "neighbour");
  (void)ask(scene.bus, second, scene.answerer);
  (void)ask(scene.bus, scene.asker, scene.answerer);
  (void)ask(scene.other, neighbour, scene.answerer);
  std::vector<nb_spike> asked = take(scene.other);
  CHECK(asked.size() == 3 && scene.load() == 3);
  CHECK_OK(nb_unregister(scene.bus, second));
  CHECK(load_after_rounds(scene.other, scene.answerer, 2) == 2);
  CHECK_OK(nb_unregister(scene.other, neighbour));
  CHECK(scene.load() == 1);
  CHECK_OK(nb_unregister(scene.other, scene.answerer));
  uint16_t successor = 0xFFFF; /* ids go round */
  for (int i = 0; i < 64 && (successor = add(scene.other, "successor")) != scene.answerer; i++) {
    CHECK_OK(nb_unregister(scene.other, successor));
  }
  CHECK(successor == scene.answerer && scene.load() == 0);
  (void)ask(scene.bus, scene.asker, successor);
  CHECK(take(scene.other).size() == 1 && scene.load() == 1);
  for (const nb_spike& old : asked) (void)nb_reply(scene.other, successor, &old, "of its predecessor", 18);
  CHECK(scene.load() == 1);
}

// Random questions, answers, second answers and spikes between three neurons, beside a plain map of what is open.
void test_random() {
  const char* text = std::getenv("NEURONBUS_SEED");
  const uint32_t seed = text != nullptr ? static_cast<uint32_t>(std::strtoul(text, nullptr, 10)) : 20260101;
  std::printf("seed %u\n", seed);
  std::mt19937 random(seed);
  Scene scene;
  const uint16_t twin = add(scene.other, "twin"), own = add(scene.bus, "own");
  const uint16_t ids[] = {scene.answerer, twin, own};
  std::map<uint16_t, int> expected;
  std::vector<std::pair<nb_spike, bool>> seen;  // and whether it waits
  for (int round = 0; round < 3000 && failures_here == 0; round++) {
    const uint16_t to = ids[random() % 3];
    nb_bus* home = to == own ? scene.bus : scene.other;
    switch (random() % 4) {
      case 0:
        (void)ask(scene.bus, scene.asker, to);
        break;
      case 1:
        CHECK_OK(nb_fire(scene.bus, scene.asker, to, 0, 0, "spike", 5));
        break;
      default:
        if (seen.empty()) break;
        auto& [question, waits] = seen[random() % seen.size()];
        home = question.target == own ? scene.bus : scene.other;
        if (random() % 2) CHECK_OK(nb_reply(home, question.target, &question, "y", 1));
        else CHECK_OK(nb_reject(home, question.target, &question, "n"));
        expected[question.target] -= waits;
        waits = false;
    }
    for (nb_bus* one : {scene.bus, scene.other}) {
      for (const nb_spike& spike : take(one)) {
        nb_message message;
        if (!nb_spike_message(&spike, &message) || message.what != NB_MESSAGE_REQUEST) continue;
        seen.emplace_back(spike, true);
        expected[spike.target]++;
      }
    }
    for (const uint16_t id : ids) CHECK(load_of(scene.bus, id) == expected[id]);
  }
  CHECK(seen.size() > 500 && expected[own] > 0);
}

}  // namespace

int main() {
  run("questions count from the batch that hands them out to their first answer", test_answers);
  run("an answer that could not be sent is none", test_full);
  run("a question whose time is over does not count", test_silence);
  run("nor one whose asker left, and nobody inherits any", test_departures);
  run("as a plain count says, whatever happens", test_random);
  return report();
}
