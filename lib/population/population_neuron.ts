// SPDX-License-Identifier: MIT
//
// A spiking network as one neuron of a bus. What comes is encoded into spikes of a source, the network runs for a window on its
// own threads, and what the output population fired is decoded and sent back. On the thread of the network, which is that of the
// bus.

import { EventEmitter } from 'node:events';
import type { Message, Request } from '../bus/messages/incoming.js';
import { Neuron, type NeuronHandle } from '../bus/neuron.js';
import { invalidArgument, NeuronBusError } from '../memory/errors.js';
import type { Spike } from '../memory/spike.js';
import {
  type Ablation,
  checkHeal,
  Graveyard,
  type Healing,
  type HealOptions,
  rewireAll,
} from './ablation.js';
import { leaveWith, type Membership } from './bus_end.js';
import { carried, plain } from './carried.js';
import { Classes } from './classes.js';
import {
  type Consensus,
  ConsensusJudge,
  type ConsensusOptions,
  type Decision,
  DecisionJudge,
  type DecisionOptions,
  type Judge,
} from './decision.js';
import type { SpikingNetwork } from './network.js';
import { checkPopulation, type Population, type SpikeSource } from './neurons.js';
import {
  checkOptions,
  type PopulationNeuronEvents,
  type PopulationNeuronOptions,
} from './population_neuron_options.js';
import { type Finished, type PopulationNeuronStats, Presenter } from './presenter.js';
import { checkIndices } from './validation.js';
import { type AwaitOptions, Verdicts } from './verdicts.js';

/**
 * A network on the bus, made by `net.asNeuron()`:
 *
 * ```ts
 * const neuron = net.asNeuron({ input, output, encoder, decoder, windowMs: 100 });
 * const id = bus.register(neuron, { name: 'digits', capabilities: ['see'] });
 * const { value } = await bus.request(me, 'digits', pixels); // what the decoder says
 * neuron.broadcast(pixels);                                  // returns at once
 * const { class: digit } = await neuron.awaitConsensus(0.8, { timeoutMs: 1000 });
 * ```
 *
 * Inputs run one after the other, in the order in which they came; the same inputs in the same order give the same outputs. What
 * the network learns while it runs it keeps. Several neurons of one network take turns; a run() of your own makes them wait, and
 * is refused with ERR_NB_RUNNING while one of them runs.
 *
 * What the encoder throws goes to the caller: to who asks as ERR_NB_REMOTE, of a spike or a message as an 'error' event of the
 * bus, of present() and broadcast() as it is. An input that is refused because the queue is full is counted and an 'overflow'
 * event; who asks gets ERR_NB_REMOTE with ERR_NB_FULL as cause.
 *
 * Closing the bus, the network, or this ends all: waiting inputs are withdrawn, the run ends at a step boundary, whoever waits gets
 * ERR_NB_CLOSED. Closing this or the bus leaves the network to you.
 */
export class PopulationNeuron<Input = unknown, Output = unknown> extends Neuron {
  readonly network: SpikingNetwork;
  readonly input: SpikeSource;
  readonly output: Population;
  readonly events = new EventEmitter<PopulationNeuronEvents<Output>>();
  readonly #read: (incoming: Spike | Message) => Input;
  readonly #target: 'source' | 'synapses';
  readonly #classes: Classes;
  readonly #presenter: Presenter<Input, Output>;
  readonly #verdicts = new Verdicts();
  readonly #graveyard: Graveyard;
  #membership: Membership | undefined;
  #handle: NeuronHandle | undefined;

