// What the model test does to a bus and to its model, and how it compares them. Not a test itself.
import fc from 'fast-check';
import {
  BROADCAST,
  Neuron,
  NeuronBus,
  NeuronBusError,
  type NeuronDynamics,
  type NeuronHandle,
  type Spike,
  type SpikeType,
} from 'neuronbus';
import { expect } from 'vitest';
import { BusModel, type Delivery, type ModelOptions, Refused } from './bus_model.js';

/** A bus, what its handlers got since somebody looked, and its model. */
export class Bench {
  readonly bus: NeuronBus;
  readonly model: BusModel;
  readonly log: Delivery[] = [];

  constructor(options: ModelOptions) {
    this.model = new BusModel(options);
    this.bus = NeuronBus.create({ ...options, clock: 'virtual', arenaCapacity: 1 << 20, blockMs: 1e9 });
    this.bus.on('error', () => {});
  }

  /** Does the same to both; an error of one must be the error of the other. */
  both<T>(real: () => T, model: (result: T) => void): void {
    let result: T;
    let code = 'no error';
    try {
      result = real();
    } catch (error) {
      if (!(error instanceof NeuronBusError)) throw error;
      code = error.code;
    }
    let expected = 'no error';
    try {
      model(result!);
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      expected = error.code;
    }
    expect(code).toBe(expected);
    this.compare();
  }

  /** The id of the n-th living neuron. */
  id(n: number): number {
    const ids = [...this.model.neurons.keys()];
    return ids[n % ids.length]!;
  }

  compare(): void {
    const { bus, model } = this;
    expect(this.log).toEqual([]);
    const { published, delivered, queued, dropped, neurons, synapses, handlerErrors, latencyNs } =
      bus.stats();
    expect({ published, delivered, queued, dropped, neurons, synapses, handlerErrors }).toEqual({
      published: model.published,
      delivered: model.delivered,
      queued: model.queue.length,
      dropped: model.dropped,
      neurons: model.neurons.size,
      synapses: model.synapses.length,
      handlerErrors: model.handlerErrors,
    });
    expect(latencyNs.count).toBe(delivered);
    for (const [id, expected] of model.neurons) {
      const { potential, refractoryUntil, received, firings } = bus.membrane(id);
      expect({ refractoryUntil, received, firings }).toEqual({
        refractoryUntil: expected.refractoryUntil * 1e6,
        received: expected.received,
        firings: expected.firings,
      });
      expect(potential).toBeCloseTo(expected.potential, 9);
    }
    const shown = bus.synapses().map(({ pre, post, weight }) => `${pre} ${post} ${weight}`);
    expect(shown.sort()).toEqual(
      model.synapses.map(({ pre, post, weight }) => `${pre} ${post} ${weight}`).sort(),
    );
  }
}

class Agent extends Neuron {
  constructor(
    readonly bench: Bench,
    override readonly dynamics: NeuronDynamics,
  ) {
    super();
  }

  onSpike(spike: Spike, handle: NeuronHandle): void {
    const { source, target, type, priority, sequence, timestamp } = spike;
    const text = spike.text();
    this.bench.log.push({
      to: handle.id,
      source,
      target,
      type,
      priority,
      sequence,
      text,
      timestamp: timestamp / 1e6,
    });
    if (text[0] === 'r') handle.reply(spike, 'q answer', { priority: 1 });
    else if (text[0] === 'b') handle.broadcast('q answer', { priority: 1 });
    else if (text[0] === 'u') handle.bus.unregister(handle.id);
    else if (text[0] === 'x') throw new Error('on purpose');
  }
}

type Command = fc.Command<{ neurons: number }, Bench>;

/** A command from what it does and what it is called; `needs` so many neurons. */
function command(name: string, needs: number, run: (bench: Bench) => void): Command {
  return {
    check: ({ neurons }) => neurons >= needs,
    run: (state, bench) => {
      run(bench);
      state.neurons = bench.model.neurons.size;
    },
    toString: () => name,
  };
}

const index = fc.nat(7);
const weight = fc.integer({ min: 1, max: 300 }).map((n) => n / 100);
const dynamics = fc.record({
  threshold: fc.constantFrom(1, 0.5, 2, 5),
  rest: fc.constantFrom(0, -1, 0.25),
  leakMs: fc.constantFrom(5, 20, Number.POSITIVE_INFINITY),
  refractoryMs: fc.constantFrom(0, 0, 2, 10),
});
const filter = fc.record({
  types: fc.constantFrom([0, 1, 2], [0, 1, 2], [0], [0, 2]),
  minPriority: fc.constantFrom(0, 0, 100),
  prefix: fc.constantFrom('', '', 'q', 'r!', 'q'.repeat(46)),
});

