// What a spike carries arrives as it was, from thread to thread and back.
import { Neuron, type NeuronHandle, type Spike } from 'neuronbus';
import { expect, it, onTestFinished } from 'vitest';
import { colony, quiet, until } from './support.js';

const LENGTHS = [...Array.from({ length: 48 }, (_, i) => i), 64, 1000, 4096, 100_000];

class Collector extends Neuron {
  readonly got: { bytes: Uint8Array; type: number; priority: number }[] = [];

  onSpike(spike: Spike, _handle: NeuronHandle): void {
    this.got.push({ bytes: spike.bytes().slice(), type: spike.type, priority: spike.priority });
  }
}

const bytesOf = (length: number) => Uint8Array.from({ length }, (_, i) => (i * 31 + length) & 0xff);

it('bytes of every inline length, and of 47 to 100,000, both ways', async () => {
  const { bus, on } = await bound();
  const collector = new Collector();
  const id = bus.register(collector, { name: 'collector' });
  const echo = await on(0, ({ bus, Neuron }) => {
    class Echo extends Neuron {
      onSpike(spike: Spike, handle: NeuronHandle) {
        const options = { type: spike.type, priority: spike.priority };
        handle.reply(spike, spike.length === 0 ? undefined : spike.bytes(), options);
      }
    }
    return bus.register(new Echo(), { name: 'echo' });
  });
  LENGTHS.forEach((length, i) => {
    bus.fire(id, { target: echo, payload: bytesOf(length), type: (i % 3) as 0, priority: i });
  });
  await until(() => collector.got.length === LENGTHS.length);
  collector.got.forEach(({ bytes, type, priority }, i) => {
    expect({ bytes: Buffer.from(bytes), type, priority }).toEqual({
      bytes: Buffer.from(bytesOf(LENGTHS[i]!)),
      type: i % 3,
      priority: i,
    });
  });
  await quiet(bus);
  expect(bus.stats().arena.blocks).toBe(2); // the cards
});

it('JSON and text, short and long, both ways', async () => {
  const { bus, on } = await bound();
  const values = [null, 7, 'ü', [1, [2]], { a: { b: 'c' } }, { long: 'schön '.repeat(5000) }];
  const back: unknown[] = [];
  class Asker extends Neuron {
    onSpike(spike: Spike) {
      back.push(spike.json());
    }
  }
  const id = bus.register(new Asker(), { name: 'asker' });
  const wrapper = await on(0, ({ bus, Neuron }) => {
    class Wrapper extends Neuron {
      onSpike(spike: Spike, handle: NeuronHandle) {
        handle.reply(spike, undefined, { json: { got: spike.json(), text: spike.text() } });
      }
    }
    return bus.register(new Wrapper(), { name: 'wrapper' });
  });
  for (const json of values) bus.fire(id, { target: wrapper, json });
  await until(() => back.length === values.length);
  expect(back).toEqual(values.map((got) => ({ got, text: JSON.stringify(got) })));
});

it('long payloads in a broadcast to four workers are given back once all have read them', async () => {
  const there = await colony(4, { arenaCapacity: 1 << 22 });
  const { bus } = there;
  const id = bus.register(new Collector(), { name: 'speaker' });
  for (let index = 0; index < 4; index++) {
    const listener = await there.on(index, ({ bus, Neuron, state }) => {
      state.sum = 0;
      class Listener extends Neuron {
        onSpike(spike: Spike) {
          const bytes = spike.bytes();
          state.sum += bytes.length + bytes[bytes.length - 1]!;
        }
      }
      return bus.register(new Listener(), { name: 'listener' });
    });
    bus.connect(id, listener).build();
  }
  const rounds = 500;
  for (let i = 0; i < rounds; i++) {
    bus.fire(id, { payload: new Uint8Array(5000).fill(i & 0xff) });
    if (i % 50 === 49) await quiet(bus);
  }
  const { arena, dropped } = await quiet(bus);
  const expected = Array.from({ length: rounds }, (_, i) => 5000 + (i & 0xff)).reduce((a, b) => a + b);
  for (let index = 0; index < 4; index++)
    expect(await there.on(index, ({ state }) => state.sum)).toBe(expected);
  expect([arena.blocks, dropped.full]).toEqual([5, 0]);
});

async function bound() {
  const there = await colony(1);
  return { bus: there.bus, on: there.on.bind(there) };
}

it('what one thread wrote and released is room for another, which wrote nothing yet', async () => {
  const made = await colony(1, { arenaCapacity: 1 << 18, plasticity: { sweepIntervalMs: 20 } });
  const { arena } = made.bus;
  const refs = [];
  let full = '';
  while (full === '') {
    try {
      refs.push(arena.write(new Uint8Array(500)));
    } catch (error) {
      full = (error as { code: string }).code;
    }
  }
  expect(full).toBe('ERR_NB_ARENA_FULL');
  const register = () =>
    made
      .on(0, ({ bus, Probe }) => bus.register(new Probe(), { name: 'late' }))
      .then(
        () => 'registered',
        (error) => error.message,
      );
  expect(await register()).toBe('ERR_NB_ARENA_FULL');
  for (const ref of refs) arena.release(ref);
  // The first thread always finds room, so that nothing but its regular pass gives back what it does not use.
  const going = setInterval(() => arena.release(arena.write(new Uint8Array(500))), 1);
  onTestFinished(() => clearInterval(going));
  await until(async () => (await register()) === 'registered', 'room for a card');
  expect(made.bus.neurons().map(({ name }) => name)).toEqual(['late']);
});
