// Workers that fire at everybody they find, all the time: inline and long payloads, replies, connections. Not a test itself.
import { setTimeout as sleep } from 'node:timers/promises';
import { Neuron } from 'neuronbus';

class Chatter extends Neuron {
  onSpike(spike, handle) {
    if (spike.length < 40 && handle.random() < 0.3) handle.reply(spike, `re: ${spike.text()}`);
  }
}

// A card takes room in the arena, which the other one may have filled for the moment.
async function register(bus, card) {
  for (;;) {
    try {
      return bus.register(new Chatter(), card);
    } catch (error) {
      if (error.code !== 'ERR_NB_ARENA_FULL') throw error;
      await sleep(1);
    }
  }
}

export default async (bus, { index, data }) => {
  const others = bus.neurons();
  const ids = [];
  for (const i of [0, 1])
    ids.push(await register(bus, { name: `chatter ${index}.${i}`, regions: ['chatter'] }));
  if (data.connect) {
    for (const { id } of others) {
      try {
        bus.connect(ids[0], id).build();
        bus.connect(id, ids[1]).build();
      } catch {
        // It left meanwhile, as some do in these tests.
      }
    }
  }
  const long = 'x'.repeat(500);
  // Somebody left, or the arena is full: that happens here. A broadcast does not mind who left.
  const attempt = (spike, ...expected) => {
    try {
      bus.fire(ids[0], spike);
    } catch (error) {
      if (!expected.includes(error.code)) throw error;
    }
  };
  const burst = () => {
    for (let i = 0; i < 50; i++) {
      for (const { id: target } of others) {
        const payload = i % 5 === 0 ? long : `${i}`;
        attempt({ target, payload }, 'ERR_NB_UNKNOWN_NEURON', 'ERR_NB_DEAD_TARGET', 'ERR_NB_ARENA_FULL');
      }
      if (data.connect) attempt({ payload: long }, 'ERR_NB_ARENA_FULL');
    }
    setImmediate(burst);
  };
  setImmediate(burst);
};
