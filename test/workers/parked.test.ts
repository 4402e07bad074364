// Waiting: a thread without work costs no processor and wakes for every spike.
import { NeuronBus, type WaitStrategy } from 'neuronbus';
import { expect, it, onTestFinished } from 'vitest';
import { add, Colony, colony, sleep, turn, until } from './support.js';

it('two idle threads use next to no processor time', async () => {
  const there = await colony(1);
  const asker = add(there.bus, { name: 'asker' });
  const echo = await there.on(0, ({ bus, Probe }) => {
    return bus.register(new Probe((spike, handle) => void handle.reply(spike, 'yes')), { name: 'echo' });
  });
  there.bus.fire(asker.id, { target: echo });
  await until(() => asker.probe.texts.length === 1);
  await sleep(300); // compilers and collectors of both threads have their time
  const samples: number[] = [];
  for (let i = 0; i < 3; i++) {
    const before = process.cpuUsage();
    await sleep(1000);
    const { user, system } = process.cpuUsage(before);
    samples.push((user + system) / 1000);
  }
  // Measured: 2 ms, from one housekeeping timer each second in both threads and the test runner's own. A thread that polls
  // would use 1,000 ms. The best of three, for whatever else the runner does.
  expect(Math.min(...samples)).toBeLessThan(30);
});

it.each<[WaitStrategy, number]>([
  ['park', 1000],
  ['yield', 500],
  ['spin', 500],
])('a spike wakes a thread that waits by %s, %i times, whenever it comes', async (waitStrategy, rounds) => {
  const bus = NeuronBus.create({ waitStrategy, pollMs: 0.02 });
  const there = new Colony(bus, 1, { attach: { waitStrategy, pollMs: 0.02 } });
  onTestFinished(() => there.end());
  bus.start();
  await there.pool.ready;
  const asker = add(bus, { name: 'asker' });
  const echo = await there.on(0, ({ bus, Probe }) => {
    return bus.register(new Probe((spike, handle) => void handle.reply(spike, spike.text())), {
      name: 'echo',
    });
  });
  let slow = 0;
  for (let round = 0; round < rounds; round++) {
    // From a busy wait of some microseconds, in the middle of its going to sleep, to long asleep.
    const pause = Math.random();
    if (pause < 0.6) for (const end = performance.now() + pause * 0.3; performance.now() < end; );
    else await sleep(pause * 4 - 2);
    const begin = performance.now();
    bus.fire(asker.id, { target: echo, payload: `${round}` });
    while (asker.probe.texts.length === round) await turn();
    if (performance.now() - begin > 500) slow++;
  }
  expect(asker.probe.texts).toEqual(Array.from({ length: rounds }, (_, i) => `${i}`));
  expect(slow).toBe(0); // the housekeeping of each second would have found a spike that woke nobody
});