  /** @internal */
  constructor(network: SpikingNetwork, options: PopulationNeuronOptions<Input, Output>) {
    super();
    const { read, target, classes, ...shown } = checkOptions(network, options);
    this.#target = target;
    this.#classes = new Classes(classes);
    if (classes.length !== shown.output.size)
      throw invalidArgument('the length of classes', classes.length, `${shown.output.size}, as of output`);
    this.network = network;
    this.input = shown.input;
    this.output = shown.output;
    this.#read = read;
    this.#graveyard = new Graveyard(network);
    this.#presenter = new Presenter<Input, Output>(network, shown, {
      begun: (number) => {
        this.#look();
        this.#verdicts.begin(number);
      },
      heard: (spikes) => this.#verdicts.hear(spikes),
      failed: (number, error) => this.#verdicts.fail(number, error),
      overflow: (refused) => this.#tell('overflow', refused),
      closed: () => this.#closed(),
    });
  }

  // ---- inputs of this program -------------------------------------------------------------------------------------------

  /**
   * Gives an input to the network and returns at once. What comes of it are the events 'output' and 'error', the spikes that go
   * to neurons with a synapse from this one if `target` is 'synapses', and what awaitConsensus() and awaitDecision() say.
   *
   * @returns false: the queue is full; it was refused and counted.
   * @throws NeuronBusError ERR_NB_CLOSED, and what the encoder throws.
   */
  broadcast(input: Input): boolean {
    const finished = this.#presenter.offer(input);
    if (finished === undefined) return false;
    finished.then((done) => this.#report(done, undefined)).catch((error) => this.#failed(error));
    return true;
  }

  /**
   * Gives an input to the network; resolves to the output. Otherwise as broadcast().
   *
   * @throws NeuronBusError ERR_NB_FULL (refused and counted), ERR_NB_CLOSED, and what the encoder, the run and the decoder throw.
   */
  async present(input: Input): Promise<Output | undefined> {
    const done = await this.#offer(input);
    this.#report(done, undefined);
    return done.output;
  }

  /**
   * Resolves when at least the share `agreement` of the active output neurons is for one class: {@link findConsensus} has the
   * formula. It looks at the input that was given last (from its beginning, also if it has run meanwhile), then at those that
   * follow, each on its own. `timeMs` of the result is simulated time from the beginning of that input.
   *
   * @param agreement above 0, at most 1.
   * @throws NeuronBusError ERR_NB_TIMEOUT that says how far it got, ERR_NB_ABORTED, ERR_NB_CLOSED, ERR_NB_INVALID_ARGUMENT, and
   * what the run of an input throws.
   */
  async awaitConsensus(agreement: number, options: ConsensusOptions & AwaitOptions = {}): Promise<Consensus> {
    const [waiting, rest] = split(options);
    return this.#wait(new ConsensusJudge(this.#classes, agreement, rest), waiting);
  }

  /**
   * Resolves when the output spikes speak for one class with at least this confidence: {@link findDecision} has the formula.
   * Otherwise as awaitConsensus().
   *
   * @throws as {@link awaitConsensus}.
   */
  async awaitDecision(options: { confidence: number } & DecisionOptions & AwaitOptions): Promise<Decision> {
    const [waiting, { confidence, ...rest }] = split(options);
    return this.#wait(new DecisionJudge(this.#classes, confidence, rest), waiting);
  }

  /** Resolves when no input runs or waits. */
  idle(): Promise<void> {
    return this.#presenter.idle();
  }

  stats(): PopulationNeuronStats {
    return this.#presenter.stats();
  }

  // ---- death and healing ------------------------------------------------------------------------------------------------

  /**
   * Kills neurons of a population of the network (default: of `output`), also in mid-run, between two slices of it. Resolves to
   * who died, without those who were dead; which is also an 'ablate' event.
   *
   * @throws NeuronBusError ERR_NB_INVALID_ARGUMENT naming the index, ERR_NB_CLOSED.
   */
  async kill(neurons: ArrayLike<number>, population: Population = this.output): Promise<Ablation> {
    this.#presenter.check();
    checkPopulation('population', population, this.input.engine);
    const indices = checkIndices('neurons', neurons, population.size);
    return this.network.atRest(() => {
      this.#look(); // who died before is not of this
      population.kill(indices);
      const found = this.#look().find((one) => one.population === population);
      return found ?? { population, neurons: new Uint32Array(0), timeMs: this.network.timeMs };
    });
  }

  /** The dead of each population that has some, as of the last input or kill(). */
  get killed(): ReadonlyMap<Population, Uint32Array> {
    return this.#graveyard.killed;
  }

  /**
   * Removes the synapses from and to dead neurons and grows others between living ones, in every projection from or to a
   * population with dead neurons (in a convolution nothing grows); also in mid-run. Resolves to what was done, which is also a 'heal' event.
   *
   * @throws NeuronBusError ERR_NB_INVALID_ARGUMENT naming the option (also a weight that a rule does not allow), ERR_NB_CLOSED.
   */
  async heal(options: HealOptions = {}): Promise<readonly Healing[]> {
    this.#presenter.check();
    const checked = checkHeal(options);
    return this.network.atRest(() => {
      this.#look();
      const healed = rewireAll(this.network, this.#graveyard.killed, checked);
      this.#tell('heal', healed);
      return healed;
    });
  }

  // ---- on the bus -------------------------------------------------------------------------------------------------------

  override onRegister(handle: NeuronHandle): void {
    this.#handle = handle;
    this.#membership = leaveWith(handle, {
      left: () => this.#left(handle),
      closed: () => this.close(),
    });
  }

  override onSpike(spike: Spike, handle: NeuronHandle): Promise<void> | undefined {
    const finished = this.#presenter.offer(this.#read(spike), () => this.#handle !== handle);
    if (finished === undefined) return undefined; // refused, and counted
    const asked = spike.clone();
    return this.#answer(finished, handle, (output) => handle.reply(asked, ...carried(output)));
  }

  override onMessage(message: Message, handle: NeuronHandle): Promise<void> | undefined {
    const finished = this.#presenter.offer(this.#read(message), () => this.#handle !== handle);
    if (finished === undefined) return undefined;
    return this.#answer(finished, handle, (output) => handle.fireTo(message.from, ...carried(output)));
  }

  override async onRequest(request: Request): Promise<unknown> {
    const { signal } = request;
    const done = await this.#offer(this.#read(request), () => signal.aborted);
    this.#report(done, undefined);
    return plain(done.output);
  }

  /** Ends it: see above. Closing twice does nothing. */
  close(): void {
    this.#presenter.close();
  }

  get closed(): boolean {
    return this.#presenter.closed;
  }

  // ---- inside -----------------------------------------------------------------------------------------------------------

  #offer(input: Input, withdrawn?: () => boolean): Promise<Finished<Output>> {
    const finished = this.#presenter.offer(input, withdrawn);
    if (finished !== undefined) return finished;
    throw new NeuronBusError(
      'FULL',
      `${this.#presenter.stats().waiting} inputs wait, and queueLimit allows no more`,
    );
  }

  async #answer(
    finished: Promise<Finished<Output>>,
    handle: NeuronHandle,
    reply: (output: Output) => boolean,
  ): Promise<void> {
    try {
      const done = await finished;
      this.#report(done, this.#handle === handle ? reply : undefined);
    } catch (error) {
      if (!this.closed) throw error; // else it was withdrawn, and counted
    }
  }

  #wait<Verdict>(judge: Judge<Verdict>, options: AwaitOptions): Promise<Verdict> {
    this.#presenter.check();
    return this.#verdicts.wait(judge, Math.max(1, this.#presenter.last), options);
  }

  #report(
    { output, number, timeMs, withdrawn }: Finished<Output>,
    reply: ((output: Output) => boolean) | undefined,
  ): void {
    if (withdrawn) return;
    this.#tell('output', output, { input: number, timeMs });
    if (output === undefined) return;
    if (this.#target === 'source') reply?.(output);
    else this.#handle?.broadcast(...carried(output));
  }

  #look(): Ablation[] {
    const found = this.#graveyard.look();
    for (const ablation of found) this.#tell('ablate', ablation);
    return found;
  }

  #left(handle: NeuronHandle): void {
    if (this.#handle !== handle) return;
    this.#handle = undefined;
    this.#membership = undefined;
  }

  #closed(): void {
    this.#membership?.leave();
    this.#membership = undefined;
    this.#handle = undefined;
    this.#verdicts.end(new NeuronBusError('CLOSED', 'The network, its bus or its neuron was closed'));
    this.events.emit('close');
  }

  /** What a listener throws stops neither the other neurons nor whoever killed, healed or asked. */
  #tell<Name extends keyof PopulationNeuronEvents<Output>>(
    name: Name,
    ...about: PopulationNeuronEvents<Output>[Name]
  ): void {
    try {
      (this.events as EventEmitter).emit(name, ...about);
    } catch (error) {
      this.#failed(error);
    }
  }

  #failed(error: unknown): void {
    if (this.closed) return;
    if (this.events.listenerCount('error') > 0) this.events.emit('error', error);
    else
      process.emitWarning(
        `An input or a listener failed: ${String((error as Error)?.stack ?? error)}`,
        'NeuronBusWarning',
      );
  }
}

/** What concerns the waiting, and the rest. */
function split<T extends AwaitOptions>(options: T): [AwaitOptions, Omit<T, keyof AwaitOptions>] {
  if (typeof options !== 'object' || options === null) throw invalidArgument('options', options, 'an object');
  const { timeoutMs, signal, ...rest } = options;
  return [{ ...(timeoutMs !== undefined && { timeoutMs }), ...(signal !== undefined && { signal }) }, rest];
}
