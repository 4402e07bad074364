// SPDX-License-Identifier: MIT
//
// Process ids mean nothing: they come again, and in another namespace they are other numbers.
#if defined(__linux__)

#include <fcntl.h>
#include <sched.h>

#include <cstdio>

#include "shared_file_fixture.h"

using namespace nbtest;

namespace {

// Lets the next process of this namespace have the id `pid`.
bool choose_next_pid(pid_t pid) {
  const int fd = open("/proc/sys/kernel/ns_last_pid", O_WRONLY | O_CLOEXEC);
  const std::string text = std::to_string(pid - 1);
  const bool done = fd >= 0 && write(fd, text.data(), text.size()) == static_cast<ssize_t>(text.size());
  if (fd >= 0) close(fd);
  return done;
}

// Runs `body` as the first process of a new namespace, and passes on what it says. False: it may not.
bool first_of_namespace(const std::function<void(Child&)>& body, size_t answers) {
  Child outside([&](Child& test) {
    const bool allowed = unshare(CLONE_NEWPID) == 0;
    test.say(allowed ? 1 : 0);
    if (!allowed) return;
    Child first(body);
    for (size_t i = 0; i < answers; i++) test.say(first.hear());
  });
  if (outside.hear() != 1) {
    std::printf("     skipped: needs the right to make a process namespace\n");
    return false;
  }
  for (size_t i = 0; i < answers; i++) CHECK_EQ(outside.hear(), 1);
  return true;
}

}  // namespace

NB_TEST("process number: whoever gets the id of a dead participant does not get its slots") {
  Place place;
  (void)first_of_namespace(
      [](Child& test) {
        Child dead(be_creator);
        const pid_t id = dead.pid;
        Mapping* mapping = nullptr;
        test.say(started(dead) && opened(&mapping) && mapping->slot_held(3));
        dead.end();
        test.say(choose_next_pid(id));
        Child heir([](Child& child) { child.hear(); });
        test.say(heir.pid == id);
        test.say(!mapping->slot_held(3) && mapping->hold_slot(3));
        mapping->release();
        test.say(1);
      },
      5);
}

NB_TEST("process number: a forked child that has the id of its parent is not its parent") {
  Place place;
  (void)first_of_namespace(
      [](Child& test) {
        Mapping* mapping = nullptr;
        test.say(getpid() == 1 && create("bus", &mapping) == NB_OK && mapping->hold_slot(3));
        test.say(unshare(CLONE_NEWPID) == 0);
        Child child([&](Child& inner) {
          inner.say(getpid() == 1 && !mapping->hold_slot(4));
          mapping->drop_slot(3);
          mapping->release();
          inner.say(1);
        });
        test.say(child.hear());
        test.say(child.hear());
        test.say(mapping->slot_held_here(3));
        Mapping* other = nullptr;
        test.say(create("bus", &other) == NB_ERR_NAME_TAKEN);
        mapping->release();
        test.say(1);
      },
      7);
}

NB_TEST("process number: a participant in another namespace is alive while it lives, and dead when it is dead") {
  Place place;
  Child inside([](Child& test) {
    const bool allowed = unshare(CLONE_NEWPID) == 0;
    if (!allowed) return test.say(-1);
    Child creator(be_creator);
    test.say(creator.hear());
    test.say(creator.hear());
    test.hear();
    creator.end();
    test.say(1);
    test.hear();
  });
  const int allowed = inside.hear();
  if (allowed < 0) return void(std::printf("     skipped: needs the right to make a process namespace\n"));
  CHECK_EQ(allowed, NB_OK);
  CHECK_EQ(inside.hear(), 1);
  Mapping* mapping = nullptr;
  if (!opened(&mapping)) return;
  CHECK(mapping->slot_held(3) && !mapping->hold_slot(3));
  Mapping* none = nullptr;
  CHECK_EQ(create("bus", &none), NB_ERR_NAME_TAKEN);
  inside.say(0);
  CHECK_EQ(inside.hear(), 1);
  CHECK(!mapping->slot_held(3) && mapping->hold_slot(3));
  mapping->release();
}

#endif
