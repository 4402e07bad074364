// What is kept of an answer in parts while it is under way, and what waits for room: all of it goes.
import { NeuronBusError } from 'neuronbus';
import { describe, expect, it } from 'vitest';
import { Courier } from '../../../../lib/bus/messages/courier.js';
import type { Request } from '../../../../lib/bus/messages/incoming.js';
import { PartsOut } from '../../../../lib/bus/messages/parts_out.js';
import type { Letter, Post } from '../../../../lib/bus/messages/post.js';
import type { Workspace } from '../../../../lib/bus/workspace.js';
import * as L from '../../../../lib/memory/layout.js';
import { makeBus, turn } from '../support.js';
import { addAgent, collect, settle } from './support.js';

const refusing: AsyncIterable<unknown> = {
  [Symbol.asyncIterator]() {
    throw new Error('on purpose');
  },
};

describe('parts that cannot be iterated over', () => {
  it('leave nothing of their question behind', async () => {
    const parts = new PartsOut(() => true);
    const request = { done: false } as Request;
    await expect(parts.send(request, refusing)).rejects.toThrow('on purpose');
    expect(parts.has(request)).toBe(false);
  });

  const broken = { [Symbol.asyncIterator]: () => ({ next: () => 7 }) };
  it.each([
    { what: 'an iterable that refuses', parts: refusing, how: 'stream' },
    { what: 'an iterable that refuses', parts: refusing, how: 'request' },
    { what: 'a result of next() that is no object', parts: broken, how: 'stream' },
    { what: 'a result of next() that is no object', parts: broken, how: 'request' },
  ])('are an error: $what, $how', async ({ parts, how }) => {
    const bus = makeBus();
    const [asker, other] = [addAgent(bus), addAgent(bus, () => parts)];
    const asked =
      how === 'stream'
        ? collect(asker.handle.stream(other.id, 'x'))
        : asker.handle.request(other.id, 'x').catch(({ code }) => [code]);
    await settle(bus);
    expect(await asked).toEqual(['ERR_NB_REMOTE']);
    expect([other.requests[0].answered, bus.health(other.id).load]).toEqual([true, 0]);
    expect(bus.stats().pending).toBe(0);
  });
});

it('150,000 parts that wait for room in the arena keep waiting, and go in order', async () => {
  const count = 150_000; // more than a call takes arguments
  const [gone, resolved]: [number[], boolean[]] = [[], []];
  let [room, arenaFull] = [0, false];
  const full = new NeuronBusError('ARENA_FULL');
  const post = {
    roomTo: () => room,
    send: ({ exchange }: Letter) => {
      if (arenaFull && exchange !== 7) throw full;
      gone.push(exchange);
      return true;
    },
  };
  const workspace = { memory: { axonCapacity: 64 }, ganglionOf: () => 0, residents: [{}] };
  const courier = new Courier(workspace as unknown as Workspace, post as unknown as Post, false);
  const about = { from: 0, to: 0, what: L.MESSAGE_PART, correlation: 0, type: 0, priority: 0, deadlineNs: 0 };
  for (let exchange = 0; exchange < count; exchange++) {
    const sent = courier.part({ ...about, exchange, count: 1 }, 'x', () => exchange !== 9);
    void Promise.resolve(sent).then((went) => resolved.push(went));
  }
  [room, arenaFull] = [64, true];
  courier.look();
  expect([gone, courier.waiting]).toEqual([[7], count - 2]); // and the one that nobody wants any more
  arenaFull = false;
  courier.look();
  await turn();
  expect([courier.waiting, gone.length]).toEqual([0, count - 1]);
  expect(gone.every((exchange, i) => i < 2 || exchange > gone[i - 1])).toBe(true);
  expect(resolved.filter((went) => went).length).toBe(count - 1);
});
