// Random messages and questions to agents that have time for few at once, against plain lists: what waits, what had its turn and
// what was lost with its receiver is in the account at every moment.
import fc from 'fast-check';
import { type Message, Neuron, NeuronBus, type Request } from 'neuronbus';
import { expect, it } from 'vitest';

const CAPACITY = 16;
const AGENTS = 3;

/** Works on each message until it is told to go on. */
class Worker extends Neuron {
  readonly running: { readonly n: number; readonly end: () => void }[] = [];
  constructor(override readonly concurrency: number) {
    super();
  }
  override onMessage(message: Message): Promise<void> {
    return new Promise((end) => this.running.push({ n: message.value as number, end }));
  }
  override async onRequest(request: Request): Promise<number> {
    await new Promise<void>((end) => this.running.push({ n: request.value as number, end }));
    return request.value as number;
  }
}

interface Sent {
  readonly n: number;
  readonly priority: number;
  readonly asks: boolean;
}

/** What should be: lists in place of rings and heaps. */
class Post {
  alive = true;
  waiting: Sent[] = [];
  running: Sent[] = [];

  constructor(readonly concurrency: number) {}

  /** Starts what there is time for. Returns how many had their turn. */
  work(): number {
    let turns = 0;
    while (this.running.length < this.concurrency && this.waiting.length > 0) {
      const most = Math.max(...this.waiting.map(({ priority }) => priority));
      const [next] = this.waiting.splice(
        this.waiting.findIndex(({ priority }) => priority === most),
        1,
      );
      this.running.push(next!);
      turns++;
    }
    return turns;
  }
}

const who = fc.nat(AGENTS - 1);
const step = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      what: fc.constant('say' as const),
      who,
      priority: fc.nat(255),
      asks: fc.boolean(),
    }),
  },
  { weight: 3, arbitrary: fc.record({ what: fc.constant('tick' as const) }) },
  { weight: 3, arbitrary: fc.record({ what: fc.constant('go on' as const), who, which: fc.nat() }) },
  { weight: 1, arbitrary: fc.record({ what: fc.constant('leave' as const), who }) },
);

async function play(
  steps: (typeof step extends fc.Arbitrary<infer S> ? S : never)[],
  concurrencies: readonly number[],
): Promise<void> {
  const bus = NeuronBus.create({
    clock: 'virtual',
    axonCapacity: CAPACITY,
    maxNeurons: 8,
    maxSynapses: 8,
    arenaCapacity: 65_536,
    ageingMs: Number.POSITIVE_INFINITY,
    requestTimeoutMs: Number.POSITIVE_INFINITY,
  });
  const sender = bus.register(new Worker(1), { name: 'sender' });
  const workers = concurrencies.map((concurrency) => new Worker(concurrency));
  const ids = workers.map((worker) => bus.register(worker, { name: 'worker' }));
  const posts = concurrencies.map((concurrency) => new Post(concurrency));
  const ends: string[] = [];
  const endsDue: string[] = [];
  let ring: { readonly to: number; readonly sent: Sent }[] = [];
  let answers = 0; // in the ring, behind the others: it is emptied before anybody goes on
  let [published, delivered, full, dead, n] = [0, 0, 0, 0, 0];
  const turn = () => new Promise<void>((resolve) => setImmediate(resolve));

  function tick(): void {
    bus.tick();
    delivered += answers;
    answers = 0;
    for (const { to, sent } of ring) {
      if (posts[to]!.alive) posts[to]!.waiting.push(sent);
      else dead++;
    }
    ring = [];
    for (const post of posts) delivered += post.work();
  }

  for (const one of steps) {
    if (one.what === 'say' && posts[one.who]!.alive) {
      const { priority, asks } = one;
      const goes = ring.length + answers < CAPACITY;
      const sent = { n: n++, priority, asks };
      published++;
      if (asks) {
        bus.request(sender, ids[one.who]!, sent.n, { priority }).then(
          ({ value }) => ends.push(`${sent.n} ${value}`),
          ({ code }) => ends.push(`${sent.n} ${code}`),
        );
        if (!goes) endsDue.push(`${sent.n} ERR_NB_FULL`);
      } else {
        expect(bus.send(sender, ids[one.who]!, sent.n, { priority })).toBe(goes);
      }
      if (goes) ring.push({ to: one.who, sent });
      else full++;
    } else if (one.what === 'tick') {
      tick();
    } else if (one.what === 'go on' && posts[one.who]!.running.length > 0) {
      tick();
      const post = posts[one.who]!;
      const at = one.which % post.running.length;
      const [done] = post.running.splice(at, 1);
      const real = workers[one.who]!.running.splice(
        workers[one.who]!.running.findIndex(({ n }) => n === done!.n),
        1,
      );
      expect(real.map(({ n }) => n)).toEqual([done!.n]);
      real[0]!.end();
      await turn();
      if (post.alive) {
        if (done!.asks) {
          endsDue.push(`${done!.n} ${done!.n}`);
          published++;
          answers++;
        }
        delivered += post.work();
      }
      tick();
    } else if (one.what === 'leave' && posts[one.who]!.alive) {
      const post = posts[one.who]!;
      bus.unregister(ids[one.who]!);
      post.alive = false;
      dead += post.waiting.length;
      const mine = [
        ...post.waiting,
        ...post.running,
        ...ring.flatMap(({ to, sent }) => (to === one.who ? [sent] : [])),
      ];
      for (const { asks, n } of mine) if (asks) endsDue.push(`${n} ERR_NB_DEAD_TARGET`);
      post.waiting = [];
      post.running = [];
      workers[one.who]!.running.length = 0;
    }
    await turn();
    const waiting = posts.reduce((sum, post) => sum + post.waiting.length, 0);
    const stats = bus.stats();
    expect(stats).toMatchObject({
      published,
      delivered,
      waiting,
      queued: ring.length + answers + waiting,
      dropped: { full, deadTarget: dead },
    });
    expect(published).toBe(stats.delivered + stats.queued + full + dead);
    expect(ends.toSorted()).toEqual(endsDue.toSorted());
    for (const [i, { running }] of workers.entries())
      expect(running.map(({ n }) => n).sort()).toEqual(posts[i]!.running.map(({ n }) => n).sort());
  }
  bus.close();
  await turn();
}

const RUNS = Number(process.env.NEURONBUS_MODEL_RUNS ?? 200);

it('messages in mailboxes are queued until their turn, and dropped when their receiver leaves', async () => {
  const concurrencies = fc.array(fc.integer({ min: 1, max: 3 }), { minLength: AGENTS, maxLength: AGENTS });
  await fc.assert(fc.asyncProperty(fc.array(step, { maxLength: 60, size: 'max' }), concurrencies, play), {
    numRuns: RUNS,
  });
});
