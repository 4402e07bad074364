// json() is typed as its reader says, and can be read without saying so.
import type { Message, Reply, Request, Spike } from 'neuronbus';
import { expect, expectTypeOf, it } from 'vitest';
import { addAgent, settle } from './messages/support.js';
import { add, makeBus } from './support.js';

it('json() reads a field without a cast, or as the type that is given', async () => {
  const bus = makeBus();
  const asker = addAgent(bus);
  const other = addAgent(bus, (request: Request) => ({ text: request.json().text.toUpperCase() }));
  const asked = asker.handle.request(other.id, { text: 'hello' });
  asker.send(other.id, { text: 'note' });
  await settle(bus);
  const reply: Reply = await asked;
  expect(reply.json().text.length).toBe(5);
  expect(reply.json<{ text: string }>()).toEqual({ text: 'HELLO' });
  const message: Message = other.messages[0];
  expect(message.json().text).toBe('note');
  const probe = add(bus);
  bus.fire(probe.id, { target: probe.id, json: { text: 'spike' } });
  bus.tick();
  const spike: Spike = probe.spikes[0];
  expect(spike.json().text).toBe('spike');
  for (const carrier of [reply, message, other.requests[0], spike])
    expectTypeOf(carrier.json<{ n: number }>()).toEqualTypeOf<{ n: number }>();
});
