// SPDX-License-Identifier: MIT
//
// Typed channels: a name for a kind of message, with a check of its values on both sides. Plain data, any thread.
//
// A validator is anything that speaks Standard Schema version 1 (standardschema.dev: zod, valibot, arktype, ...), or a function.
// What is sent is the value as it was given, and both sides check it: what the validator makes of it (defaults, transformed
// fields, other keys left out) is what the receiver reads. So a schema need not accept its own output.

import { checkKeys, invalidArgument, NeuronBusError } from '../../memory/errors.js';

/** The part of Standard Schema version 1 that is used here. `T`: what it makes of `In`. */
export interface StandardSchema<T, In = T> {
  readonly '~standard': {
    readonly version: 1;
    readonly vendor: string;
    readonly validate: (value: unknown) => SchemaResult<T> | PromiseLike<SchemaResult<T>>;
    readonly types?: { readonly input: In; readonly output: T } | undefined;
  };
}
/** What a Standard Schema's validate() returns. */
export type SchemaResult<T> =
  | { readonly value: T; readonly issues?: undefined }
  | {
      readonly issues: readonly {
        readonly message: string;
        readonly path?: readonly unknown[] | undefined;
      }[];
    };

/** A function returns the value, perhaps a cleaned one or a promise of it, or throws. */
export type Validator<T> = StandardSchema<T, unknown> | ((value: unknown) => T | PromiseLike<T>);

/** A validator of whatever type. */
// biome-ignore lint/suspicious/noExplicitAny: what it is for is inferred from it
export type AnyValidator = StandardSchema<any, any> | ((value: any) => unknown);

/** What a validator makes of a value; unknown without one. */
export type CheckedBy<V> =
  V extends StandardSchema<infer T, infer _> ? T : V extends (value: never) => infer T ? Awaited<T> : unknown;

/** What a validator takes, as far as its types say that. */
export type TakenBy<V> = V extends { readonly '~standard': { readonly types?: infer Types } }
  ? NonNullable<Types> extends { readonly input: infer In }
    ? unknown extends In
      ? CheckedBy<V>
      : In
    : CheckedBy<V>
  : CheckedBy<V>;

/** A value that goes over a channel: what `Channel.of()` returns. */
export class ChannelValue<T = unknown, R = unknown> {
  /** Only for the compiler: what is answered. */
  declare readonly answer: R;

  constructor(
    readonly channel: { readonly name: string; readAnswer(value: unknown): R | PromiseLike<R> },
    readonly value: T,
  ) {}
}

/** Made by {@link defineChannel}. `In`: what is sent; `T`: what is read; `R`: what is answered. */
export class Channel<T, R = unknown, In = T> {
  readonly name: string;
  readonly #value: Validator<T> | undefined;
  readonly #answer: Validator<R> | undefined;

  /** @internal */
  constructor(name: string, value: Validator<T> | undefined, answer: Validator<R> | undefined) {
    this.name = name;
    this.#value = value;
    this.#answer = answer;
  }

  /**
   * What to send: `handle.request(to, translate.of({ text }))`.
   *
   * @throws NeuronBusError ERR_NB_BAD_PAYLOAD when it is not valid (the message says where), or the validator is asynchronous.
   */
  of(value: In): ChannelValue<In, R> {
    this.#now(this.#check(this.#value, value), 'ofAsync()');
    return new ChannelValue(this, value);
  }

  /** of(), for asynchronous validators too. */
  async ofAsync(value: In): Promise<ChannelValue<In, R>> {
    await this.#check(this.#value, value);
    return new ChannelValue(this, value);
  }

  /** Whether a received message came over this channel. */
  has(message: { readonly channel: string | undefined }): boolean {
    return message.channel === this.name;
  }

  /**
   * The value of a received message.
   *
   * @throws NeuronBusError ERR_NB_BAD_PAYLOAD: another channel, not valid (the message says where), or the validator is asynchronous.
   */
  read(message: { readonly channel: string | undefined; readonly value: unknown }): T {
    return this.#now(this.#checked(message), 'readAsync()');
  }

  /** read(), for asynchronous validators too. */
  async readAsync(message: { readonly channel: string | undefined; readonly value: unknown }): Promise<T> {
    return await this.#checked(message);
  }

  /** @internal An answer, checked, or to be checked. */
  readAnswer(value: unknown): R | PromiseLike<R> {
    return this.#check(this.#answer, value);
  }

