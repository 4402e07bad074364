/* SPDX-License-Identifier: MIT
 *
 * The other side of the scenario foreign_agents, in C11. What it is told:
 *
 *   agent BUS      an empty spike is answered; "flood" is answered with spikes without end, until another one comes, and then
 *                  with their number; "stop" ends it
 *   agent --pipe   the same with records of 64 bytes on standard input and output, the first byte e, f or s; up to 64
 *                  records of a flood are written at once, and the last of them has a number where a spike has its payload */
#include <neuronbus/neuronbus.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define DEMAND(condition)                                                                        \
  do {                                                                                           \
    if (!(condition)) {                                                                          \
      fprintf(stderr, "agent: line %d: %s: %s\n", __LINE__, #condition, nb_bus_errmsg(bus));     \
      exit(1);                                                                                   \
    }                                                                                            \
  } while (0)

enum { RECORD = 64, PAYLOAD = 18, BURST = 64 };

static int is(const nb_delivery* one, const char* word) {
  return one->length == strlen(word) && memcmp(one->payload, word, one->length) == 0;
}

/* Returns how many spikes went out before somebody said something. */
static unsigned long flood(nb_bus* bus, uint16_t id, uint16_t target) {
  const nb_delivery* batch = NULL;
  unsigned long sent = 0;
  while (nb_poll(bus, &batch, 1) == 0) {
    for (int i = 0; i < BURST; i++) {
      const nb_status status = nb_fire(bus, id, target, NB_TYPE_EXCITATORY, 0, NULL, 0);
      if (status == NB_ERR_FULL) break; /* looks for a word, and tries again */
      DEMAND(status == NB_OK);
      sent++;
    }
  }
  return sent;
}

static int on_bus(const char* name) {
  static const char* const capabilities[] = {"foreign"};
  nb_bus* bus = NULL;
  const nb_delivery* batch = NULL;
  nb_card card;
  uint16_t id = 0, others[8];
  DEMAND(nb_bus_open(name, &bus) == NB_OK);
  memset(&card, 0, sizeof card);
  card.name = "agent in C";
  card.capabilities = capabilities;
  card.capability_count = 1;
  DEMAND(nb_register(bus, &card, &id) == NB_OK);
  const uint32_t found = nb_discover(bus, "here", others, 8);
  for (uint32_t i = 0; i < found; i++) DEMAND(nb_connect(bus, id, others[i], 0.8, NULL) == NB_OK);
  puts("ready");
  fflush(stdout);
  const pid_t parent = getppid();
  while (getppid() == parent) { /* nobody else would end it when the benchmark fails */
    nb_wait(bus, 250);
    if (nb_poll(bus, &batch, 1) == 0) continue;
    if (is(batch, "stop")) break;
    if (is(batch, "flood")) {
      const uint16_t target = batch->spike->source;
      char text[24];
      const int length = snprintf(text, sizeof text, "%lu", flood(bus, id, target));
      while (nb_fire(bus, id, target, NB_TYPE_EXCITATORY, 0, text, (uint32_t)length) == NB_ERR_FULL) nb_wait(bus, 0);
    } else {
      DEMAND(nb_reply(bus, id, batch->spike, NULL, 0) == NB_OK);
    }
  }
  nb_bus_close(bus);
  return 0;
}

static int on_pipe(void) {
  unsigned char record[RECORD] = {0};
  setvbuf(stdin, NULL, _IONBF, 0);
  while (fread(record, RECORD, 1, stdin) == 1 && record[0] != 's') {
    if (record[0] == 'f') {
      struct pollfd word = {.fd = STDIN_FILENO, .events = POLLIN};
      unsigned long sent = 0;
      memset(record, 0, sizeof record);
      while (poll(&word, 1, 0) == 0) {
        for (int i = 0; i < BURST; i++) fwrite(record, RECORD, 1, stdout);
        fflush(stdout);
        sent += BURST;
      }
      if (fread(record, RECORD, 1, stdin) != 1) return 1;
      snprintf((char*)record + PAYLOAD, RECORD - PAYLOAD, "%lu", sent);
    }
    fwrite(record, RECORD, 1, stdout);
    fflush(stdout);
  }
  return 0;
}

int main(int argc, char** argv) {
  if (argc != 2) return 2;
  return strcmp(argv[1], "--pipe") == 0 ? on_pipe() : on_bus(argv[1]);
}
