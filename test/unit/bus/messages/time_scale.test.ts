// Weights tell who answers sooner at any speed: delays count by what the asker is used to.
import type { AgentCardInit, NeuronBus, NeuronBusOptions } from 'neuronbus';
import { describe, expect, it } from 'vitest';
import { makeBus, randomFrom } from '../support.js';
import { ScaleOracle, SynapseOracle } from './exchange_oracle.js';
import { type Agent, addAgent, outcome, settle } from './support.js';

const SERVICE: Partial<AgentCardInit> = { capabilities: ['service'] };

/** An asker, and agents that take a time of their own. */
class Scene {
  readonly bus: NeuronBus;
  readonly asker: Agent;
  readonly agents: Agent[] = [];

  constructor(options: NeuronBusOptions = {}) {
    this.bus = makeBus(options);
    this.asker = addAgent(this.bus);
  }

  /** `takesMs` says how long the next answer takes; a thrown error is its answer. */
  add(takesMs: () => number, card: Partial<AgentCardInit> = SERVICE): number {
    const agent = addAgent(
      this.bus,
      () => {
        this.bus.clock.advance(takesMs());
        return 'y';
      },
      card,
    );
    this.bus.connect(this.asker.id, agent.id).weight(0.5).build();
    this.agents.push(agent);
    return agent.id;
  }

  async ask(to: number | { capability: string }, value = 'x'): Promise<void> {
    const asked = outcome(this.asker.handle.request(to, value, { timeoutMs: 1e8 }));
    await settle(this.bus);
    expect(asked.is).toMatch(/^(resolved|ERR_NB_REMOTE)$/);
  }

  get weights(): number[] {
    return this.agents.map(({ id }) => this.bus.synapse(this.asker.id, id)!.weight);
  }
}

const SPEEDS = [
  ['5 and 10 microseconds', 0.005, 0.01],
  ['300 and 600 microseconds', 0.3, 0.6],
  ['2 and 4 seconds', 2000, 4000],
] as const;

describe('of two agents', () => {
  it.each(SPEEDS)('that take %s the sooner one has much the higher weight', async (_, soon, late) => {
    const scene = new Scene();
    const ids = [scene.add(() => soon), scene.add(() => late)];
    const [oracles, usual] = [[new SynapseOracle(), new SynapseOracle()], new ScaleOracle()];
    for (let i = 0; i < 1600; i++) {
      const [which, ms] = i % 2 === 0 ? [0, soon] : [1, late];
      await scene.ask(ids[which]);
      oracles[which].answered(ms, usual.ms);
      usual.answered(ms);
    }
    const [sooner, later] = scene.weights;
    expect(sooner).toBeGreaterThan(0.95);
    expect(later).toBeLessThan(0.6);
    expect(sooner).toBeCloseTo(oracles[0].weight, 10);
    expect(later).toBeCloseTo(oracles[1].weight, 10);
  });

  it.each(SPEEDS)('with a capability, %s: the same', async (_, soon, late) => {
    const scene = new Scene({ routing: 'round-robin' });
    scene.add(() => soon);
    scene.add(() => late);
    for (let i = 0; i < 1600; i++) await scene.ask({ capability: 'service' });
    const [sooner, later] = scene.weights;
    expect(sooner).toBeGreaterThan(0.95);
    expect(later).toBeLessThan(0.6);
  });

  it('that scatter, the one that is sooner on average', async () => {
    for (const unit of [0.01, 1000]) {
      const random = randomFrom(7);
      const exponential = (mean: number) => -Math.log(1 - random()) * mean * unit;
      const scene = new Scene();
      const ids = [scene.add(() => exponential(1)), scene.add(() => exponential(2))];
      let [sooner, later] = [0, 0];
      for (let i = 0; i < 3000; i++) {
        await scene.ask(ids[i % 2]);
        if (i < 1000) continue;
        sooner += scene.weights[0] / 2000;
        later += scene.weights[1] / 2000;
      }
      expect(sooner, `unit ${unit}`).toBeGreaterThan(0.75);
      expect(later, `unit ${unit}`).toBeLessThan(0.65);
    }
  });

  it('that change places, the weights do so, too', async () => {
    const scene = new Scene();
    const takes = [2000, 4000];
    const ids = takes.map((_, i) => scene.add(() => takes[i]));
    for (let i = 0; i < 1000; i++) await scene.ask(ids[i % 2]);
    expect(scene.weights[0]).toBeGreaterThan(scene.weights[1] + 0.3);
    takes.reverse();
    for (let i = 0; i < 1000; i++) await scene.ask(ids[i % 2]);
    expect(scene.weights[1]).toBeGreaterThan(scene.weights[0] + 0.3);
  });
});