  #checked(message: { readonly channel: string | undefined; readonly value: unknown }): T | PromiseLike<T> {
    if (!this.has(message)) {
      throw new NeuronBusError(
        'BAD_PAYLOAD',
        `The message is not of channel '${this.name}' but of ${message.channel ?? 'none'}`,
      );
    }
    return this.#check(this.#value, message.value);
  }

  #check<V>(validator: Validator<V> | undefined, value: unknown): V | PromiseLike<V> {
    if (validator === undefined) return value as V;
    if (!isSchema(validator)) return this.#guarded(() => validator(value));
    const result = this.#guarded(() => validator['~standard'].validate(value));
    return isPromise(result) ? result.then((late) => this.#passed(late)) : this.#passed(result);
  }

  // Whatever a validator throws or rejects with.
  #guarded<V>(call: () => V | PromiseLike<V>): V | PromiseLike<V> {
    const failed = (cause: unknown): never => {
      throw new NeuronBusError('BAD_PAYLOAD', `Channel '${this.name}': ${String(cause)}`, { cause });
    };
    try {
      const checked = call();
      return isPromise(checked) ? checked.then(undefined, failed) : checked;
    } catch (cause) {
      return failed(cause);
    }
  }

  #passed<V>(result: SchemaResult<V>): V {
    if (typeof result !== 'object' || result === null)
      throw new NeuronBusError('BAD_PAYLOAD', `Channel '${this.name}': its schema gave no result`);
    if (result.issues === undefined) return result.value;
    const issues = result.issues.map(({ message, path }) =>
      path?.length ? `${path.map(segment).join('.')}: ${message}` : message,
    );
    throw new NeuronBusError('BAD_PAYLOAD', `Channel '${this.name}': ${issues.join('; ')}`);
  }

  #now<V>(checked: V | PromiseLike<V>, other: string): V {
    return settled(checked, `Channel '${this.name}': its validator is asynchronous; use ${other}`);
  }
}

/** What was checked at once. @throws NeuronBusError ERR_NB_BAD_PAYLOAD with `otherwise` when it is a promise. */
export function settled<V>(checked: V | PromiseLike<V>, otherwise: string): V {
  if (!isPromise(checked)) return checked;
  checked.then(undefined, () => {}); // nobody asks any more
  throw new NeuronBusError('BAD_PAYLOAD', otherwise);
}

export function isPromise<V>(value: V | PromiseLike<V>): value is PromiseLike<V> {
  return typeof (value as PromiseLike<V> | null | undefined)?.then === 'function';
}

// Schemas may be functions, too (arktype), which return their errors.
function isSchema<V>(validator: Validator<V>): validator is StandardSchema<V, unknown> {
  return '~standard' in validator;
}

function segment(part: unknown): string {
  return typeof part === 'object' && part !== null && 'key' in part ? String(part.key) : String(part);
}

export interface ChannelOptions<T, R> {
  /** Of what is sent, on both sides. */
  validate?: Validator<T>;
  /** Of what is answered, at the asker. */
  validateAnswer?: Validator<R>;
}

const CHANNEL_KEYS: ReadonlySet<string> = new Set(['validate', 'validateAnswer']);

/**
 * A typed channel; its types are those of its validators, or are given.
 *
 * ```ts
 * const Text = z.object({ text: z.string() });
 * const translate = defineChannel('translate', { validate: Text, validateAnswer: Text });
 * const reply = await handle.request({ capability: 'translate' }, translate.of({ text: 'hello' }));  // reply.value.text: string
 * const note = defineChannel<{ text: string }>('note');
 * ```
 *
 * Asynchronous validators need `ofAsync()`, `readAsync()` and `reply.valueAsync()`; parts of streams are waited for.
 *
 * @throws NeuronBusError ERR_NB_INVALID_ARGUMENT naming the argument.
 */
export function defineChannel<
  V extends AnyValidator | undefined = undefined,
  A extends AnyValidator | undefined = undefined,
>(
  name: string,
  options: { validate?: V; validateAnswer?: A },
): Channel<CheckedBy<V>, CheckedBy<A>, TakenBy<V>>;
export function defineChannel<T, R = unknown>(name: string, options?: ChannelOptions<T, R>): Channel<T, R>;
export function defineChannel<T, R>(name: string, options: ChannelOptions<T, R> = {}): Channel<T, R> {
  if (typeof name !== 'string' || name === '' || name.includes('\0'))
    throw invalidArgument('name', name, 'a non-empty string without NUL');
  checkKeys('options', options, CHANNEL_KEYS);
  for (const key of ['validate', 'validateAnswer'] as const) {
    const validator = options[key];
    const good =
      validator === undefined || typeof validator === 'function' || validator['~standard']?.version === 1;
    if (!good) throw invalidArgument(key, validator, 'a function or a Standard Schema of version 1');
  }
  return new Channel(name, options.validate, options.validateAnswer);
}
