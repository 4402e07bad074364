// SPDX-License-Identifier: MIT
//
// The neuron that owns the blackboard of a bus. It answers one question at a time, so what it does is in one order for everybody.
// Called on the thread of the bus that it is registered at.
//
// Watchers ask again and again for what changed after what they know, and such a question waits here until there is something to
// tell. So the owner keeps nothing about a watcher between its questions: one that died is forgotten with its question, and a
// lost answer is asked for again.

import { NeuronBusError } from '../../memory/errors.js';
import type { Request } from '../messages/incoming.js';
import { Neuron, type NeuronHandle } from '../neuron.js';
import { checkInteger, given } from '../options.js';
import { type BlackboardLimits, BoardStore, type Changes } from './store.js';
import {
  BLACKBOARD,
  type ChangesQuestion,
  decode,
  encode,
  type KeyName,
  matches,
  type Question,
  type Refusal,
  type StateAnswer,
} from './wire.js';

const DEFAULT_LIMITS: BlackboardLimits = {
  maxKeys: 4096,
  maxKeyBytes: 1024,
  maxValueBytes: 65_536,
  maxBytes: 8 << 20,
  maxWatchers: 1024,
};
/** How often it looks for questions of watchers that waited for half of their time, ms. */
const SWEEP_MS = 1000;

/**
 * Small state that all agents of a bus share. One thread registers it, before the others look for it:
 *
 * ```ts
 * bus.register(new Blackboard(), { name: 'blackboard' });
 * const board = bus.blackboard(id);                     // there, and in every other thread and process; or handle.blackboard()
 * const version = await board.set('limits/heater', { max: 70 });
 * for await (const { value } of board.watch('limits/heater')) ...
 * ```
 *
 * There is one on a bus: register() throws ERR_NB_CAPABILITY_TAKEN for a second one. The state lives and dies with it: when its
 * thread or process ends, pending calls and watchers get ERR_NB_DEAD_TARGET, later ones ERR_NB_NO_ROUTE until somebody registers
 * another, which begins empty. No version of the former has the meaning of one of the latter.
 */
export class Blackboard extends Neuron {
  override readonly capabilities = [BLACKBOARD];
  override readonly exclusive = true;
  readonly #limits: BlackboardLimits;
  readonly #waiting = new Map<Request, ChangesQuestion>();
  #store: BoardStore | undefined;
  #sweep: NodeJS.Timeout | undefined;

  /** @throws NeuronBusError ERR_NB_INVALID_ARGUMENT naming the limit. */
  constructor(limits: Partial<BlackboardLimits> = {}) {
    super();
    this.#limits = { ...DEFAULT_LIMITS, ...given('', limits, DEFAULT_LIMITS) };
    for (const [name, limit] of Object.entries(this.#limits)) checkInteger(name, limit, 1, 2 ** 31);
  }

  /** Keys that are there. */
  get size(): number {
    return this.#store?.size ?? 0;
  }

  /** Watchers that wait for a change right now. */
  get watchers(): number {
    return this.#waiting.size;
  }

  override onRegister({ bus }: NeuronHandle): void {
    // Microseconds of the monotonic clock: above every version of an owner before, unless that one wrote more than once in each.
    this.#store = new BoardStore(this.#limits, Math.floor(bus.clock.now() / 1e3));
  }

  override onRequest(request: Request, { bus }: NeuronHandle): Uint8Array | undefined {
    try {
      const { question, body } = read(request);
      if (question.op === 'changes') return this.#changes(question, request, bus.clock.virtual);
      return this.#one(question, body);
    } catch (error) {
      const refusal = refusalOf(error);
      if (refusal === undefined) throw error;
      return encode(refusal);
    }
  }

  #one(question: Exclude<Question, ChangesQuestion>, body: Uint8Array): Uint8Array {
    const store = this.#store!;
    const { key } = question;
    if (question.op === 'get') {
      const stored = store.get(key);
      if (stored === undefined) return encode({ ok: false, version: 0 } satisfies StateAnswer);
      const { version, kind, bytes } = stored;
      return encode({ ok: true, version, kind } satisfies StateAnswer, bytes);
    }
    const { expected } = question;
    const answer =
      question.op === 'set'
        ? store.set(key, question.kind, body.slice(), expected)
        : store.delete(key, expected);
    if (answer.ok) {
      this.#tell(key);
      return encode(answer);
    }
    const stored = store.get(key);
    return stored === undefined ? encode(answer) : encode({ ...answer, kind: stored.kind }, stored.bytes);
  }

  #changes(question: ChangesQuestion, request: Request, virtual: boolean): Uint8Array | undefined {
    const changes = this.#store!.changes(question);
    if (changes !== undefined) return pack(changes);
    if (question.wait !== true) return pack(this.#store!.nothing());
    const { maxWatchers } = this.#limits;
    if (this.#waiting.size >= maxWatchers)
      throw new NeuronBusError('BOARD_FULL', `maxWatchers is ${maxWatchers}`);
    this.#waiting.set(request, question);
    request.signal.addEventListener('abort', () => this.#waiting.delete(request), { once: true });
    if (!virtual) this.#sweep ??= setInterval(this.#answerOld, SWEEP_MS).unref();
    return undefined;
  }

  #tell(key: KeyName): void {
    let changes: Uint8Array | undefined;
    for (const [request, question] of this.#waiting) {
      if (!matches(question, key)) continue;
      changes ??= pack(this.#store!.latest(key));
      this.#answer(request, changes);
    }
  }

  // That nothing changed: the watcher knows that it is heard, and asks again. With the virtual clock it asks again when it gets
  // no answer.
  readonly #answerOld = (): void => {
    for (const request of this.#waiting.keys()) {
      const { timestamp, deadline } = request;
      if (request.remainingMs * 1e6 < (deadline - timestamp) / 2)
        this.#answer(request, pack(this.#store!.nothing()));
    }
    if (this.#waiting.size > 0) return;
    clearInterval(this.#sweep);
    this.#sweep = undefined;
  };

  // Who gets no answer, because there is no room for it now, asks again.
  #answer(request: Request, changes: Uint8Array): void {
    this.#waiting.delete(request);
    try {
      request.reply(changes);
    } catch (error) {
      if (!(error instanceof NeuronBusError)) throw error;
    }
  }
}

function pack({ answer, values }: Changes): Uint8Array {
  return encode(answer, ...values);
}

function read(request: Request): { question: Question; body: Uint8Array } {
  const { header, body } = decode(request.value);
  const { op, key, prefix, since, settled, expected, kind } = (header ?? {}) as Record<string, unknown>;
  const isName = (name: unknown) => typeof name === 'string' && (name[0] === 't' || name[0] === 'b');
  const isVersion = (version: unknown) => Number.isSafeInteger(version);
  const good =
    op === 'changes'
      ? isVersion(since) && isVersion(settled) && (isName(key) || prefix === '' || isName(prefix))
      : isName(key) &&
        (expected === undefined || isVersion(expected)) &&
        (op === 'get' || op === 'delete' || (op === 'set' && (kind === 'json' || kind === 'bytes')));
  if (!good) throw new NeuronBusError('BAD_PAYLOAD', 'A blackboard does not understand this question');
  return { question: header as Question, body };
}

function refusalOf(error: unknown): Refusal | undefined {
  if (!(error instanceof NeuronBusError)) return undefined;
  const detail = error.message.split('. ')[0];
  for (const name of ['TOO_LARGE', 'BOARD_FULL', 'BAD_PAYLOAD'] as const) {
    if (error.code === `ERR_NB_${name}`) return { error: name, detail };
  }
  return undefined;
}
