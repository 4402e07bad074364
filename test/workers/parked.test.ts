// Waiting: a thread without work does nothing, and wakes for every spike.
import type { WaitStrategy } from 'neuronbus';
import { expect, it } from 'vitest';
import { add, colony, sleep, turn, until } from './support.js';

// Without the housekeeping of each second, which would find a spike that woke nobody.
const plasticity = { sweepIntervalMs: 1e9 };

it('two idle threads do not turn their event loops', async () => {
  const there = await colony(2, { plasticity }, { attach: { plasticity } });
  const [echo, asker] = await Promise.all(
    [0, 1].map((index) =>
      there.on(index, ({ bus, state, Probe }) => {
        state.probe = new Probe(
          (spike, handle) => void (spike.text() === 'ask' && handle.reply(spike, 'yes')),
        );
        return bus.register(state.probe, { name: 'probe' });
      }),
    ),
  );
  await there.on(1, ({ bus }, [from, target]) => void bus.fire(from!, { target: target!, payload: 'ask' }), [
    asker,
    echo,
  ]);
  await until(() => there.on(1, ({ state }) => state.probe.texts.length === 1), 'the answer');
  const turns = () =>
    Promise.all([0, 1].map((i) => there.on(i, () => performance.nodeTiming.uvMetricsInfo.loopCount)));
  const before = await turns();
  await sleep(1000);
  const after = await turns();
  for (const [i, count] of after.entries()) expect(count - before[i]!).toBeLessThan(50);
});

it.each<[WaitStrategy, number]>([
  ['park', 1000],
  ['yield', 500],
  ['spin', 500],
])('a spike wakes a thread that waits by %s, %i times, whenever it comes', async (waitStrategy, rounds) => {
  const options = { waitStrategy, pollMs: 0.02, plasticity };
  const there = await colony(1, options, { attach: options });
  const asker = add(there.bus, { name: 'asker' });
  const echo = await there.on(0, ({ bus, Probe }) => {
    return bus.register(new Probe((spike, handle) => void handle.reply(spike, spike.text())), {
      name: 'echo',
    });
  });
  for (let round = 0; round < rounds; round++) {
    // From a busy wait of some microseconds, in the middle of its going to sleep, to long asleep.
    const pause = Math.random();
    if (pause < 0.6) for (const end = performance.now() + pause * 0.3; performance.now() < end; );
    else await sleep(pause * 4 - 2);
    there.bus.fire(asker.id, { target: echo, payload: `${round}` });
    while (asker.probe.texts.length === round) await turn(); // one that woke nobody hangs here
  }
  expect(asker.probe.texts).toEqual(Array.from({ length: rounds }, (_, i) => `${i}`));
});

it('a sleeping thread is woken by the first spike of a job, and handles it before the job ends', async () => {
  const there = await colony(1, { plasticity }, { attach: { plasticity } });
  const asker = add(there.bus, { name: 'asker' });
  const handled = new Int32Array(new SharedArrayBuffer(4));
  const target = await there.on(
    0,
    ({ bus, Probe }, [count]) =>
      bus.register(
        new Probe(() => {
          Atomics.add(count!, 0, 1);
          Atomics.notify(count!, 0);
        }),
        { name: 'listener' },
      ),
    [handled],
  );
  // It may just be awake: then it sees the spike when this job is over, and the next one finds it asleep.
  const inTheSameJob = (): boolean => {
    const before = Atomics.load(handled, 0);
    there.bus.fire(asker.id, { target });
    return Atomics.wait(handled, 0, before, 200) !== 'timed-out';
  };
  let tries = 0;
  while (!inTheSameJob()) {
    expect(++tries).toBeLessThan(100);
    await sleep(50);
  }
  await until(() => Atomics.load(handled, 0) === tries + 1, 'all of them');
});
