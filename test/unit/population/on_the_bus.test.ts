// A network as one neuron of a bus: what goes in, what comes back, and when there is too much of it.
import { type Message, Neuron, NeuronBus, type Request } from 'neuronbus';
import { type DirectInput, RateDecoder, RateEncoder, type Winner } from 'neuronbus/population';
import { describe, expect, it, onTestFinished } from 'vitest';
import { codeOfPromise, turn, until } from '../../support.js';
import { add, codeOf, messageOf } from '../bus/support.js';
import { type RelayNeuron, relay, relayNeuron, volley } from './nets.js';

/** A bus that delivers by itself, closed when the test ends. */
function open(): NeuronBus {
  const bus = NeuronBus.create({
    axonCapacity: 256,
    arenaCapacity: 1 << 20,
    maxNeurons: 16,
    maxSynapses: 16,
  });
  onTestFinished(() => bus.close());
  bus.start();
  return bus;
}

/** Register a relay and somebody who talks to it. */
function talk(neuron: RelayNeuron = relayNeuron(relay())) {
  const bus = open();
  const id = bus.register(neuron, { name: 'relay', capabilities: ['relay'] });
  const probe = add(bus);
  const fire = (json: unknown) => bus.fire(probe.id, { target: id, json });
  const ask = (value: unknown, options = {}) =>
    bus.request<unknown, Winner>(probe.id, { capability: 'relay' }, value, options);
  return { bus, id, neuron, probe, fire, ask };
}

describe('a population on the bus', () => {
  it('answers a question with what its decoder says', async () => {
    const { ask } = talk();
    expect((await ask([2])).value).toEqual({ neuron: 2, spikes: 1, timeMs: 1 });
    expect((await ask(volley(1, 3, 4))).value).toEqual({ neuron: 1, spikes: 3, timeMs: 5 });
  });

  it('answers silence without a value', async () => {
    const { ask } = talk();
    expect((await ask([])).value).toBeUndefined();
  });

  it('fires a spike back to who fired one at it, and none for silence', async () => {
    const { fire, probe, neuron } = talk();
    fire([3]);
    fire([]);
    fire([0]);
    await until(() => probe.spikes.length === 2);
    await neuron.idle();
    expect(probe.spikes.map((spike) => (spike.json() as Winner).neuron)).toEqual([3, 0]);
    expect(neuron.stats()).toMatchObject({ accepted: 3, decoded: 3 });
  });

  it('takes messages as it takes spikes', async () => {
    const { bus, id, probe } = talk();
    bus.send(probe.id, id, [1]);
    await until(() => probe.spikes.length === 1);
    expect(probe.spikes[0]!.json()).toMatchObject({ neuron: 1 });
  });

  it('reads what a spike carries as it is told to', async () => {
    const read = (incoming: { text(): string }) => incoming.text().length;
    const { bus, id, probe } = talk(relayNeuron(relay(), { read }));
    bus.fire(probe.id, { target: id, payload: 'abc' });
    await until(() => probe.spikes.length === 1);
    expect(probe.spikes[0]!.json()).toMatchObject({ neuron: 3 });
  });

  it('speaks to the next one over its synapses: layers on the bus', async () => {
    const bus = open();
    const first = bus.register(relayNeuron(relay(), { target: 'synapses' }), { name: 'first' });
    const read = (incoming: { json(): unknown }) => [(incoming.json() as Winner).neuron] as DirectInput;
    const second = bus.register(relayNeuron(relay(), { target: 'synapses', read }), { name: 'second' });
    const last = add(bus);
    const me = add(bus);
    bus.connect(first, second).weight(1).build();
    bus.connect(second, last.id).weight(1).build();
    bus.fire(me.id, { target: first, json: [2] });
    await until(() => last.spikes.length === 1);
    expect(last.spikes[0]!.source).toBe(second);
    expect(last.spikes[0]!.json()).toEqual({ neuron: 2, spikes: 1, timeMs: 1 });
    expect(me.spikes).toHaveLength(0);
  });

  it('gives typed arrays as plain ones, that JSON can carry', async () => {
    const { net, input, output } = relay(2);
    const coders = { encoder: new RateEncoder({ size: 2 }), decoder: new RateDecoder({ size: 2 }) };
    const bus = open();
    bus.register(net.asNeuron({ input, output, ...coders, windowMs: 1000 }), { name: 'rates' });
    const probe = add(bus);
    const { value } = await bus.request<number[], number[]>(probe.id, 'rates', [0, 1]);
    expect(value[0]).toBe(0);
    // 100 spikes expected; those in one step, or on a jump that has not decayed, count once or twice.
    expect(value[1]).toBeGreaterThan(50);
    expect(value[1]).toBeLessThan(150);
  });

  it('gives the same answers for the same seed and inputs, also when they all come at once', async () => {
    const answers = async (atOnce: boolean) => {
      const { net, input, output } = relay(3);
      const coders = {
        encoder: new RateEncoder({ size: 3, seed: 7 }),
        decoder: new RateDecoder({ size: 3 }),
      };
      const neuron = net.asNeuron({ input, output, ...coders, windowMs: 200 });
      const images = [0, 1, 2, 3, 4].map((i) => [i / 4, 0.5, 1 - i / 4]);
      if (atOnce) return Promise.all(images.map((image) => neuron.present(image)));
      const all: unknown[] = [];
      for (const image of images) all.push(await neuron.present(image));
      return all;
    };
    const one = await answers(false);
    expect(await answers(true)).toEqual(one);
    expect(new Set(one.map(String)).size).toBe(5);
  });
});

