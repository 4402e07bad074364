// What an asker hears of an error for which the arena has no room: who failed, and how it is called.
import { expect, it } from 'vitest';
import { codeOf, expectReconciled, makeBus } from '../support.js';
import { addAgent, outcome, settle } from './support.js';

/** A bus whose arena has no room for anything. */
function fullBus() {
  const bus = makeBus({ arenaCapacity: 1 << 16 });
  const agents = [addAgent(bus), addAgent(bus)];
  for (let bytes = 1 << 15; bytes >= 1; bytes >>= 1) {
    while (codeOf(() => bus.arena.write(new Uint8Array(bytes))) === undefined);
  }
  return { bus, asker: agents[0], other: agents[1] };
}

it.each([
  ['a long message', new RangeError('x'.repeat(1000)), 'RangeError'],
  ['a message that no arena has room for', new RangeError('x'.repeat(100_000)), 'RangeError'],
  ['a long name', Object.assign(new Error('y'.repeat(100)), { name: 'n'.repeat(100) }), 'n'.repeat(19)],
])('an error with %s is told by its name', async (_, error, name) => {
  const { bus, asker, other } = fullBus();
  other.onRequest = () => {
    throw error;
  };
  const asked = outcome(asker.handle.request(other.id, 'x'));
  await settle(bus);
  expect([asked.is, asked.error?.cause]).toMatchObject(['ERR_NB_REMOTE', { name, message: '' }]);
  expect([bus.stats().pending, bus.health(other.id).load]).toEqual([0, 0]);
  expectReconciled(bus);
});

it('an answer for which there is no room is such an error', async () => {
  const { bus, asker, other } = fullBus();
  other.onRequest = () => 'z'.repeat(1000);
  const asked = outcome(asker.handle.request(other.id, 'x'));
  await settle(bus);
  expect([asked.is, asked.error?.cause]).toMatchObject(['ERR_NB_REMOTE', { name: 'NeuronBusError' }]);
  expectReconciled(bus);
});

it('an error whose name has no room either is silence', async () => {
  const { bus, asker, other } = fullBus();
  other.onRequest = () => {
    throw Object.assign(new Error('y'.repeat(100)), { name: '\u{1f4a5}'.repeat(19) });
  };
  const asked = outcome(asker.handle.request(other.id, 'x', { timeoutMs: 10 }));
  await settle(bus);
  bus.clock.advance(11);
  await settle(bus);
  expect([asked.is, bus.stats().pending]).toEqual(['ERR_NB_TIMEOUT', 0]);
});
