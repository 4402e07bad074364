// A neuron that leaves, or who asked it: each question that was open with it ends, and ends once.
import type { NeuronBus } from 'neuronbus';
import { describe, expect, it } from 'vitest';
import type { ExchangeObserver } from '../../../../lib/bus/messages/observer.js';
import { expectReconciled, makeBus } from '../support.js';
import { addAgent, outcome, settle } from './support.js';

const never = () => undefined;

/** How the questions to this thread ended, in order, as an observer is told. */
function ends(bus: NeuronBus): string[] {
  const told: string[] = [];
  const observer: ExchangeObserver = {
    sending: (_from, _to, _options, send) => send(undefined),
    receiving: (_message, handle) => handle(),
    received: () => {},
    asking: (_question, traceparent) => traceparent,
    ended: () => {},
    answering: (_request, handle) => handle(),
    answered: (request, how) => void told.push(`${request.text()} ${how}`),
  };
  Object.assign(bus, { exchangeObserver: observer });
  return told;
}

it('150,000 open questions end with who was to answer them', async () => {
  const count = 150_000; // more than a call takes arguments
  const bus = makeBus({ axonCapacity: 2 ** 18 });
  const [asker, other] = [addAgent(bus), addAgent(bus, never)];
  const codes = new Map<string, number>();
  for (let i = 0; i < count; i++) {
    asker.handle.request(other.id, '', { timeoutMs: Number.POSITIVE_INFINITY }).catch(({ code }) => {
      codes.set(code, (codes.get(code) ?? 0) + 1);
    });
  }
  bus.tick();
  expect(bus.stats()).toMatchObject({ pending: count, waiting: 0 });
  bus.unregister(other.id);
  expect(bus.card(other.id)).toBeUndefined();
  await settle(bus);
  expect([...codes]).toEqual([['ERR_NB_DEAD_TARGET', count]]);
  expect(bus.stats()).toMatchObject({ pending: 0, waiting: 0, late: 0 });
  expectReconciled(bus);
});

describe('what a listener to the signal of one question does with the others', () => {
  function scene() {
    const bus = makeBus();
    const other = addAgent(bus, (request) => {
      request.signal.addEventListener('abort', () => {
        for (const open of other.requests) open.reply('flushed');
      });
    });
    return { bus, other, asker: addAgent(bus), told: ends(bus) };
  }

  it('ends them, when their asker leaves, and nobody is told so twice', async () => {
    const { bus, other, asker, told } = scene();
    for (const text of ['first', 'second', 'third']) outcome(asker.handle.request(other.id, text));
    await settle(bus);
    bus.unregister(asker.id);
    expect(told).toEqual(['second served', 'third served', 'first aborted']);
    expect(other.requests.map(({ signal }) => signal.aborted)).toEqual([true, false, false]);
    expect(bus.health(other.id).load).toBe(0);
    await settle(bus);
    expectReconciled(bus);
  });

  it('ends them, when the bus is closed, and nobody is told so twice', async () => {
    const { bus, other, asker, told } = scene();
    const asked = ['first', 'second', 'third'].map((text) => outcome(asker.handle.request(other.id, text)));
    await settle(bus);
    bus.close();
    expect(told).toEqual(['second served', 'third served', 'first closed']);
    await settle(bus);
    await Promise.resolve();
    expect(asked.map(({ is }) => is)).toEqual(Array(3).fill('ERR_NB_CLOSED'));
  });
});
