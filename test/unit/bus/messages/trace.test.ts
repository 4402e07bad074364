// trace: 'spikes' | 'verbose', and what replayTrace() makes of the file.
import { appendFileSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  Neuron,
  NeuronBus,
  type NeuronBusOptions,
  type NeuronHandle,
  type Reply,
  type Request,
  readTrace,
  replayTrace,
  type Spike,
  type SpikeType,
  type TraceRecord,
} from 'neuronbus';
import { describe, expect, it, onTestFinished } from 'vitest';
import { folder } from '../files.js';
import { add, codeOf, makeBus, messageOf, randomFrom, turn } from '../support.js';

const AGENTS = 12;

/** Reacts in every way there is, as the random numbers of its bus say. */
class Agent extends Neuron {
  override readonly dynamics = { leakMs: 10, refractoryMs: 0.5 };
  calls = 0;

  override onSpike(spike: Spike, handle: NeuronHandle): void {
    this.calls++;
    const choice = handle.random();
    if (choice < 0.25) handle.reply(spike, `re ${spike.sequence}`, { type: 1 });
    else if (choice < 0.35) handle.broadcast('x'.repeat(Math.floor(handle.random() * 100)));
    else if (choice < 0.45) this.#later(spike.clone(), handle).catch(() => {});
    else if (choice < 0.5) handle.send(Math.floor(handle.random() * AGENTS), { of: spike.sequence });
    else if (choice < 0.52) throw new Error('on purpose');
  }

  override onFire(handle: NeuronHandle): void {
    if (handle.random() < 0.2) handle.broadcast('fired', { priority: 230 });
  }

  override onMessage(_: unknown, handle: NeuronHandle): void {
    this.calls++;
    if (handle.random() < 0.2) handle.fireTo(Math.floor(handle.random() * AGENTS), 'because of a message');
  }

  override async onRequest(request: Request): Promise<unknown> {
    this.calls++;
    const choice = request.length % 7;
    if (choice === 0) throw new Error('no');
    if (choice > 3) await turn();
    return choice === 1 ? 'y'.repeat(200) : { choice };
  }

  override tick(handle: NeuronHandle): void {
    if (handle.random() < 0.02) handle.fireTo((handle.id + 1) % AGENTS, 'beat');
  }

  async #later(spike: Spike, handle: NeuronHandle): Promise<void> {
    await turn();
    handle.reply(spike, 'at last');
  }
}

/** The same agents and synapses for all. */
function colony(options: NeuronBusOptions): { bus: NeuronBus; agents: Agent[] } {
  const bus = makeBus({
    axonCapacity: 256,
    maxSynapses: 200,
    checks: 'production',
    plasticity: { halfLifeMs: 50, pruneGraceMs: 20, sweepIntervalMs: 5 },
    ...options,
  });
  bus.on('error', () => {});
  const agents = Array.from({ length: AGENTS }, () => new Agent());
  for (const [i, agent] of agents.entries()) bus.register(agent, { name: `agent ${i}` });
  const random = randomFrom(11);
  const rules = ['exchange', 'exchange', 'pair', 'pair-nearest', 'static'] as const;
  for (let pre = 0; pre < AGENTS; pre++) {
    for (let post = 0; post < AGENTS; post++) {
      if (pre === post || random() < 0.3) continue;
      const rule = rules[Math.floor(random() * 5)]!;
      const builder = bus.connect(pre, post).weight(0.05 + random() * 0.9);
      (random() < 0.1 ? builder.filter({ prefix: 're' }) : builder).stdp({ rule }).build();
    }
  }
  return { bus, agents };
}

