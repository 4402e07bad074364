// A part that is not what its channel says ends the stream at both ends: a loop whose next() rejects does not call return().
import { defineChannel, type Request } from 'neuronbus';
import { describe, expect, it } from 'vitest';
import { expectReconciled, makeBus } from '../support.js';
import { addAgent, collect, settle } from './support.js';

const asNumber = (value: unknown): number => {
  if (typeof value !== 'number') throw new TypeError('no number');
  return value;
};
const validators: [string, (value: unknown) => number | Promise<number>][] = [
  ['at once', asNumber],
  ['later', async (value) => asNumber(value)],
];

describe.each(validators)('a part that its validator refuses %s', (_, validateAnswer) => {
  const channel = defineChannel<string, number>('numbers', { validateAnswer });

  function scene(answer: (request: Request) => unknown) {
    const bus = makeBus();
    const other = addAgent(bus, answer);
    return { bus, other, asker: addAgent(bus) };
  }

  it.each([0, 3, 40])('number %i ends the generator, and nothing stays open', async (bad) => {
    let ended = false;
    const { bus, other, asker } = scene(async function* () {
      try {
        for (let i = 0; ; i++) yield i === bad ? 'bad' : i;
      } finally {
        ended = true;
      }
    });
    const all = collect(asker.handle.stream(other.id, channel.of('go'), { timeoutMs: 100 }));
    await settle(bus);
    expect(await all).toEqual([...Array(bad).keys(), 'ERR_NB_BAD_PAYLOAD']);
    bus.clock.advance(1000);
    await settle(bus);
    expect([ended, other.requests[0].signal.aborted]).toEqual([true, true]);
    expect([expectReconciled(bus).pending, bus.health(other.id).load]).toEqual([0, 0]);
    expect(bus.history().filter(({ outcome }) => outcome === 'aborted')).toHaveLength(1);
  });

  it('which is the only one: what it answers is over', async () => {
    const { bus, other, asker } = scene(() => 'bad');
    const stream = asker.handle.stream(other.id, channel.of('go'));
    const all = collect(stream);
    await settle(bus);
    expect(await all).toEqual(['ERR_NB_BAD_PAYLOAD']);
    expect(await stream.next()).toEqual({ done: true, value: undefined });
    expect([expectReconciled(bus).pending, bus.history().length]).toEqual([0, 1]);
  });

  it('leaves nothing to read: what came after it is given up', async () => {
    const { bus, other, asker } = scene(async function* () {
      yield* [1, 'bad', 2, 3];
    });
    const stream = asker.handle.stream(other.id, channel.of('go'));
    await settle(bus);
    expect(await stream.next()).toEqual({ done: false, value: 1 });
    await expect(stream.next()).rejects.toMatchObject({ code: 'ERR_NB_BAD_PAYLOAD' });
    expect(await stream.next()).toEqual({ done: true, value: undefined });
  });
});
