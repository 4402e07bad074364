// SPDX-License-Identifier: MIT
//
// Typed channels: a name for a kind of message, with a check of its values on both sides. Plain data, any thread.
//
// A validator is anything that speaks Standard Schema version 1 (standardschema.dev: zod, valibot, arktype, ...), or a function.

import { invalidArgument, NeuronBusError } from '../../memory/errors.js';

/** The part of Standard Schema version 1 that is used here. */
export interface StandardSchema<T> {
  readonly '~standard': {
    readonly version: 1;
    readonly vendor: string;
    readonly validate: (value: unknown) => SchemaResult<T> | PromiseLike<SchemaResult<T>>;
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

/** Returns the value, perhaps a cleaned one, or throws. */
export type Validator<T> = StandardSchema<T> | ((value: unknown) => T);

/** A value that goes over a channel: what `Channel.of()` returns. */
export class ChannelValue<T = unknown, R = unknown> {
  /** Only for the compiler: what is answered. */
  declare readonly answer: R;

  constructor(
    readonly channel: Channel<T, R>,
    readonly value: T,
  ) {}
}

/** Made by {@link defineChannel}. `T`: what is sent; `R`: what is answered. */
export class Channel<T, R = unknown> {
  readonly name: string;
  readonly #value: Validator<T> | undefined;
  readonly #answer: Validator<R> | undefined;

  /** @internal */
  constructor(name: string, value: Validator<T> | undefined, answer: Validator<R> | undefined) {
    this.name = name;
    this.#value = value;
    this.#answer = answer;
  }

  /** What to send: `handle.request(to, translate.of({ text }))`. @throws NeuronBusError ERR_NB_BAD_PAYLOAD when it is not valid. */
  of(value: T): ChannelValue<T, R> {
    return new ChannelValue(this, this.#check(this.#value, value));
  }

  /** Whether a received message came over this channel. */
  has(message: { readonly channel: string | undefined }): boolean {
    return message.channel === this.name;
  }

  /** The value of a received message. @throws NeuronBusError ERR_NB_BAD_PAYLOAD: another channel, or not valid. */
  read(message: { readonly channel: string | undefined; readonly value: unknown }): T {
    if (!this.has(message)) {
      throw new NeuronBusError(
        'BAD_PAYLOAD',
        `The message is not of channel '${this.name}' but of ${message.channel ?? 'none'}`,
      );
    }
    return this.#check(this.#value, message.value);
  }

  /** @internal An answer, checked. */
  readAnswer(value: unknown): R {
    return this.#check(this.#answer, value);
  }

  #check<V>(validator: Validator<V> | undefined, value: unknown): V {
    if (validator === undefined) return value as V;
    if (typeof validator === 'function') {
      try {
        return validator(value);
      } catch (cause) {
        throw new NeuronBusError('BAD_PAYLOAD', `Channel '${this.name}': ${String(cause)}`, { cause });
      }
    }
    const result = validator['~standard'].validate(value);
    if ('then' in result) {
      throw new NeuronBusError(
        'BAD_PAYLOAD',
        `Channel '${this.name}': its validator is asynchronous; use a synchronous one`,
      );
    }
    if (result.issues === undefined) return result.value;
    const issues = result.issues.map(({ message, path }) =>
      path?.length ? `${path.map(segment).join('.')}: ${message}` : message,
    );
    throw new NeuronBusError('BAD_PAYLOAD', `Channel '${this.name}': ${issues.join('; ')}`);
  }
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

/**
 * A typed channel.
 *
 * ```ts
 * const translate = defineChannel<{ text: string }, { text: string }>('translate', { validate: z.object({ text: z.string() }) });
 * const reply = await handle.request({ capability: 'translate' }, translate.of({ text: 'hello' }));  // reply.value.text: string
 * ```
 *
 * @throws NeuronBusError ERR_NB_INVALID_ARGUMENT naming the argument.
 */
export function defineChannel<T, R = unknown>(
  name: string,
  options: ChannelOptions<T, R> = {},
): Channel<T, R> {
  if (typeof name !== 'string' || name === '' || name.includes('\0'))
    throw invalidArgument('name', name, 'a non-empty string without NUL');
  for (const key of ['validate', 'validateAnswer'] as const) {
    const validator = options[key];
    const good =
      validator === undefined || typeof validator === 'function' || validator['~standard']?.version === 1;
    if (!good) throw invalidArgument(key, validator, 'a function or a Standard Schema of version 1');
  }
  return new Channel(name, options.validate, options.validateAnswer);
}