describe('a lone agent', () => {
  it.each([0, 0.0001, 0.005, 1, 2000, 900_000, 7_200_000])(
    'that takes %f ms gets a high weight',
    async (ms) => {
      const scene = new Scene({ plasticity: { pruneGraceMs: 1e10 } }); // nothing fades meanwhile
      const id = scene.add(() => ms);
      const [oracle, usual] = [new SynapseOracle(), new ScaleOracle()];
      for (let i = 0; i < 700; i++) {
        await scene.ask(id, i % 7 === 0 ? 'long '.repeat(20) : 'x');
        oracle.answered(ms, usual.ms);
        usual.answered(ms);
      }
      const [weight] = scene.weights;
      expect(weight).toBeCloseTo(oracle.weight, 10);
      // Two hours are beyond the longest scale that fits a frame.
      if (ms <= 900_000) expect(weight).toBeGreaterThan(0.95);
    },
  );

  it.each([1000, 1 / 1000])('that becomes slower %f times loses little, and gets it back', async (factor) => {
    const scene = new Scene();
    let takes = 4;
    const id = scene.add(() => takes);
    for (let i = 0; i < 700; i++) await scene.ask(id);
    expect(scene.weights[0]).toBeGreaterThan(0.95);
    takes *= factor;
    let least = 1;
    for (let i = 0; i < 700; i++) {
      await scene.ask(id);
      least = Math.min(least, scene.weights[0]);
    }
    expect(least).toBeGreaterThan(0.6);
    expect(scene.weights[0]).toBeGreaterThan(0.95);
  });

  it('one straggler among 200 answers does not make it look bad', async () => {
    const scene = new Scene();
    let i = 0;
    const id = scene.add(() => (i++ % 200 === 199 ? 4000 : 0.005));
    for (let n = 0; n < 1000; n++) await scene.ask(id);
    expect(scene.weights[0]).toBeGreaterThan(0.95);
  });

  it('that fails half the time stays below', async () => {
    for (const ms of [0.005, 2000]) {
      const scene = new Scene();
      let i = 0;
      const id = scene.add(() => {
        if (i++ % 2 === 1) throw new Error('no');
        return ms;
      });
      const [oracle, usual] = [new SynapseOracle(), new ScaleOracle()];
      for (let n = 0; n < 1000; n++) {
        await scene.ask(id);
        if (n % 2 === 1) oracle.failed();
        else {
          oracle.answered(ms, usual.ms);
          usual.answered(ms);
        }
      }
      expect(scene.weights[0]).toBeCloseTo(oracle.weight, 10);
      expect(scene.weights[0]).toBeLessThan(0.3);
    }
  });
});

describe('who is compared', () => {
  it('agents for one thing with each other, not with those for another', async () => {
    const scene = new Scene();
    const cache = scene.add(() => 0.005, { capabilities: ['cache', 'service'] });
    const model = scene.add(() => 2000, { capabilities: ['model', 'service'] });
    for (let i = 0; i < 700; i++) {
      await scene.ask(cache);
      await scene.ask(model);
    }
    for (const weight of scene.weights) expect(weight).toBeGreaterThan(0.95);
  });

  it('agents that say nothing of themselves with each other', async () => {
    const scene = new Scene();
    const ids = [scene.add(() => 1, {}), scene.add(() => 2, {})];
    for (let i = 0; i < 1600; i++) await scene.ask(ids[i % 2]);
    expect(scene.weights[0]).toBeGreaterThan(0.95);
    expect(scene.weights[1]).toBeLessThan(0.6);
  });

  it('asked by id or by capability is the same scale', async () => {
    const scene = new Scene({ routing: () => 1 });
    const soon = scene.add(() => 1);
    scene.add(() => 2);
    for (let i = 0; i < 1600; i++) await scene.ask(i % 2 === 0 ? soon : { capability: 'service' });
    expect(scene.weights[0]).toBeGreaterThan(0.95);
    expect(scene.weights[1]).toBeLessThan(0.6);
  });

  it('each asker has scales of its own', async () => {
    const scene = new Scene();
    const id = scene.add(() => 2);
    const other = addAgent(scene.bus);
    scene.bus.connect(other.id, id).weight(0.5).build();
    const oracle = new SynapseOracle();
    for (let i = 0; i < 50; i++) await scene.ask(id);
    outcome(other.handle.request(id, 'x'));
    await settle(scene.bus);
    expect(scene.bus.synapse(other.id, id)!.weight).toBeCloseTo(oracle.answered(2, 0).weight, 14);
  });

  it('an agent in the place of one that left belongs to what it can do itself', async () => {
    const scene = new Scene();
    const gone = scene.add(() => 0.005, { capabilities: ['cache'], id: 9 });
    for (let i = 0; i < 50; i++) await scene.ask(gone);
    scene.bus.unregister(gone);
    scene.agents.length = 0;
    await settle(scene.bus);
    const model = scene.add(() => 2000, { capabilities: ['model'], id: 9 });
    expect(model).toBe(gone);
    await scene.ask(model);
    expect(scene.weights[0]).toBeCloseTo(new SynapseOracle().answered(2000, 0).weight, 14);
  });
});

it('the same exchanges give the same weights, bit for bit', async () => {
  const run = async () => {
    const scene = new Scene({ seed: 3 });
    const random = randomFrom(11);
    for (let i = 0; i < 4; i++) scene.add(() => random() * (i + 1));
    for (let i = 0; i < 400; i++) await scene.ask({ capability: 'service' });
    return scene.weights;
  };
  expect(await run()).toEqual(await run());
});
