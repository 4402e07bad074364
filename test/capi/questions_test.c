/* Questions and what comes of them. */
#include "harness.h"

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
  CHECK(one->length > 20 && memcmp((const char*)one->payload + one->length - 16, "ERR_NB_TIMEOUT\"}", 16) == 0);
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
        nb_message message = {0};
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

int main(void) {
  run("questions get their answers, from others and from the own bus", test_requests);
  run("questions end without an answer, too", test_requests_without_an_answer);
  run("of many questions each ends once", test_many_requests);
  return report();
}
