// SPDX-License-Identifier: MIT
//
// Shows inputs to a network, one after the other: a bounded queue, and what becomes of each input. On the thread of the network.

import { checkKeys, invalidArgument, NeuronBusError } from '../memory/errors.js';
import type { Decoder } from './decoders.js';
import type { Encoder, SpikeTrain } from './encoders.js';
import type { Engine } from './engine.js';
import type { SpikingNetwork } from './network.js';
import type { Population, SpikeSource } from './neurons.js';
import type { Recording, Spikes } from './recording.js';
import { takeTurn } from './turns.js';
import { checkInteger, isList } from './validation.js';

/** @internal */
export interface PresenterOptions<Input, Output> {
  input: SpikeSource;
  output: Population;
  encoder: Encoder<Input>;
  decoder: Decoder<Output>;
  windowMs: number;
  settleMs: number;
  queueLimit: number;
  maxSpikes: number;
}

/** @internal */
export interface PresenterHost {
  /** Input `number` begins; the network rests. */
  begun(number: number): void;
  /** Output spikes of the input that runs, in order, with times from its beginning. The network rests. */
  heard(spikes: Spikes): void;
  /** Input `number` failed, not for being closed. */
  failed(number: number, error: unknown): void;
  overflow(refused: number): void;
  closed(): void;
}

/** @internal What became of an input. */
export interface Finished<Output> {
  /** Inputs are numbered from 1, in the order in which they were taken. */
  readonly number: number;
  readonly output: Output | undefined;
  /** When its window ended, ms of simulated time. */
  readonly timeMs: number;
  /** Nobody wanted it any more when its turn came. */
  readonly withdrawn: boolean;
}

export interface PopulationNeuronStats {
  /** Inputs that were taken: the sum of the following six. */
  readonly accepted: number;
  readonly decoded: number;
  /** The run or the decoder threw. */
  readonly failed: number;
  /** Who asked gave up before their turn, or all was closed. */
  readonly withdrawn: number;
  readonly waiting: number;
  /** 0 or 1. */
  readonly running: number;
  /** Inputs that were refused because the queue was full. */
  readonly refused: number;
  /** Output spikes beyond `maxSpikes` of a window. */
  readonly lostSpikes: number;
}

interface Entry<Output> {
  readonly number: number;
  readonly train: SpikeTrain;
  readonly withdrawn: (() => boolean) | undefined;
  resolve(finished: Finished<Output>): void;
  reject(error: unknown): void;
}

/** @internal */
export class Presenter<Input, Output> {
  readonly #net: SpikingNetwork;
  readonly #engine: Engine;
  readonly #options: PresenterOptions<Input, Output>;
  readonly #host: PresenterHost;
  readonly #recording: Recording;
  readonly #abort = new AbortController();
  readonly #close = () => this.close();
  readonly #waiting: Entry<Output>[] = [];
  readonly #counts = { accepted: 0, decoded: 0, failed: 0, withdrawn: 0, refused: 0, lostSpikes: 0 };
  #pumping: Promise<void> | undefined;
  /** The input that waits for the network to rest from a run of others. */
  #next: Entry<Output> | undefined;
  #running = 0;
  #presented = false;
  /** Step at which the last window ends. */
  #end = 0;