async function live(bus: NeuronBus, steps: number): Promise<void> {
  const pick = (n: number) => Math.floor(bus.random() * n);
  const judge = (reply: Reply) => void reply.reward(bus.random() * 2 - 1);
  for (let step = 0; step < steps; step++) {
    for (let i = pick(5); i > 0; i--) {
      const target = bus.random() < 0.8 ? { target: pick(AGENTS) } : {};
      bus.fire(pick(AGENTS), { ...target, type: pick(3) as SpikeType, payload: `${step}.${i}` });
    }
    if (bus.random() < 0.5) {
      const options = { timeoutMs: 1 + pick(4), priority: pick(256) };
      bus.request(pick(AGENTS), pick(AGENTS), 'q'.repeat(pick(60)), options).then(judge, () => {});
    }
    bus.clock.advance(bus.random());
    if (bus.random() < 0.7) bus.tick();
    if (step % 3 === 0) await turn();
  }
  for (let i = 0; i < 5; i++) {
    await turn();
    bus.tick();
  }
}

/** Everything that was learnt, to the last bit. */
function learnt(bus: NeuronBus): string {
  const synapses = bus.synapses().map(({ pre, post, weight, lastUsed }) => {
    return [pre, post, lastUsed, Buffer.from(new Float64Array([weight]).buffer).toString('hex')];
  });
  const { potentiations, depressions, pruned, delivered } = bus.stats();
  const membranes = bus.neurons().map(({ id }) => bus.membrane(id));
  return JSON.stringify({ synapses, membranes, potentiations, depressions, pruned, delivered });
}

const kindsOf = (path: string) => {
  const counts = new Map<string, number>();
  for (const { kind } of readTrace(path)) counts.set(kind, (counts.get(kind) ?? 0) + 1);
  return counts;
};

