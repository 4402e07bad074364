// What an input is owed, whatever others do meanwhile: encoders, listeners, runs of somebody else.
import { NeuronBus } from 'neuronbus';
import { CountDecoder, type Encoder, type SpikeTrain, type Winner } from 'neuronbus/population';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { codeOfPromise } from '../../support.js';
import { relay, relayNeuron, volley } from './nets.js';

/** Lets every slice of a run take so long that somebody is told of it, on a clock of its own. */
function slowClock(): void {
  let now = 0;
  const clock = vi.spyOn(performance, 'now').mockImplementation(() => (now += 20));
  onTestFinished(() => clock.mockRestore());
}

describe('an input of a population neuron', () => {
  it('has no more output spikes than maxSpikes, however its run is sliced', async () => {
    slowClock();
    const neuron = relayNeuron(relay(), { maxSpikes: 3 });
    expect(await neuron.present(volley(1, 9))).toMatchObject({ neuron: 1, spikes: 3 });
    expect(neuron.stats().lostSpikes).toBe(6);
  });

  it('waits in arrays of its own, so that an encoder may use the same ones again', async () => {
    const { net, input, output } = relay();
    const train = { neurons: new Uint32Array(1), timesMs: new Float64Array(1) };
    const encoder: Encoder<number> = {
      size: 4,
      encode(neuron: number): SpikeTrain {
        train.neurons[0] = neuron;
        return train;
      },
    };
    const decoder = new CountDecoder({ size: 4 });
    const neuron = net.asNeuron<number, Winner>({ input, output, encoder, decoder, windowMs: 10 });
    const winners = await Promise.all([0, 1, 2, 3].map((i) => neuron.present(i)));
    expect(winners.map((winner) => winner?.neuron)).toEqual([0, 1, 2, 3]);
  });

  it('has its last spikes in its own window, also those that come a rounding before the end of it', async () => {
    const net = relay();
    const neuron = relayNeuron(net);
    await neuron.present([{ neuron: 3, timeMs: 10 - 1e-9 }]);
    expect([...net.input.spikeCounts]).toEqual([0, 0, 0, 1]);
  });

  it('is over at once when its neuron is closed, also while somebody else runs the network', async () => {
    const net = relay();
    const neuron = relayNeuron(net);
    const abort = new AbortController();
    let release = () => {};
    const closed = new Promise<void>((resolve) => {
      release = resolve;
    });
    // A run that goes on until the test has seen what it wants to see.
    const run = net.net.run(1e9, { signal: abort.signal });
    const waiting = neuron.present([1]).catch((error) => {
      release();
      throw error;
    });
    const code = codeOfPromise(waiting);
    await net.net.atRest(() => neuron.close());
    await closed;
    expect(net.net.running).toBe(true);
    expect(await code).toBe('ERR_NB_CLOSED');
    abort.abort();
    expect(await codeOfPromise(run)).toBe('ERR_NB_ABORTED');
    await neuron.idle();
    expect(neuron.stats()).toMatchObject({ accepted: 1, withdrawn: 1, running: 0 });
  });
});

describe('a listener of close that throws', () => {
  it('does not keep the other neurons of the network from being closed', async () => {
    const net = relay();
    const [first, second] = [relayNeuron(net), relayNeuron(net)];
    first.events.on('close', () => {
      throw new Error('a listener failed');
    });
    const waiting = codeOfPromise(second.awaitConsensus(1, { timeoutMs: Number.POSITIVE_INFINITY }));
    expect(() => net.net.close()).toThrow('a listener failed');
    expect(await waiting).toBe('ERR_NB_CLOSED');
    expect(second.closed).toBe(true);
  });

  it('does not keep the other neurons of the bus from being closed', async () => {
    const bus = NeuronBus.create({
      ...{ axonCapacity: 256, arenaCapacity: 1 << 20 },
      ...{ maxNeurons: 16, maxSynapses: 16 },
    });
    const [first, second] = [relayNeuron(relay()), relayNeuron(relay())];
    first.events.on('close', () => {
      throw new Error('a listener failed');
    });
    bus.register(first, { name: 'first' });
    bus.register(second, { name: 'second' });
    expect(() => bus.close()).toThrow('a listener failed');
    expect(second.closed).toBe(true);
  });
});