const register = fc.tuple(dynamics, fc.option(fc.nat(5))).map(([given, id]) =>
  command(`register ${JSON.stringify(given)} as ${id ?? 'any'}`, 0, (bench) => {
    const { bus, model } = bench;
    const card = id === null ? { name: 'n' } : { name: 'n', id };
    bench.both(
      () => bus.register(new Agent(bench, given), card),
      (got) => {
        const ids = Array.from({ length: model.options.maxNeurons }, (_, i) => i);
        if (id === null && !ids.some((any) => model.isFree(any)))
          throw new Refused('ERR_NB_TOO_MANY_NEURONS');
        if (id !== null && !model.isFree(id)) throw new Refused('ERR_NB_ID_TAKEN');
        if (id !== null) expect(got).toBe(id);
        model.add(got, given);
      },
    );
  }),
);

const unregister = index.map((n) =>
  command(`unregister ${n}`, 1, (bench) => {
    const id = bench.id(n);
    bench.both(
      () => bench.bus.unregister(id),
      () => bench.model.remove(id),
    );
  }),
);

const connect = fc.tuple(index, index, weight, filter).map(([a, b, given, conditions]) =>
  command(`connect ${a} → ${b} (${given}, ${JSON.stringify(conditions)})`, 1, (bench) => {
    const { bus, model } = bench;
    const [pre, post] = [bench.id(a), bench.id(b)];
    bench.both(
      () =>
        bus
          .connect(pre, post)
          .weight(given)
          .stdp({ rule: 'static', max: 3 })
          .filter({ ...conditions, types: conditions.types })
          .build(),
      () => {
        if (pre === post) throw new Refused('ERR_NB_SELF_SYNAPSE');
        if (model.find(pre, post) !== undefined) throw new Refused('ERR_NB_SYNAPSE_EXISTS');
        if (model.synapses.length === model.options.maxSynapses)
          throw new Refused('ERR_NB_TOO_MANY_SYNAPSES');
        model.synapses.push({ pre, post, weight: given, ...conditions });
      },
    );
  }),
);

const disconnect = fc.tuple(index, index).map(([a, b]) =>
  command(`disconnect ${a} → ${b}`, 1, (bench) => {
    const { bus, model } = bench;
    const [pre, post] = [bench.id(a), bench.id(b)];
    bench.both(
      () => bus.disconnect(pre, post),
      () => {
        const synapse = model.find(pre, post);
        if (synapse === undefined) throw new Refused('ERR_NB_UNKNOWN_SYNAPSE');
        model.synapses.splice(model.synapses.indexOf(synapse), 1);
      },
    );
  }),
);

const reweight = fc.tuple(index, weight).map(([n, given]) =>
  command(`weight of synapse ${n} = ${given}`, 0, (bench) => {
    const { bus, model } = bench;
    const synapse = model.synapses[n % model.synapses.length];
    if (synapse === undefined) return;
    bus.synapse(synapse.pre, synapse.post)!.weight = given;
    synapse.weight = given;
    bench.compare();
  }),
);

const payload = fc
  .tuple(
    fc.constantFrom('q', 'q', 'q', 'r', 'r', 'b', 'u', 'x'),
    fc.constantFrom('', '!', 'q'.repeat(45), 'q'.repeat(80)),
  )
  .map((parts) => parts.join(''));

const fire = fc
  .tuple(index, fc.option(index), fc.constantFrom(0, 0, 0, 1, 2), fc.constantFrom(0, 99, 100, 255), payload)
  .map(([from, to, type, priority, text]) =>
    command(
      `fire ${from} → ${to ?? 'all'} type ${type} priority ${priority} "${text.slice(0, 3)}"${text.length}`,
      1,
      (bench) => {
        const { bus, model, log } = bench;
        const source = bench.id(from);
        const target = to === null ? BROADCAST : bench.id(to);
        let sent: boolean;
        bench.both(
          () => {
            const spike = { type: type as SpikeType, priority, payload: text };
            sent = bus.fire(source, to === null ? spike : { ...spike, target });
          },
          () => {
            const expected = model.offer({ source, target, type, priority, text }, log);
            expect(sent).toBe(expected);
          },
        );
      },
    ),
  );

const tick = fc.constant(
  command('tick', 0, (bench) => {
    bench.both(
      () => bench.bus.tick(),
      (delivered) => expect(delivered).toBe(bench.model.deliver(Number.POSITIVE_INFINITY, bench.log)),
    );
  }),
);

const advance = fc.constantFrom(0, 0.5, 1, 3, 20, 500).map((ms) =>
  command(`advance ${ms}`, 0, (bench) => {
    bench.both(
      () => bench.bus.clock.advance(ms),
      () => {
        bench.model.now += ms;
      },
    );
  }),
);

/** Sequences of commands, most of them about spikes. */
export const commands = fc.commands(
  [
    register,
    register,
    unregister,
    connect,
    connect,
    disconnect,
    reweight,
    fire,
    fire,
    fire,
    fire,
    tick,
    tick,
    advance,
  ],
  { maxCommands: 120, size: '+1' },
);