describe('a replayed trace', () => {
  it.each([
    ['spikes', 'production', 'burst', 1],
    ['verbose', 'development', 'burst', 2],
    ['spikes', 'production', 'each', 3],
    ['spikes', 'development', 'burst', 4_294_967_295],
  ] as const)(
    'gives the same weights to the last bit (%s, %s, stamps %s, seed %i)',
    async (trace, checks, stamps, seed) => {
      const tracePath = join(folder(), 'trace');
      const { bus } = colony({ trace, tracePath, checks, stamps, seed });
      const fresh = learnt(bus);
      await live(bus, 400);
      const expected = learnt(bus);
      const [untilNs, { published }] = [bus.clock.now(), bus.stats()];
      bus.close();
      const kinds = kindsOf(tracePath);
      for (const kind of ['spike', 'deliver', 'end', 'handover', 'drain', 'answer', 'lesson'])
        expect([kind, kinds.get(kind) ?? 0]).not.toEqual([kind, 0]);
      expect(kinds.has('exchange')).toBe(trace === 'verbose');

      const { bus: again, agents } = colony({ seed: 77, checks, stamps });
      expect(learnt(again)).toBe(fresh);
      const result = replayTrace(tracePath, again);
      expect(learnt(again)).toBe(expected);
      expect(expected).not.toBe(fresh);
      expect(result.spikes).toBe(kinds.get('spike'));
      expect([again.stats().published, result.untilNs <= untilNs]).toEqual([published, true]);
      expect(agents.map(({ calls }) => calls)).toEqual(agents.map(() => 0));

      again.clock.advance(1); // past refractory times
      again.fire(0, { target: 1 }); // the agents are back
      again.tick();
      expect(agents[1]!.calls).toBe(1);
    },
  );

  it('does so when rings overflow, in every mode that drops at the ring', async () => {
    for (const [backpressure, seed] of (['drop-newest', 'sample', 'block'] as const).flatMap((mode) =>
      [1, 2, 3].map((number) => [mode, number] as const),
    )) {
      const tracePath = join(folder(), 'trace');
      const { bus } = colony({
        trace: 'spikes',
        tracePath,
        backpressure,
        seed,
        axonCapacity: 16,
        blockMs: 1e6,
      });
      await live(bus, 200);
      const { dropped } = bus.stats();
      const expected = learnt(bus);
      bus.close();
      if (backpressure !== 'block') expect(dropped.full + dropped.sampled).toBeGreaterThan(0);
      const { bus: again } = colony({ axonCapacity: 16 });
      replayTrace(tracePath, again);
      expect([backpressure, seed, learnt(again)]).toEqual([backpressure, seed, expected]);
    }
  });

  it('of a real clock keeps order and distances on a virtual one', async () => {
    const tracePath = join(folder(), 'trace');
    const bus = makeBus({ clock: 'real', trace: 'spikes', tracePath });
    const stamps: number[] = [];
    const a = add(bus).id;
    const b = add(bus, (spike) => void stamps.push(spike.timestamp)).id;
    bus.start();
    for (let i = 0; i < 20; i++) {
      bus.fire(a, { target: b, payload: `${i}` });
      await turn();
    }
    while (stamps.length < 20) await turn();
    bus.close();
    const again = makeBus();
    const other = [add(again), add(again)];
    again.clock.advance(10);
    const seen: Spike[] = [];
    const tap = again.tap({}, (spike) => void seen.push(spike));
    expect(replayTrace(tracePath, again)).toMatchObject({ spikes: 20, delivered: 20 });
    tap.poll();
    expect(other.map((probe) => probe.spikes.length)).toEqual([0, 0]);
    expect(seen.map((spike) => spike.text())).toEqual(Array.from({ length: 20 }, (_, i) => `${i}`));
    const distances = (times: number[]) => times.map((time) => time - times[0]!);
    expect(distances(seen.map((spike) => spike.timestamp))).toEqual(distances(stamps));
    expect(seen[0]!.timestamp).toBeGreaterThanOrEqual(10e6);
  });

  it('is refused by a bus that is another one, or not ready', async () => {
    const tracePath = join(folder(), 'trace');
    const { bus } = colony({ trace: 'spikes', tracePath });
    await live(bus, 20);
    bus.close();
    const refused = (again: NeuronBus) => codeOf(() => replayTrace(tracePath, again));
    const { bus: late } = colony({});
    late.clock.advance(1);
    expect(refused(late)).toBe('ERR_NB_TRACE_MISMATCH');
    expect(refused(makeBus())).toBe('ERR_NB_TRACE_MISMATCH'); // no neurons
    expect(messageOf(() => replayTrace(tracePath, makeBus()))).toMatch(/There is no neuron \d+/);
    const bare = makeBus();
    for (let i = 0; i < AGENTS; i++) add(bare); // no synapses: broadcasts go nowhere
    expect(refused(bare)).toBe('ERR_NB_TRACE_MISMATCH');
    expect(refused(makeBus({ clock: 'real' }))).toBe('ERR_NB_NOT_VIRTUAL');
    bus.close();
    expect(refused(bus)).toBe('ERR_NB_CLOSED');
    expect(codeOf(() => replayTrace(tracePath, {} as NeuronBus))).toBe('ERR_NB_INVALID_ARGUMENT');
    let inside = '';
    const running = makeBus();
    const probe = add(running, () => {
      inside = refused(running);
    });
    running.fire(probe.id, { target: probe.id });
    running.tick();
    expect(inside).toBe('ERR_NB_REENTRANT');
  });

  it("is refused when 'drop-oldest' displaced spikes before they were seen", () => {
    const tracePath = join(folder(), 'trace');
    const bus = makeBus({ trace: 'spikes', tracePath, axonCapacity: 4, backpressure: 'drop-oldest' });
    const { id } = add(bus);
    for (let i = 0; i < 10; i++) bus.fire(id, { target: id });
    bus.tick();
    bus.close();
    expect([...readTrace(tracePath)][0]).toEqual({ kind: 'lost', count: 6 });
    const again = makeBus();
    add(again);
    expect(codeOf(() => replayTrace(tracePath, again))).toBe('ERR_NB_TRACE_MISMATCH');
  });
});