describe('broadcast()', () => {
  it('returns before anything ran, and the event loop goes on', async () => {
    const { net, ...parts } = relay();
    const neuron = relayNeuron({ net, ...parts }, { windowMs: 20_000 });
    const outputs: unknown[] = [];
    neuron.events.on('output', (output, info) => outputs.push([output?.neuron, info]));
    expect(neuron.broadcast([2])).toBe(true);
    expect(net.timeMs).toBe(0);
    expect(outputs).toEqual([]);
    let turns = 0;
    for (let busy = true; busy; turns++) {
      await turn();
      busy = neuron.stats().running + neuron.stats().waiting > 0;
    }
    expect(turns).toBeGreaterThan(1);
    await neuron.idle();
    expect(outputs).toEqual([[2, { input: 1, timeMs: 20_000 }]]);
  });

  it('needs no bus, and present() resolves to the output', async () => {
    const neuron = relayNeuron(relay());
    expect(await neuron.present([3])).toEqual({ neuron: 3, spikes: 1, timeMs: 1 });
  });

  it('speaks over the synapses of the neuron if that is its target', async () => {
    const { neuron, bus, id, probe } = talk(relayNeuron(relay(), { target: 'synapses' }));
    bus.connect(id, probe.id).weight(1).build();
    neuron.broadcast([1]);
    await until(() => probe.spikes.length === 1);
    expect(probe.spikes[0]!.json()).toMatchObject({ neuron: 1 });
  });
});

describe('a full queue', () => {
  it('refuses, counts, and tells', async () => {
    const neuron = relayNeuron(relay(), { queueLimit: 2 });
    const told: number[] = [];
    neuron.events.on('overflow', (refused) => told.push(refused));
    const taken = [0, 1, 2, 3, 0].map((one) => neuron.broadcast([one]));
    expect(taken).toEqual([true, true, true, false, false]);
    expect(neuron.stats()).toMatchObject({ accepted: 3, waiting: 2, running: 1, refused: 2 });
    expect(await codeOfPromise(neuron.present([1]))).toBe('ERR_NB_FULL');
    await neuron.idle();
    expect(neuron.stats()).toMatchObject({ accepted: 3, decoded: 3, waiting: 0, running: 0, refused: 3 });
    expect(told).toEqual([1, 2, 3]);
    expect(neuron.broadcast([1])).toBe(true);
    await neuron.idle();
  });

  it('tells who asks on the bus, and counts spikes', async () => {
    const { neuron, ask, fire, probe } = talk(relayNeuron(relay(), { queueLimit: 0 }));
    const replies = await Promise.allSettled([ask([1]), ask([2]), ask([3])]);
    expect(replies.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'rejected']);
    const { reason } = replies[1] as PromiseRejectedResult;
    expect(reason.code).toBe('ERR_NB_REMOTE');
    expect((reason.cause as Error).message).toContain('queueLimit');
    fire([1]);
    fire([2]);
    await until(() => neuron.stats().refused === 3);
    await until(() => probe.spikes.length === 1);
    expect(neuron.stats()).toMatchObject({ accepted: 2, decoded: 2, refused: 3 });
  });

  it('drops a question whose asker gave up before its turn', async () => {
    const { neuron, ask } = talk(relayNeuron(relay(), { windowMs: 50_000 }));
    const giveUp = new AbortController();
    const [first, second] = [ask([1]), ask([2], { signal: giveUp.signal })];
    await until(() => neuron.stats().waiting === 1);
    giveUp.abort();
    expect(await codeOfPromise(second)).toBe('ERR_NB_ABORTED');
    expect((await first).value.neuron).toBe(1);
    await neuron.idle();
    expect(neuron.stats()).toMatchObject({ accepted: 2, decoded: 1, withdrawn: 1 });
  });
});

