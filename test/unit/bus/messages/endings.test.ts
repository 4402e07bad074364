// Questions that get no answer: nothing stays pending, and the error says why.
import { NeuronBus } from 'neuronbus';
import { describe, expect, it, onTestFinished } from 'vitest';
import { expectReconciled, makeBus, turn } from '../support.js';
import { type Agent, addAgent, outcome, settle } from './support.js';

const never = () => undefined;

async function reached(bus: NeuronBus, other: Agent): Promise<void> {
  await settle(bus);
  expect(other.requests.length).toBe(1);
}

describe('a question', () => {
  it('times out, not before its time; its late answer is dropped and counted', async () => {
    const bus = makeBus();
    const [asker, other] = [addAgent(bus), addAgent(bus, never)];
    const asked = outcome(asker.handle.request(other.id, 'x', { timeoutMs: 10 }));
    await reached(bus, other);
    const [request] = other.requests;
    expect(request.remainingMs).toBeGreaterThanOrEqual(10);
    expect(request.remainingMs).toBeLessThan(10.1);
    expect(request.deadline).toBe(bus.clock.now() + request.remainingMs * 1e6);
    bus.clock.advance(9.99);
    await settle(bus);
    expect([asked.is, bus.stats().pending, request.signal.aborted]).toEqual(['pending', 1, false]);
    bus.clock.advance(0.1); // the wire has units of 65.5 us
    await turn();
    expect([asked.is, bus.stats().pending]).toEqual(['ERR_NB_TIMEOUT', 0]);
    const sent = [request.reply('too late'), request.reply('again')]; // before the cancellation came
    await settle(bus);
    expect([sent, bus.stats().late, asked.is]).toEqual([[false, false], 1, 'ERR_NB_TIMEOUT']);
    expectReconciled(bus);
  });

  it('that was aborted: its late answer is dropped and counted, on its way or where it is given', async () => {
    const bus = makeBus();
    const [asker, other] = [addAgent(bus), addAgent(bus, never)];
    const controller = new AbortController();
    for (const n of [1, 2, 3]) outcome(asker.handle.request(other.id, n, { signal: controller.signal }));
    await settle(bus);
    controller.abort();
    const [first, second, third] = other.requests;
    expect([first?.reply(1), bus.stats().late]).toEqual([true, 0]); // before it was told
    await settle(bus);
    expect([second?.reply(2), third?.reject(new Error('no answer'))]).toEqual([false, false]);
    expect(bus.stats()).toMatchObject({ pending: 0, late: 2 });
  });

  it('ends at its deadline for who works on it, though the ring was full of other things', async () => {
    const bus = makeBus({ axonCapacity: 4 });
    const [asker, other, third] = [addAgent(bus), addAgent(bus, never), addAgent(bus)];
    const asked = outcome(asker.handle.request(other.id, 'x', { timeoutMs: 10 }));
    await reached(bus, other);
    for (let i = 0; i < 4; i++) asker.send(third.id, i);
    bus.clock.advance(11);
    await turn();
    const [request] = other.requests;
    expect([asked.is, request?.signal.aborted, bus.health(other.id).load]).toEqual([
      'ERR_NB_TIMEOUT',
      true,
      0,
    ]);
    await settle(bus);
    expectReconciled(bus);
  });

  it('that is aborted while the ring is full: who works on it hears of it', async () => {
    const bus = makeBus({ axonCapacity: 4 });
    const [asker, other, third] = [addAgent(bus), addAgent(bus, never), addAgent(bus)];
    const controller = new AbortController();
    const asked = outcome(asker.handle.request(other.id, 'x', { signal: controller.signal }));
    await reached(bus, other);
    for (let i = 0; i < 4; i++) asker.send(third.id, i);
    controller.abort();
    await settle(bus);
    const [request] = other.requests;
    expect([asked.is, request?.signal.aborted, bus.health(other.id).load]).toEqual([
      'ERR_NB_ABORTED',
      true,
      0,
    ]);
    expect(expectReconciled(bus).dropped.full).toBe(0);
  });

  it('tells who works on it that its time is over', async () => {
    const bus = makeBus();
    const [asker, other] = [addAgent(bus), addAgent(bus, never)];
    outcome(asker.handle.request(other.id, 'x', { timeoutMs: 10 }));
    await reached(bus, other);
    const [request] = other.requests;
    let aborted = 0;
    request.signal.addEventListener('abort', () => aborted++);
    bus.clock.advance(11);
    await settle(bus);
    expect([aborted, request.signal.aborted, request.answered, request.reply('x')]).toEqual([
      1,
      true,
      true,
      false,
    ]);
    expect(request.remainingMs).toBe(0);
    expect(bus.stats()).toMatchObject({ pending: 0, late: 1 });
  });

  it('is not asked at all when its time is over before its turn', async () => {
    const bus = makeBus();
    const [asker, other] = [addAgent(bus), addAgent(bus)];
    const asked = outcome(asker.handle.request(other.id, 'x', { timeoutMs: 10 }));
    bus.clock.advance(20);
    await settle(bus);
    expect([asked.is, other.requests.length, bus.stats().pending]).toEqual(['ERR_NB_TIMEOUT', 0, 0]);
  });

  it('waits for ever if asked to, and the default is an option of the bus', async () => {
    const bus = makeBus({ requestTimeoutMs: 5 });
    const [asker, other] = [addAgent(bus), addAgent(bus, never)];
    const patient = outcome(asker.handle.request(other.id, 'x', { timeoutMs: Number.POSITIVE_INFINITY }));
    const usual = outcome(asker.handle.request(other.id, 'x'));
    await settle(bus);
    expect(other.requests.map(({ remainingMs }) => remainingMs < 6)).toEqual([false, true]);
    expect(other.requests[0].deadline).toBe(Number.POSITIVE_INFINITY);
    bus.clock.advance(1e9);
    await settle(bus);
    expect([patient.is, usual.is]).toEqual(['pending', 'ERR_NB_TIMEOUT']);
    other.requests[0].reply('at last');
    await settle(bus);
    expect(patient.value?.value).toBe('at last');
  });

  it('is aborted: at once, with the reason, and the other is told', async () => {
    const bus = makeBus();
    const [asker, other] = [addAgent(bus), addAgent(bus, never)];
    const controller = new AbortController();
    const asked = outcome(asker.handle.request(other.id, 'x', { signal: controller.signal }));
    await reached(bus, other);
    const reason = new Error('changed my mind');
    controller.abort(reason);
    await turn();
    expect([asked.is, asked.error?.cause, bus.stats().pending]).toEqual(['ERR_NB_ABORTED', reason, 0]);
    await settle(bus);
    expect(other.requests[0].signal.aborted).toBe(true);
  });

  it('is withdrawn by abort before its turn', async () => {
    const bus = makeBus();
    const other = addAgent(
      bus,
      (request) => (request.text() === 'first' ? turn().then(turn) : 'done'),
      {},
      1,
    );
    const asker = addAgent(bus);
    const controller = new AbortController();
    const first = outcome(asker.handle.request(other.id, 'first'));
    const second = outcome(asker.handle.request(other.id, 'second', { signal: controller.signal }));
    const third = outcome(asker.handle.request(other.id, 'third'));
    bus.tick();
    expect(bus.stats().waiting).toBe(2);
    controller.abort();
    await settle(bus);
    expect([first.is, second.is, third.is]).toEqual(['resolved', 'ERR_NB_ABORTED', 'resolved']);
    expect(other.requests.map((request) => request.text())).toEqual(['first', 'third']);
    expect(bus.stats()).toMatchObject({ pending: 0, waiting: 0 });
  });

  it('is not even sent with a signal that was aborted before', async () => {
    const bus = makeBus();
    const [asker, other] = [addAgent(bus), addAgent(bus)];
    const asked = outcome(asker.handle.request(other.id, 'x', { signal: AbortSignal.abort('early') }));
    await settle(bus);
    expect([asked.is, asked.error?.cause, bus.stats().published]).toEqual(['ERR_NB_ABORTED', 'early', 0]);
  });

  it('leaves no listener on its signal', async () => {
    const bus = makeBus();
    const [asker, other] = [addAgent(bus), addAgent(bus)];
    const { signal } = new AbortController();
    let listeners = 0;
    const add = signal.addEventListener.bind(signal);
    const remove = signal.removeEventListener.bind(signal);
    Object.assign(signal, {
      addEventListener: (...args: Parameters<typeof add>) => {
        listeners++;
        add(...args);
      },
      removeEventListener: (...args: Parameters<typeof remove>) => {
        listeners--;
        remove(...args);
      },
    });
    for (let i = 0; i < 5; i++) outcome(asker.handle.request(other.id, 'x', { signal }));
    expect(listeners).toBe(1); // for all
    await settle(bus);
    expect(listeners).toBe(0);
  });

  it.each(['its own signal', 'that of the question that it comes of'])(
    'is one of many with %s: nobody is warned, and all are aborted',
    async (whose) => {
      const warnings: Error[] = [];
      const warn = (warning: Error) => void warnings.push(warning);
      process.on('warning', warn);
      onTestFinished(() => void process.removeListener('warning', warn));
      const bus = makeBus();
      const [asker, other] = [addAgent(bus), addAgent(bus, never)];
      const controller = new AbortController();
      const { signal } = controller;
      const all: { is: string }[] = [];
      const middle = addAgent(bus, (request) => {
        for (let i = 0; i < 20; i++) all.push(outcome(request.request(other.id, i)));
        for (let i = 0; i < 20; i++)
          request.signal.addEventListener('abort', () => all.push({ is: 'heard' }));
      });
      if (whose === 'its own signal') {
        for (let i = 0; i < 20; i++) all.push(outcome(asker.handle.request(other.id, i, { signal })));
      } else {
        outcome(asker.handle.request(middle.id, 'x', { signal }));
      }
      await settle(bus);
      controller.abort();
      await settle(bus);
      expect(all.filter(({ is }) => is === 'ERR_NB_ABORTED').length).toBe(20);
      expect(other.requests.every((request) => request.signal.aborted)).toBe(true);
      expect([other.requests.length, warnings]).toEqual([20, []]);
    },
  );

  it('ends when its target leaves, before its turn or with it', async () => {
    const bus = makeBus();
    const [asker, other] = [addAgent(bus), addAgent(bus, never)];
    const reachedIt = outcome(asker.handle.request(other.id, 'x'));
    await reached(bus, other);
    const underWay = outcome(asker.handle.request(other.id, 'y'));
    bus.unregister(other.id);
    await turn();
    expect([reachedIt.is, underWay.is, bus.stats().pending]).toEqual([
      'ERR_NB_DEAD_TARGET',
      'ERR_NB_DEAD_TARGET',
      0,
    ]);
    expect(other.requests[0].reply('x')).toBe(false);
    await settle(bus);
    const stats = expectReconciled(bus);
    expect([stats.late, stats.dropped.deadTarget]).toEqual([0, 1]);
  });

  it('ends when its asker leaves, and the answer goes nowhere', async () => {
    const bus = makeBus();
    const [asker, other] = [addAgent(bus), addAgent(bus, never)];
    const asked = outcome(asker.handle.request(other.id, 'x'));
    await reached(bus, other);
    bus.unregister(asker.id);
    await settle(bus);
    expect([asked.is, bus.stats().pending]).toEqual(['ERR_NB_UNKNOWN_NEURON', 0]);
    expect([other.requests[0].signal.aborted, other.requests[0].reply('x')]).toEqual([true, false]);
    await settle(bus);
    expectReconciled(bus);
  });

  it('is refused by a full ring', async () => {
    const bus = makeBus({ axonCapacity: 2 });
    const [asker, other] = [addAgent(bus), addAgent(bus)];
    const asked = Array.from({ length: 3 }, () => outcome(asker.handle.request(other.id, 'x')));
    await settle(bus);
    expect(asked.map(({ is }) => is)).toEqual(['resolved', 'resolved', 'ERR_NB_FULL']);
    const stats = expectReconciled(bus);
    expect([stats.pending, stats.dropped.full]).toEqual([0, 1]);
  });

  it.each(['drop-newest', 'fail', 'block'] as const)(
    'an answer that finds the ring full is lost: %s',
    async (backpressure) => {
      const bus = makeBus({ axonCapacity: 2, backpressure, blockMs: 5 });
      const asker = addAgent(bus);
      const other = addAgent(bus, (request) => {
        for (let i = 0; i < 2; i++) {
          try {
            other.send(asker.id, 'noise');
          } catch {}
        }
        return request.value;
      });
      const asked = outcome(asker.handle.request(other.id, 'x', { timeoutMs: 10 }));
      await settle(bus);
      bus.clock.advance(20);
      await settle(bus);
      expect([asked.is, bus.stats().pending]).toEqual(['ERR_NB_TIMEOUT', 0]);
      expectReconciled(bus);
    },
  );
});

