/* Processes on a bus with a name: they come, are killed, and hear of it when somebody cuts the file. The buses live in a folder of
 * their own. */
#define _GNU_SOURCE
#include "harness.h"

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

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

/* What a child has of its parent by fork(): every call is refused, and closing it takes nothing from the parent. */
static int misuse(nb_bus* bus, uint16_t me) {
  nb_card card;
  nb_stats_t stats;
  nb_arena_ref block;
  void* data;
  uint16_t id;
  const nb_delivery* batch;
  memset(&card, 0, sizeof card);
  card.name = "child";
  if (nb_fire(bus, me, me, 0, 0, "x", 1) != NB_ERR_CLOSED || strstr(nb_bus_errmsg(bus), "fork()") == NULL) return 1;
  if (nb_register(bus, &card, &id) != NB_ERR_CLOSED || nb_unregister(bus, me) != NB_ERR_CLOSED) return 2;
  if (nb_connect(bus, me, me, 0.5, NULL) != NB_ERR_CLOSED || nb_wait(bus, 0) != NB_ERR_CLOSED) return 3;
  if (nb_arena_alloc(bus, 100, &block, &data) != NB_ERR_CLOSED || nb_stats(bus, &stats) != NB_ERR_CLOSED) return 4;
  if (nb_poll(bus, &batch, 1) != 0 || nb_discover_region(bus, "here", NULL, 0) != 0) return 5;
  return nb_bus_close(bus) == NB_OK ? 0 : 6;
}

static void test_fork(void) {
  nb_bus* bus = NULL;
  const nb_delivery* batch;
  int status = -1;
  CHECK_OK(nb_bus_create("capi-fork", NULL, &bus));
  if (bus == NULL) return;
  uint16_t me = add(bus, "me");
  CHECK_OK(nb_fire(bus, me, me, 0, 0, "before", 6));
  pid_t child = fork();
  if (child == 0) {
    int failed = misuse(bus, me);
    nb_bus* own = NULL;
    if (failed == 0 && (nb_bus_open("capi-fork", &own) != NB_OK || nb_bus_close(own) != NB_OK)) failed = 7;
    _exit(failed);
  }
  CHECK(waitpid(child, &status, 0) == child);
  CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0);
  CHECK(nb_poll(bus, &batch, 4) == 1);
  CHECK_OK(nb_fire(bus, me, me, 0, 0, "after", 5));
  CHECK(nb_poll(bus, &batch, 4) == 1);
  nb_stats_t stats = account(bus);
  CHECK(stats.neurons == 1 && stats.ganglia == 1);
  CHECK_OK(nb_bus_close(bus));
}

/* A bus without a name is memory of which a child has its own copy: it is told so, instead of talking to nobody. */
static void test_fork_without_a_name(void) {
  nb_bus* bus = make_bus(64, 1 << 16, NB_MODE_DROP_NEWEST);
  const nb_delivery* batch;
  uint32_t id = 0, key = 0;
  int status = -1;
  if (bus == NULL) return;
  uint16_t me = add(bus, "me");
  CHECK_OK(nb_bus_handle(bus, &id, &key));
  pid_t child = fork();
  if (child == 0) {
    nb_bus *copy = NULL, *own = NULL;
    int failed = nb_attach(id, key, &copy) != NB_ERR_NO_SUCH_SEGMENT || copy != NULL;
    if (failed == 0 && nb_bus_create(NULL, NULL, &own) != NB_OK) failed = 2;
    if (failed == 0 && (nb_bus_handle(own, &id, &key) != NB_OK || nb_attach(id, key, &copy) != NB_OK)) failed = 3;
    _exit(failed);
  }
  CHECK(waitpid(child, &status, 0) == child);
  CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0);
  nb_bus* second = join_bus(bus);
  CHECK_OK(nb_fire(bus, me, add(second, "friend"), 0, 0, "hi", 2));
  CHECK(nb_poll(second, &batch, 4) == 1);
  CHECK_OK(nb_bus_close(second));
  CHECK_OK(nb_bus_close(bus));
}

int main(void) {
  char folder[] = "/tmp/neuronbus-capi-XXXXXX";
  if (mkdtemp(folder) == NULL || setenv("NEURONBUS_DIR", folder, 1) != 0) return 2;
  run("processes come, and are killed", test_processes);
  run("a bus whose file is cut ends with an error", test_cut);
  run("a child by fork() has no part in its parent's bus", test_fork);
  run("a child by fork() does not find its parent's bus without a name", test_fork_without_a_name);
  char command[128];
  snprintf(command, sizeof command, "rm -rf %s", folder);
  if (system(command) != 0) failed_count++;
  return report();
}