describe('what an encoder throws goes to the caller:', () => {
  it('who asks', async () => {
    const { ask, neuron } = talk();
    const error = await ask([4]).catch((reason) => reason);
    expect(error.code).toBe('ERR_NB_REMOTE');
    expect(error.cause.message).toContain('input[0] is 4');
    expect(neuron.stats().accepted).toBe(0);
  });

  it('the error event of the bus, for a spike and a message', async () => {
    const { bus, fire, id, probe } = talk();
    const errors: [string, number][] = [];
    bus.on('error', (error, { neuron }) => errors.push([(error as { code: string }).code, neuron]));
    fire([1.5]);
    bus.fire(probe.id, { target: id, payload: 'no JSON' });
    bus.send(probe.id, id, 'no indices');
    await until(() => errors.length === 3);
    expect(errors.toSorted()).toEqual([
      ['ERR_NB_BAD_PAYLOAD', id],
      ['ERR_NB_INVALID_ARGUMENT', id],
      ['ERR_NB_INVALID_ARGUMENT', id],
    ]);
  });

  it('broadcast() and present()', async () => {
    const neuron = relayNeuron(relay());
    expect(codeOf(() => neuron.broadcast([4]))).toBe('ERR_NB_INVALID_ARGUMENT');
    expect(await codeOfPromise(neuron.present([4]))).toBe('ERR_NB_INVALID_ARGUMENT');
  });

  it.each([
    ['a neuron that is not there', { neurons: [4], timesMs: [0] }],
    ['a time past the window', { neurons: [0], timesMs: [10] }],
    ['times that are none', { neurons: [0], timesMs: [Number.NaN] }],
    ['too few times', { neurons: [0, 1], timesMs: [1] }],
    ['nothing', undefined],
  ])('and so does an encoder of your own that gives %s', (_what, train) => {
    const encoder = { size: 4, encode: () => train as never };
    const neuron = relayNeuron(relay(), { encoder });
    expect(codeOf(() => neuron.broadcast([0]))).toBe('ERR_NB_INVALID_ARGUMENT');
    expect(neuron.stats().accepted).toBe(0);
  });

  it('what a decoder throws goes there, too, and the next input is decoded', async () => {
    let good = false;
    const decode = () => {
      if (!good) throw new RangeError('not today');
      return { neuron: 9, spikes: 0, timeMs: 0 };
    };
    const neuron = relayNeuron(relay(), { decoder: { size: 4, decode } });
    await expect(neuron.present([1])).rejects.toThrow('not today');
    const errors: unknown[] = [];
    neuron.events.on('error', (error) => errors.push(error));
    neuron.broadcast([1]);
    await neuron.idle();
    await turn();
    expect(errors).toEqual([new RangeError('not today')]);
    good = true;
    expect(await neuron.present([1])).toMatchObject({ neuron: 9 });
    expect(neuron.stats()).toMatchObject({ accepted: 3, failed: 2, decoded: 1 });
  });
});

