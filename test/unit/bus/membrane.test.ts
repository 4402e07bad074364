// Integrate-and-fire, against the closed form: u(t) = rest + (u0 - rest) exp(-(t - t0) / leak) + weights.
import { type NeuronDynamics, SpikeType } from 'neuronbus';
import { describe, expect, it } from 'vitest';
import { add, addTuned, codeOf, expectReconciled, makeBus, randomFrom } from './support.js';

const { Excitatory, Inhibitory, Modulatory } = SpikeType;
const RELATIVE = 1e-12;

/** A neuron with `dynamics` and static synapses of the given weights from different senders. */
function wired(dynamics: NeuronDynamics, ...weights: number[]) {
  const bus = makeBus();
  const neuron = addTuned(bus, dynamics);
  const senders = weights.map((weight) => {
    const sender = add(bus);
    bus.connect(sender.id, neuron.id).stdp({ rule: 'static', min: 0, max: 1000 }).weight(weight).build();
    return sender.id;
  });
  const send = (sender: number, type: SpikeType = Excitatory) => {
    bus.fire(senders[sender]!, { target: neuron.id, type });
    return bus.tick();
  };
  return { bus, neuron, send, membrane: () => bus.membrane(neuron.id), senders };
}

function near(actual: number, expected: number): void {
  expect(Math.abs(actual - expected)).toBeLessThanOrEqual(RELATIVE * Math.max(1, Math.abs(expected)));
}

describe('integration', () => {
  it('adds the weight of the synapse, and 1 where there is none', () => {
    const { bus, neuron, send, membrane } = wired({ threshold: 10 }, 0.25, 2);
    send(0);
    expect(membrane().potential).toBe(0.25);
    send(1);
    expect(membrane().potential).toBe(2.25);
    bus.fire(neuron.id, { target: neuron.id });
    bus.tick();
    expect(membrane()).toMatchObject({ potential: 3.25, received: 3, firings: 0 });
  });

  it('begins at rest, with the documented defaults', () => {
    const bus = makeBus();
    expect(bus.membrane(add(bus).id)).toEqual({
      potential: 0,
      threshold: 1,
      rest: 0,
      refractoryUntil: 0,
      received: 0,
      firings: 0,
    });
    expect(bus.membrane(addTuned(bus, { rest: -65, threshold: -50 }).id)).toMatchObject({ potential: -65 });
  });

  it.each([1e-5, 0.001, 0.02, 0.3, 1, 7.5, 20, 100, 1000])('leaks by exp(-t / leak) over %s ms', (ms) => {
    const { bus, send, membrane } = wired({ threshold: 10, rest: -3, leakMs: 20 }, 4, 0);
    send(0);
    bus.clock.advance(ms);
    send(1);
    near(membrane().potential, -3 + 4 * Math.exp(-ms / 20));
  });

  it('leaks the same over one long wait as over many short ones', () => {
    const { bus, send, membrane } = wired({ threshold: 10 }, 1, 0);
    send(0);
    for (let i = 0; i < 1000; i++) {
      bus.clock.advance(0.01);
      send(1);
    }
    expect(membrane().potential).toBeCloseTo(Math.exp(-0.5), 11);
  });

  it('follows random trains of random weights to 12 digits', () => {
    for (let seed = 1; seed <= 20; seed++) {
      const random = randomFrom(seed);
      const weights = Array.from({ length: 5 }, random);
      const leakMs = 1 + random() * 50;
      const rest = random() * 4 - 2;
      const { bus, send, membrane } = wired({ threshold: 1000, rest, leakMs }, ...weights);
      let potential = rest;
      for (let i = 0; i < 200; i++) {
        const ms = random() < 0.3 ? 0 : Math.round(random() * 10 ** (random() * 4) * 1e6) / 1e6;
        bus.clock.advance(ms);
        const sender = Math.floor(random() * 5);
        const inhibits = random() < 0.2;
        send(sender, inhibits ? Inhibitory : Excitatory);
        potential = rest + (potential - rest) * Math.exp(-ms / leakMs);
        potential += inhibits ? -weights[sender]! : weights[sender]!;
        near(membrane().potential, potential);
      }
      bus.close();
    }
  });

  it('without leak keeps what it has', () => {
    const { bus, send, membrane } = wired({ threshold: 10, leakMs: Number.POSITIVE_INFINITY }, 0.5, 0);
    send(0);
    bus.clock.advance(1e9);
    send(1);
    expect(membrane().potential).toBe(0.5);
  });
});

