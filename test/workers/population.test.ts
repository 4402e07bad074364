// Spiking networks in worker threads, as agents of the bus of this one.
import { NeuronBus } from 'neuronbus';
import { describe, expect, it, onTestFinished } from 'vitest';
import { add, until } from './support.js';

const AGENT = new URL('./spiking_agent.mjs', import.meta.url);

describe('populations in other threads', () => {
  it('answer questions and spikes, and end with their pool, also in mid-run', async () => {
    const bus = NeuronBus.create();
    onTestFinished(() => bus.close());
    bus.start();
    const pool = bus.spawn(AGENT, { threads: 2 });
    await pool.ready;
    const { probe, id } = add(bus);
    const asked = Array.from({ length: 40 }, (_, i) => i % 8);
    const replies = await Promise.all(
      asked.map((one) => bus.request<number[], { neuron: number }>(id, { capability: 'relay' }, [one])),
    );
    expect(replies.map(({ value }) => value)).toEqual(
      asked.map((neuron) => ({ neuron, spikes: 1, timeMs: 1 })),
    );
    const relays = bus.discover('relay').map(({ id }) => id);
    expect(relays).toHaveLength(2);
    for (const target of relays) bus.fire(id, { target, json: [5] });
    await until(() => probe.texts.length === 2, 'an answer of both');
    for (const text of probe.texts) expect(JSON.parse(text)).toEqual({ neuron: 5, spikes: 1, timeMs: 1 });
    for (const target of relays) for (let i = 0; i < 50; i++) bus.fire(id, { target, json: [i % 8] });
    await pool.terminate();
    expect(pool.alive).toBe(0);
    expect(bus.neurons()).toHaveLength(1);
  });
});