it('what comes of a question inherits deadline and signal until it is answered, and nothing afterwards', async () => {
  const bus = makeBus();
  const last = addAgent(bus, never);
  const middle = addAgent(bus, (request) => {
    outcome(request.request(last.id, 'sub'));
    return undefined;
  });
  const asker = addAgent(bus);
  outcome(asker.handle.request(middle.id, 'x', { timeoutMs: 10 }));
  await settle(bus);
  expect(last.requests[0].remainingMs).toBeLessThan(10.2);
  bus.clock.advance(11);
  await settle(bus);
  expect(last.requests[0].signal.aborted).toBe(true);
  outcome(asker.handle.request(middle.id, 'y', { timeoutMs: 10 }));
  await settle(bus);
  const request = middle.requests[1];
  request.reply('done');
  const free = outcome(request.request(last.id, 'afterwards'));
  await settle(bus);
  expect(last.requests[2].remainingMs).toBeGreaterThan(1000);
  last.requests[2].reply(1);
  await settle(bus);
  expect([free.is, request.signal.aborted]).toEqual(['resolved', false]);
});

describe('with the real clock', () => {
  it('deadlines are kept: each question times out, none is forgotten', async () => {
    const bus = NeuronBus.create({ maxNeurons: 4, maxSynapses: 4 });
    bus.start();
    const [asker, other] = [addAgent(bus), addAgent(bus, never)];
    const begin = performance.now();
    const ends = await Promise.all(
      Array.from({ length: 50 }, async (_, i) => {
        const timeoutMs = 1 + ((i * 37) % 800);
        await expect(asker.handle.request(other.id, i, { timeoutMs })).rejects.toMatchObject({
          code: 'ERR_NB_TIMEOUT',
        });
        return performance.now() - begin - timeoutMs;
      }),
    );
    expect(Math.min(...ends)).toBeGreaterThan(-1); // never early
    expect(bus.stats().pending).toBe(0);
    bus.close();
  });
});