describe('threshold', () => {
  it('is crossed at it, not only above; then the potential is back at rest', () => {
    const { send, membrane } = wired({ threshold: 1, leakMs: Number.POSITIVE_INFINITY }, 0.5, 0.25);
    send(0);
    send(1);
    expect(membrane()).toMatchObject({ potential: 0.75, firings: 0 });
    send(1);
    expect(membrane()).toMatchObject({ potential: 0, firings: 1 });
  });

  it('is crossed once by a large input, and nothing is carried over', () => {
    const { send, membrane } = wired({ threshold: 1, rest: 0.25 }, 100);
    send(0);
    expect(membrane()).toMatchObject({ potential: 0.25, firings: 1 });
  });

  it('is crossed in the middle of a batch as it would be one by one', () => {
    const { bus, neuron, senders, membrane } = wired({ threshold: 1, leakMs: Number.POSITIVE_INFINITY }, 0.4);
    for (let i = 0; i < 7; i++) bus.fire(senders[0]!, { target: neuron.id });
    bus.tick();
    expect(membrane().firings).toBe(2);
    expect(membrane().potential).toBeCloseTo(0.4, 12);
  });

  it('spikes that do not cross it are delivered all the same', () => {
    const { neuron, send } = wired({ threshold: 100 }, 0.1);
    for (let i = 0; i < 3; i++) expect(send(0)).toBe(1);
    expect(neuron.spikes).toHaveLength(3);
  });
});

describe('the refractory period', () => {
  it('drops and counts excitatory spikes until it is over, to the nanosecond', () => {
    const { bus, neuron, send, membrane } = wired({ refractoryMs: 5 }, 1);
    expect(send(0)).toBe(1);
    expect(membrane().refractoryUntil).toBe(5e6);
    expect(send(0)).toBe(0);
    bus.clock.advance(4.999999);
    expect(send(0)).toBe(0);
    bus.clock.advance(0.000001);
    expect(send(0)).toBe(1);
    expect(neuron.spikes).toHaveLength(2);
    expect(expectReconciled(bus)).toMatchObject({ delivered: 2, dropped: { refractory: 2 } });
    expect(membrane()).toMatchObject({ firings: 2, refractoryUntil: 10e6 });
  });

  it('lets inhibitory and modulatory spikes through', () => {
    const { send, membrane } = wired({ refractoryMs: 5 }, 1);
    send(0);
    expect([send(0, Inhibitory), send(0, Modulatory)]).toEqual([1, 1]);
    expect(membrane().potential).toBe(-1);
  });

  it('begins inside a batch with the spike that fired', () => {
    const { bus, neuron, senders } = wired({ refractoryMs: 5 }, 1);
    for (let i = 0; i < 5; i++) bus.fire(senders[0]!, { target: neuron.id });
    expect(bus.tick()).toBe(1);
    expect(expectReconciled(bus).dropped.refractory).toBe(4);
  });

  it('does not begin without a crossing', () => {
    const { send, membrane } = wired({ refractoryMs: 5, threshold: 10 }, 1);
    expect([send(0), send(0)]).toEqual([1, 1]);
    expect(membrane().refractoryUntil).toBe(0);
  });
});

describe('inhibition', () => {
  it('lowers the potential by the weight, down to as far below rest as the threshold is above', () => {
    const { send, membrane } = wired({ threshold: 3, rest: 1, leakMs: Number.POSITIVE_INFINITY }, 0.75);
    const potentials = Array.from({ length: 5 }, () => {
      send(0, Inhibitory);
      return membrane().potential;
    });
    expect(potentials).toEqual([0.25, -0.5, -1, -1, -1]);
  });

  it('can keep a neuron from firing', () => {
    const { bus, neuron, senders, membrane } = wired({ leakMs: Number.POSITIVE_INFINITY }, 0.6);
    for (const type of [Excitatory, Inhibitory, Excitatory, Inhibitory]) {
      bus.fire(senders[0]!, { target: neuron.id, type });
    }
    bus.tick();
    expect([membrane().firings, Math.abs(membrane().potential) < 1e-15]).toEqual([0, true]);
  });

  it('leaks away like any potential', () => {
    const { bus, send, membrane } = wired({ leakMs: 10 }, 0.5, 0);
    send(0, Inhibitory);
    bus.clock.advance(5);
    send(1);
    near(membrane().potential, -0.5 * Math.exp(-0.5));
  });
});

describe('modulation', () => {
  it('is delivered and leaves the potential alone', () => {
    const { neuron, send, membrane } = wired({}, 0.9);
    for (let i = 0; i < 5; i++) send(0, Modulatory);
    expect([neuron.spikes.length, membrane().potential, membrane().firings]).toEqual([5, 0, 0]);
  });
});

describe('membrane()', () => {
  it('refuses ids that nobody has', () => {
    const bus = makeBus();
    for (const id of [0, 16, -1, 1.5, Number.NaN]) {
      expect(codeOf(() => bus.membrane(id))).toBe('ERR_NB_UNKNOWN_NEURON');
    }
  });
});