  /** @throws NeuronBusError ERR_NB_INVALID_ARGUMENT naming the option, ERR_NB_CLOSED, ERR_NB_RUNNING. */
  constructor(net: SpikingNetwork, options: PresenterOptions<Input, Output>, host: PresenterHost) {
    const { engine } = options.input;
    engine.steps('windowMs', options.windowMs, 1);
    engine.steps('settleMs', options.settleMs, 0);
    checkInteger('queueLimit', options.queueLimit, 0, 2 ** 20);
    this.#net = net;
    this.#engine = engine;
    this.#options = options;
    this.#host = host;
    this.#recording = net.record(options.output, { spikes: true, maxSpikes: options.maxSpikes });
    engine.closing.add(this.#close);
  }

  get closed(): boolean {
    return this.#abort.signal.aborted;
  }

  /** Number of the input that was taken last; 0: none was. */
  get last(): number {
    return this.#counts.accepted;
  }

  /** @throws NeuronBusError ERR_NB_CLOSED. */
  check(): void {
    if (this.closed) throw closed();
  }

  stats(): PopulationNeuronStats {
    const { accepted, decoded, failed, withdrawn, refused, lostSpikes } = this.#counts;
    const [waiting, running] = [this.#waiting.length, this.#running];
    return { accepted, decoded, failed, withdrawn, waiting, running, refused, lostSpikes };
  }

  /**
   * Takes an input; undefined: the queue is full. `withdrawn` is asked when its turn comes.
   *
   * @throws NeuronBusError ERR_NB_CLOSED, and what the encoder throws; then nothing was taken.
   */
  offer(input: Input, withdrawn?: () => boolean): Promise<Finished<Output>> | undefined {
    this.check();
    if (this.#pumping !== undefined && this.#waiting.length >= this.#options.queueLimit) {
      this.#host.overflow(++this.#counts.refused);
      return undefined;
    }
    const { encoder, windowMs } = this.#options;
    const train = this.#checkTrain(encoder.encode(input, windowMs));
    this.check(); // the encoder is somebody else's
    const number = ++this.#counts.accepted;
    const finished = new Promise<Finished<Output>>((resolve, reject) => {
      this.#waiting.push({ number, train, withdrawn, resolve, reject });
    });
    this.#pumping ??= this.#pump();
    return finished;
  }

  async idle(): Promise<void> {
    while (this.#pumping !== undefined) await this.#pumping;
  }

  close(): void {
    if (this.closed) return;
    this.#abort.abort();
    this.#engine.closing.delete(this.#close);
    for (const { reject } of this.#waiting.splice(0)) {
      this.#counts.withdrawn++;
      reject(closed());
    }
    this.#next?.reject(closed()); // counted when its turn comes
    this.#host.closed();
  }

  async #pump(): Promise<void> {
    for (let entry = this.#waiting.shift(); entry !== undefined; entry = this.#waiting.shift()) {
      const { number, withdrawn } = entry;
      if (withdrawn?.() === true) {
        this.#counts.withdrawn++;
        entry.resolve({ number, output: undefined, timeMs: this.#net.timeMs, withdrawn: true });
        continue;
      }
      this.#running = 1;
      this.#next = entry;
      try {
        const finished = await this.#present(entry);
        this.#counts.decoded++;
        this.#running = 0;
        entry.resolve(finished);
      } catch (error) {
        this.#running = 0;
        this.#lose(entry, error);
      }
    }
    this.#pumping = undefined;
  }

  #lose({ number, reject }: Entry<Output>, error: unknown): void {
    if (this.closed) {
      this.#counts.withdrawn++;
      reject(closed());
    } else {
      this.#counts.failed++;
      this.#host.failed(number, error);
      reject(error);
    }
  }

  async #present({ number, train }: Entry<Output>): Promise<Finished<Output>> {
    const { windowMs, settleMs, input, decoder } = this.#options;
    const net = this.#net;
    const engine = this.#engine;
    const { signal } = this.#abort;
    const heard = await takeTurn(net, engine, async () => {
      this.#next = undefined;
      // What was left of the spikes of a window that failed must not come with this one.
      const restMs = engine.timeOf(Math.max(0, this.#end - engine.now)) + (this.#presented ? settleMs : 0);
      if (restMs > 0) await net.run(restMs, { signal });
      this.check();
      this.#presented = true;
      const begin = engine.now;
      const steps = engine.steps('windowMs', windowMs, 1);
      this.#end = begin + steps;
      // A time just below the end of the window is of its last step, whatever rounding says: the next step is another input's.
      const stepOf = (ms: number) => Math.min(engine.stepAt('timesMs', ms), steps - 1);
      const timesMs = train.timesMs.map((ms) => engine.timeOf(begin + stepOf(ms)));
      input.add({ neurons: train.neurons, timesMs });
      this.#recording.clear();
      this.#host.begun(number);
      const parts: Spikes[] = [];
      let room = this.#options.maxSpikes;
      await net.run(windowMs, {
        signal,
        onProgress: () => {
          const spikes = this.#take(begin, room);
          if (spikes.neuron.length === 0) return;
          room -= spikes.neuron.length;
          parts.push(spikes);
          this.#host.heard(spikes);
        },
      });
      return parts;
    });
    const output = decoder.decode(joined(heard), windowMs);
    return { number, output, timeMs: net.timeMs, withdrawn: false };
  }

  /** The first `room` output spikes since the last time, with times from step `begin`; the others are lost, and counted. */
  #take(begin: number, room: number): Spikes {
    const { spikes, lost } = this.#recording;
    this.#recording.clear();
    this.#counts.lostSpikes += lost + Math.max(0, spikes.neuron.length - room);
    const neuron = spikes.neuron.slice(0, room);
    const timeMs = spikes.timeMs.slice(0, room);
    const { dtMs } = this.#engine;
    for (let i = 0; i < timeMs.length; i++)
      timeMs[i] = this.#engine.timeOf(Math.round(timeMs[i] / dtMs) - begin);
    return { neuron, timeMs };
  }

  #checkTrain(train: SpikeTrain): SpikeTrain {
    checkKeys('what encoder.encode() returns', train, new Set(['neurons', 'timesMs']));
    const { neurons, timesMs } = train;
    if (!isList(neurons) || !isList(timesMs) || neurons.length !== timesMs.length)
      throw invalidArgument(
        'what encoder.encode() returns',
        train,
        '{ neurons, timesMs }, both of one length',
      );
    const { input, windowMs } = this.#options;
    for (let i = 0; i < neurons.length; i++) {
      if (!(Number.isInteger(neurons[i]) && neurons[i] >= 0 && neurons[i] < input.size))
        throw invalidArgument(
          `neurons[${i}] of the encoder`,
          neurons[i],
          `an integer from 0 to ${input.size - 1}`,
        );
      if (!(timesMs[i] >= 0 && timesMs[i] < windowMs))
        throw invalidArgument(
          `timesMs[${i}] of the encoder`,
          timesMs[i],
          `from 0 to below ${windowMs}, the window`,
        );
    }
    // Copies: it waits its turn, and the encoder may use its arrays again.
    return { neurons: Uint32Array.from(neurons), timesMs: Float64Array.from(timesMs) };
  }
}

function joined(parts: readonly Spikes[]): Spikes {
  const count = parts.reduce((sum, { neuron }) => sum + neuron.length, 0);
  const [neuron, timeMs] = [new Uint32Array(count), new Float64Array(count)];
  let at = 0;
  for (const part of parts) {
    neuron.set(part.neuron, at);
    timeMs.set(part.timeMs, at);
    at += part.neuron.length;
  }
  return { neuron, timeMs };
}

function closed(): NeuronBusError {
  return new NeuronBusError('CLOSED', 'The network, its bus or its neuron was closed');
}
