// What the tests of messages share: an agent that does as it is told. Not a test itself.
import {
  type AgentCardInit,
  type Message,
  Neuron,
  type NeuronBus,
  NeuronBusError,
  type NeuronHandle,
  type Request,
  type TokenStream,
} from 'neuronbus';
import { turn } from '../support.js';

export type Answer = (request: Request, handle: NeuronHandle) => unknown;

/** Keeps what it gets, and answers as it was told. */
export class Agent extends Neuron {
  readonly messages: Message[] = [];
  readonly requests: Request[] = [];
  override readonly concurrency?: number;
  answer: Answer;
  id = -1;
  handle!: NeuronHandle;

  constructor(answer: Answer = (request) => request.value, concurrency?: number) {
    super();
    this.answer = answer;
    if (concurrency !== undefined) this.concurrency = concurrency;
  }

  override onRegister(handle: NeuronHandle): void {
    this.handle = handle;
    this.id = handle.id;
  }

  override onMessage(message: Message): void | Promise<void> {
    this.messages.push(message);
  }

  override onRequest(request: Request, handle: NeuronHandle): unknown {
    this.requests.push(request);
    return this.answer(request, handle);
  }

  get texts(): string[] {
    return this.messages.map((message) => message.text());
  }
}

export function addAgent(
  bus: NeuronBus,
  answer?: Answer,
  card: Partial<AgentCardInit> = {},
  concurrency?: number,
): Agent {
  const agent = new Agent(answer, concurrency);
  bus.register(agent, { name: 'agent', ...card });
  return agent;
}

/** Ticks and lets promises go on, until nothing is under way. */
export async function settle(bus: NeuronBus): Promise<void> {
  for (let quiet = 0; quiet < 3 && !bus.closed; ) {
    quiet = bus.tick() === 0 ? quiet + 1 : 0;
    await turn();
  }
}

/** Ticks until all of them are settled, which takes some ticks for each part of a stream. */
export async function ticked<T>(bus: NeuronBus, ...promises: Promise<T>[]): Promise<T[]> {
  const all = Promise.all(promises);
  let over = false;
  const end = () => {
    over = true;
  };
  all.then(end, end);
  for (let ticks = 0; !over; ticks++) {
    if (ticks === 10_000) throw new Error('it does not go on');
    bus.tick();
    await turn();
  }
  return all;
}

/** What a promise came to: its value, or the code of its error. */
export function outcome<T>(promise: Promise<T>): { is: string; value?: T; error?: NeuronBusError } {
  const seen: { is: string; value?: T; error?: NeuronBusError } = { is: 'pending' };
  promise.then(
    (value) => Object.assign(seen, { is: 'resolved', value }),
    (error) =>
      Object.assign(seen, { is: error instanceof NeuronBusError ? error.code : String(error), error }),
  );
  return seen;
}

/** All of a stream, and how it ended. */
export async function collect(stream: TokenStream): Promise<unknown[]> {
  const parts: unknown[] = [];
  try {
    for await (const part of stream) parts.push(part);
  } catch (error) {
    parts.push((error as { code: string }).code);
  }
  return parts;
}