describe('turns', () => {
  it('are taken by several neurons of one network, in order', async () => {
    const parts = relay();
    const [a, b] = [relayNeuron(parts), relayNeuron(parts)];
    const order: string[] = [];
    a.events.on('output', (_output, { timeMs }) => order.push(`a ${timeMs}`));
    b.events.on('output', (_output, { timeMs }) => order.push(`b ${timeMs}`));
    const outputs = await Promise.all([a.present([0]), b.present([1]), a.present([2])]);
    expect(outputs.map((output) => output?.neuron)).toEqual([0, 1, 2]);
    expect(order).toEqual(['a 10', 'b 20', 'a 30']);
  });

  it('wait for a run of your own', async () => {
    const parts = relay();
    const neuron = relayNeuron(parts);
    const run = parts.net.run(5000);
    const output = neuron.present([1]);
    await run;
    expect(await output).toMatchObject({ neuron: 1, timeMs: 1 });
    expect(parts.net.timeMs).toBe(5010);
  });

  it('have a pause between them if it is asked for', async () => {
    const parts = relay();
    const neuron = relayNeuron(parts, { settleMs: 25 });
    await neuron.present([1]);
    expect(parts.net.timeMs).toBe(10);
    expect(await neuron.present([1])).toMatchObject({ timeMs: 1 });
    expect(parts.net.timeMs).toBe(45);
  });

  it('count output spikes that there is no room for', async () => {
    const neuron = relayNeuron(relay(), { maxSpikes: 2 });
    expect(await neuron.present(volley(1, 5))).toMatchObject({ spikes: 2 });
    expect(neuron.stats().lostSpikes).toBe(3);
  });
});

describe('the end', () => {
  const windowMs = 1e9; // of which nobody will see the end

  it('of the bus ends the run, the waiting and all that wait, and leaves the network', async () => {
    const parts = relay();
    const { bus, neuron, fire } = talk(relayNeuron(parts, { windowMs }));
    let ended = 0;
    neuron.events.on('close', () => ended++);
    fire([1]);
    fire([1]);
    await until(() => neuron.stats().running === 1 && neuron.stats().waiting === 1);
    const waiting = [neuron.awaitConsensus(0.5, { quorum: 4 }), neuron.present([1])].map(codeOfPromise);
    bus.close();
    expect(await Promise.all(waiting)).toEqual(['ERR_NB_CLOSED', 'ERR_NB_CLOSED']);
    await neuron.idle();
    expect(neuron.stats()).toMatchObject({ accepted: 3, withdrawn: 3, waiting: 0, running: 0 });
    expect([ended, neuron.closed, parts.net.closed]).toEqual([1, true, false]);
    expect(codeOf(() => neuron.broadcast([1]))).toBe('ERR_NB_CLOSED');
    await parts.net.run(1);
  });

  it('of the network does the same, and tells who asks', async () => {
    const parts = relay();
    const { neuron, ask } = talk(relayNeuron(parts, { windowMs }));
    const question = ask([1]);
    await until(() => neuron.stats().running === 1);
    const waiting = codeOfPromise(neuron.awaitDecision({ confidence: 1 }));
    parts.net.close();
    expect(await waiting).toBe('ERR_NB_CLOSED');
    expect(await codeOfPromise(question)).toBe('ERR_NB_REMOTE');
    expect(await codeOfPromise(ask([1]))).toBe('ERR_NB_REMOTE');
    expect([neuron.closed, neuron.stats().withdrawn]).toEqual([true, 1]);
  });

  it('of an idle network ends those that wait for an input', async () => {
    const parts = relay();
    const neuron = relayNeuron(parts);
    const waiting = codeOfPromise(neuron.awaitConsensus(0.8, { timeoutMs: Number.POSITIVE_INFINITY }));
    parts.net.close();
    expect(await waiting).toBe('ERR_NB_CLOSED');
  });

  it('of the neuron alone leaves the bus and the network', async () => {
    const parts = relay();
    const { bus, neuron, ask, fire } = talk(relayNeuron(parts));
    neuron.close();
    neuron.close();
    expect(await codeOfPromise(ask([1]))).toBe('ERR_NB_REMOTE');
    const errors: unknown[] = [];
    bus.on('error', (error) => errors.push((error as { code: string }).code));
    fire([1]);
    await until(() => errors.length === 1);
    expect(errors).toEqual(['ERR_NB_CLOSED']);
    for (const late of [neuron.kill([1]), neuron.heal(), neuron.awaitConsensus(1), neuron.present([1])])
      expect(await codeOfPromise(late)).toBe('ERR_NB_CLOSED');
  });

  it('of its time on a bus drops what came from there, and it can join another', async () => {
    const parts = relay();
    const { bus, id, neuron, fire, probe } = talk(relayNeuron(parts, { windowMs: 20_000 }));
    for (let i = 0; i < 3; i++) fire([i]);
    await until(() => neuron.stats().accepted === 3);
    bus.unregister(id);
    await neuron.idle();
    expect(neuron.stats()).toMatchObject({ decoded: 1, withdrawn: 2 });
    const again = talk(neuron);
    expect((await again.ask([3])).value.neuron).toBe(3);
    bus.close();
    expect(neuron.closed).toBe(false);
    expect(probe.spikes).toHaveLength(0);
  });
});

