// Random conversations against a simple model: every question ends exactly once, as the model says, and nothing stays pending.
import fc from 'fast-check';
import { Neuron, NeuronBus, type Request } from 'neuronbus';
import { expect, it } from 'vitest';
import { type End, Model, type Question } from './requests_model.js';

const AGENTS = 4;
const CAPACITY = 64;

class Agent extends Neuron {
  readonly requests = new Map<number, Request>();
  override onMessage(): void {}
  override onRequest(request: Request): undefined {
    this.requests.set(request.value as number, request);
  }
}

const agent = fc.nat(AGENTS - 1);
const step = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      what: fc.constant('ask' as const),
      from: agent,
      to: agent,
      timeoutMs: fc.integer({ min: 1, max: 2000 }),
      priority: fc.nat(255),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      what: fc.constant('send' as const),
      from: agent,
      to: agent,
      count: fc.constantFrom(1, 3, CAPACITY),
    }),
  },
  { weight: 6, arbitrary: fc.record({ what: fc.constant('tick' as const) }) },
  {
    weight: 8,
    arbitrary: fc.record({ what: fc.constant('answer' as const), which: fc.nat(), good: fc.boolean() }),
  },
  { weight: 2, arbitrary: fc.record({ what: fc.constant('abort' as const), which: fc.nat() }) },
  {
    weight: 3,
    arbitrary: fc.record({ what: fc.constant('advance' as const), ms: fc.integer({ min: 0, max: 1500 }) }),
  },
  { weight: 1, arbitrary: fc.record({ what: fc.constant('leave' as const), who: agent }) },
);

interface Asked {
  readonly question: Question;
  readonly controller: AbortController;
  ends: End[];
}

async function play(
  steps: (typeof step extends fc.Arbitrary<infer S> ? S : never)[],
  seed: number,
): Promise<void> {
  const bus = NeuronBus.create({
    clock: 'virtual',
    axonCapacity: CAPACITY,
    maxNeurons: 8,
    maxSynapses: 8,
    arenaCapacity: 65_536,
    seed,
  });
  const agents = Array.from({ length: AGENTS }, () => new Agent());
  for (const [i, one] of agents.entries()) bus.register(one, { name: `agent ${i}` });
  const model = new Model(CAPACITY, AGENTS);
  const asked: Asked[] = [];
  const settle = () => new Promise<void>((resolve) => setImmediate(resolve));

  async function agree(): Promise<void> {
    await settle();
    for (const { question, ends } of asked) {
      expect(ends, `question ${question.n}`).toEqual(question.end === 'open' ? [] : [question.end]);
    }
  }

  function tick(): void {
    bus.tick();
    model.tick();
    // Every question that the model has in hand is in the hands of a handler.
    for (const { n, to } of model.inHand)
      expect(agents[to]!.requests.get(n)?.answered, `question ${n}`).toBe(false);
  }

  for (const one of steps) {
    if (one.what === 'ask' && model.alive.has(one.from)) {
      const { from, to, timeoutMs, priority } = one;
      const controller = new AbortController();
      const question = model.ask(from, to, timeoutMs);
      const entry: Asked = { question, controller, ends: [] };
      asked.push(entry);
      bus.request(from, to, question.n, { timeoutMs, priority, signal: controller.signal }).then(
        ({ value }) => {
          expect(value).toBe(`answer ${question.n}`);
          entry.ends.push('answered');
        },
        ({ code }) => entry.ends.push(code),
      );
    } else if (one.what === 'send' && model.alive.has(one.from) && model.alive.has(one.to)) {
      for (let i = 0; i < one.count; i++) expect(bus.send(one.from, one.to, i)).toBe(model.send());
    } else if (one.what === 'answer' && model.inHand.length > 0 && model.room > 0) {
      const question = model.inHand[one.which % model.inHand.length]!;
      const request = agents[question.to]!.requests.get(question.n)!;
      expect(one.good ? request.reply(`answer ${question.n}`) : request.reject(new Error('no'))).toBe(true);
      model.answer(question, one.good);
    } else if (one.what === 'abort' && asked.length > 0 && model.room > 0) {
      const { question, controller } = asked[one.which % asked.length]!;
      controller.abort();
      model.abort(question);
    } else if (one.what === 'advance') {
      if (model.room < model.pending) tick(); // which cancellations a full ring drops is not the model's to say
      bus.clock.advance(one.ms);
      model.advance(one.ms);
    } else if (one.what === 'leave' && model.alive.has(one.who)) {
      bus.unregister(one.who);
      model.leave(one.who);
    } else if (one.what === 'tick') {
      tick();
    }
    await agree();
    const { pending, late, published, delivered, queued, dropped } = bus.stats();
    expect({ pending, late }).toEqual({ pending: model.pending, late: model.late });
    expect(published).toBe(delivered + queued + Object.values(dropped).reduce((a, b) => a + b));
  }
  model.close();
  bus.close();
  await agree();
}

const RUNS = Number(process.env.NEURONBUS_MODEL_RUNS ?? 200);

it('questions end exactly once, as a simple model says', async () => {
  await fc.assert(fc.asyncProperty(fc.array(step, { maxLength: 80, size: 'max' }), fc.nat(1000), play), {
    numRuns: RUNS,
  });
});