describe('a trace file', () => {
  it('has every spike with its payload, and what was done in between', () => {
    const tracePath = join(folder(), 'trace');
    const bus = makeBus({ trace: 'spikes', tracePath });
    const a = add(bus).id;
    const b = add(bus, (spike, handle) => void handle.reply(spike, 'y'.repeat(100), { priority: 5 })).id;
    bus.clock.advance(2);
    bus.fire(a, { target: b, payload: Uint8Array.of(1, 0, 0), type: 1, priority: 3 });
    bus.clock.advance(1);
    bus.tick();
    bus.close();
    expect(statSync(tracePath).mode & 0o777).toBe(0o600);
    const spike = { kind: 'spike', sequence: 0, abroad: false } as const;
    expect([...readTrace(tracePath)]).toEqual<TraceRecord[]>([
      {
        ...spike,
        timestamp: 2e6,
        source: a,
        target: b,
        type: 1,
        priority: 3,
        payload: Uint8Array.of(1, 0, 0),
      },
      { kind: 'deliver', time: 3e6, budget: expect.any(Number), all: true },
      { kind: 'handover', number: 0 },
      { kind: 'answer', timestamp: 2e6 },
      {
        ...spike,
        timestamp: 3e6,
        source: b,
        target: a,
        type: 0,
        priority: 5,
        payload: new Uint8Array(100).fill(121),
      },
      { kind: 'end', delivered: 1 },
    ]);
  });

  it("has what the history has, too, when it is 'verbose'", async () => {
    const tracePath = join(folder(), 'trace');
    const { bus } = colony({ trace: 'verbose', tracePath, historyCapacity: 10_000 });
    await live(bus, 100);
    const history = bus.history();
    bus.close();
    const ended = [...readTrace(tracePath)].flatMap((record) =>
      record.kind === 'exchange' ? [record.exchange] : [],
    );
    const known = ended.slice(0, history.length).sort((a, b) => a.time - b.time);
    expect(history.length).toBeGreaterThan(20);
    expect(known).toEqual(history);
    expect(ended.slice(history.length).every(({ outcome }) => outcome === 'closed')).toBe(true);
  });

  it('has spikes for other threads', async () => {
    const tracePath = join(folder(), 'trace');
    const here = makeBus({ clock: 'real', maxGanglia: 2, trace: 'spikes', tracePath });
    const there = NeuronBus.attach(here.handle);
    onTestFinished(() => there.close());
    const a = add(here).id;
    const far = add(there);
    here.fire(a, { target: far.id, payload: 'z'.repeat(60) });
    here.tick();
    there.tick();
    there.fire(far.id, { target: a, payload: 'not of this thread' });
    there.tick();
    here.tick();
    here.close();
    const spikes = [...readTrace(tracePath)].filter((record) => record.kind === 'spike');
    expect(spikes).toMatchObject([{ source: a, target: far.id, abroad: true, payload: { length: 60 } }]);
    expect(far.texts).toEqual(['z'.repeat(60)]);
  });

  it('is written in pieces, also of payloads larger than a piece, and ends where its writer was killed', () => {
    const tracePath = join(folder(), 'trace');
    const bus = makeBus({ trace: 'spikes', tracePath, axonCapacity: 1024 });
    const { id } = add(bus);
    const sizes: number[] = [];
    for (let i = 0; i < 300; i++) {
      sizes.push(i % 100 === 0 ? 200_000 : (i * 37) % 3000);
      bus.fire(id, { target: id, payload: new Uint8Array(sizes[i]!).fill(i) });
      if (i % 2 === 0) bus.tick();
    }
    bus.close();
    const payloads = (path: string) =>
      [...readTrace(path)].flatMap((record) =>
        record.kind === 'spike' ? [Buffer.from(record.payload)] : [],
      );
    const all = payloads(tracePath);
    expect(all.map(({ length }) => length)).toEqual(sizes);
    expect(all.every((payload, i) => payload.equals(Buffer.alloc(sizes[i]!, i)))).toBe(true);
    const bytes = readFileSync(tracePath);
    for (const length of [bytes.length - 1, bytes.length - 3, 500_000, 300]) {
      writeFileSync(tracePath, bytes.subarray(0, length));
      const some = payloads(tracePath);
      expect(some.length).toBeLessThan(length > bytes.length - 9 ? 301 : 300);
      expect(some.every((payload, i) => payload.equals(all[i]!))).toBe(true);
    }
  });

  it('that is none, or damaged, or cannot be written, is a typed error', () => {
    const path = join(folder(), 'trace');
    const all = (file: string) => () => [...readTrace(file)];
    expect(codeOf(all(join(path, 'none')))).toBe('ERR_NB_FILE_IO');
    writeFileSync(path, 'something else altogether');
    expect(codeOf(all(path))).toBe('ERR_NB_BAD_FILE');
    writeFileSync(path, 'NBTRACE\n');
    expect(codeOf(all(path))).toBe('ERR_NB_BAD_FILE');
    const bus = makeBus({ trace: 'spikes', tracePath: path });
    const { id } = add(bus);
    bus.fire(id, { target: id });
    bus.close();
    appendFileSync(path, Uint8Array.of(99, 0, 0, 0, 0, 0, 0, 0));
    expect(codeOf(all(path))).toBe('ERR_NB_BAD_FILE');
    expect(codeOf(() => NeuronBus.create({ trace: 'spikes' }))).toBe('ERR_NB_INVALID_ARGUMENT');
    expect(codeOf(() => NeuronBus.create({ trace: 'some' as 'off' }))).toBe('ERR_NB_INVALID_ARGUMENT');
    expect(codeOf(() => NeuronBus.create({ trace: 'spikes', tracePath: folder() }))).toBe('ERR_NB_FILE_IO');
  });

  it.runIf(process.platform === 'linux')(
    'that cannot be written any more is an error event, and the bus goes on',
    () => {
      const bus = makeBus({ trace: 'spikes', tracePath: '/dev/full', axonCapacity: 1024 });
      const errors: unknown[] = [];
      bus.on('error', (error, { neuron }) => errors.push([(error as { code: string }).code, neuron]));
      const probe = add(bus);
      for (let i = 0; i < 5000; i++) {
        bus.fire(probe.id, { target: probe.id });
        bus.tick();
      }
      expect(errors).toEqual([['ERR_NB_FILE_IO', -1]]);
      expect(probe.spikes).toHaveLength(5000);
    },
  );

  it.runIf(process.platform === 'linux').each([
    { what: 'fires', throws: false },
    { what: 'fires and throws', throws: true },
  ])('that cannot be written loses no spike to another thread when the listener $what', ({ throws }) => {
    const options = { clock: 'real', maxGanglia: 2, trace: 'spikes', tracePath: '/dev/full' } as const;
    const here = makeBus({ ...options, axonCapacity: 4096 });
    const there = NeuronBus.attach(here.handle);
    onTestFinished(() => there.close());
    const from = add(here).id;
    const far = add(there);
    const fire = (payload: string) => here.fire(from, { target: far.id, payload });
    here.on('error', () => {
      fire('heard of it');
      if (throws) throw new Error('on purpose');
    });
    let thrown = 0;
    const fired = 3000;
    for (let i = 0; i < fired; i++) {
      try {
        fire(`${i}`);
      } catch {
        thrown++;
      }
    }
    here.tick();
    while (there.tick() > 0);
    expect(thrown).toBe(throws ? 1 : 0);
    expect(far.texts.filter((text) => text !== 'heard of it')).toEqual(
      Array.from({ length: fired }, (_, i) => `${i}`),
    );
    expect(far.texts).toHaveLength(fired + 1);
    expect(new Set(far.spikes.map(({ sequence }) => sequence)).size).toBe(fired + 1);
    expect(here.stats().dropped).toEqual(there.stats().dropped);
    expect(Object.values(here.stats().dropped).every((count) => count === 0)).toBe(true);
  });
});