describe('on the virtual clock', () => {
  it('answers between two ticks', async () => {
    const bus = NeuronBus.create({ clock: 'virtual', axonCapacity: 64, arenaCapacity: 1 << 20 });
    onTestFinished(() => bus.close());
    const neuron = relayNeuron(relay());
    const id = bus.register(neuron, { name: 'relay' });
    const probe = add(bus);
    bus.fire(probe.id, { target: id, json: [2] });
    bus.tick();
    await neuron.idle();
    await turn();
    bus.tick();
    expect(probe.spikes.map((spike) => spike.json())).toEqual([{ neuron: 2, spikes: 1, timeMs: 1 }]);
  });
});

describe('beside other agents', () => {
  it('is found by its card, asked by an agent, and its answer judged', async () => {
    class Reader extends Neuron {
      override async onRequest(request: Request) {
        const { value } = await request.request<number[], Winner>(
          { capability: 'relay' },
          request.value as number[],
        );
        return `neuron ${value.neuron}`;
      }
      override onMessage(_message: Message) {}
    }
    const { bus, probe } = talk();
    bus.register(new Reader(), { name: 'reader' });
    expect(bus.discover('relay')).toHaveLength(1);
    const reply = await bus.request(probe.id, 'reader', [3]);
    expect(reply.value).toBe('neuron 3');
    expect(reply.reward(1)).toBe(true);
  });
});

describe('bad options name what is wrong:', () => {
  const other = () => relay();
  const bad: [string, string, (parts: ReturnType<typeof relay>) => object][] = [
    ['an encoder of another size', 'encoder.size', () => ({ encoder: new RateEncoder({ size: 3 }) })],
    ['a decoder of another size', 'decoder.size', () => ({ decoder: new RateDecoder({ size: 3 }) })],
    ['no encoder', 'encoder', () => ({ encoder: undefined })],
    ['a decoder that cannot', 'decoder', () => ({ decoder: { size: 4 } })],
    ['an input that is no source', 'input', (parts) => ({ input: parts.output })],
    ['an input of another network', 'input', () => ({ input: other().input })],
    ['an output of another network', 'output', () => ({ output: other().output })],
    ['a window of no whole steps', 'windowMs', () => ({ windowMs: 10.2 })],
    ['no window', 'windowMs', () => ({ windowMs: 0 })],
    ['a negative pause', 'settleMs', () => ({ settleMs: -1 })],
    ['half a queue', 'queueLimit', () => ({ queueLimit: 0.5 })],
    ['no room for spikes', 'maxSpikes', () => ({ maxSpikes: 0 })],
    ['classes that are too few', 'classes', () => ({ classes: [0, 1] })],
    ['an unknown target', 'target', () => ({ target: 'all' })],
    ['a reader that is none', 'read', () => ({ read: 'json' })],
    ['an unknown option', 'asNeuron', () => ({ window: 10 })],
  ];
  it.each(bad)('%s: %s', (_what, name, options) => {
    const parts = relay();
    const call = () => relayNeuron(parts, options(parts));
    expect(codeOf(call)).toBe('ERR_NB_INVALID_ARGUMENT');
    expect(messageOf(call)).toContain(name);
  });

  it('a closed network', () => {
    const parts = relay();
    parts.net.close();
    expect(codeOf(() => relayNeuron(parts))).toBe('ERR_NB_CLOSED');
  });
});
