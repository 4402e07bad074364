// What listeners to the signals of open questions do while the bus is being closed: that ends with it, too.
import type { NeuronBus, Request } from 'neuronbus';
import { describe, expect, it } from 'vitest';
import { makeBus, turn } from '../support.js';
import { type Agent, addAgent, outcome, settle } from './support.js';

interface Scene {
  bus: NeuronBus;
  asker: Agent;
  other: Agent;
}

const asks: [string, (scene: Scene, request: Request) => Promise<unknown>][] = [
  ['with bus.request()', ({ bus, asker, other }) => bus.request(asker.id, other.id, 'again')],
  ['with request() of a handle', ({ asker, other }) => asker.handle.request(other.id, 'again')],
  [
    'with request() of the question',
    ({ other }, request) => request.request(other.id, 'again', { signal: new AbortController().signal }),
  ],
  [
    'as often as needed',
    ({ asker, other }) => asker.handle.request(other.id, 'again', { idempotent: true, retries: 5 }),
  ],
  ['for parts', ({ asker, other }) => asker.handle.stream(other.id, 'again').next()],
  [
    'by way of a network',
    async ({ bus, other }) => {
      const net = bus.network({ stages: [other.handle.card.capabilities[0]], hedgeMs: 5, redundancy: 2 });
      const { error } = await net.infer('again');
      throw error;
    },
  ],
];

describe.each(['virtual', 'real'] as const)('with the %s clock', (clock) => {
  it.each(asks)('a question that one of them asks %s is rejected', async (_, ask) => {
    const bus = makeBus({ clock });
    const asker = addAgent(bus);
    const again: { is: string }[] = [];
    const other = addAgent(
      bus,
      (request) => {
        request.signal.addEventListener('abort', () =>
          again.push(outcome(ask({ bus, asker, other }, request))),
        );
      },
      { capabilities: ['answers'] },
    );
    const asked = [1, 2].map((i) => outcome(asker.handle.request(other.id, i)));
    await settle(bus);
    expect(other.requests.length).toBe(2);
    bus.close();
    for (let i = 0; i < 5; i++) await turn();
    expect([asked, again].map((all) => all.map(({ is }) => is))).toEqual(
      Array(2).fill(Array(2).fill('ERR_NB_CLOSED')),
    );
  });

  it('one of them may close it again', async () => {
    const bus = makeBus({ clock });
    const seen: unknown[] = [];
    bus.on('close', () => seen.push('close'));
    const asker = addAgent(bus);
    const other = addAgent(bus, (request) => {
      request.signal.addEventListener('abort', () => {
        seen.push(request.value);
        bus.close();
      });
    });
    const asked = [1, 2, 3].map((i) => outcome(asker.handle.request(other.id, i)));
    await settle(bus);
    bus.close();
    expect([bus.closed, ...seen.sort()]).toEqual([true, 1, 2, 3, 'close']);
    await turn();
    expect(asked.map(({ is }) => is)).toEqual(Array(3).fill('ERR_NB_CLOSED'));
  });
});
