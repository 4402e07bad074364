// Starts participants of a bus as processes of their own and talks to them. Not a test itself.
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { BusStats, NeuronBusOptions } from 'neuronbus';
import { HANG_MS, seen } from '../hang.js';

const PROGRAM = fileURLToPath(new URL('programs/participant.mjs', import.meta.url));

export interface State {
  stats: BusStats;
  peers: number[];
  received: number;
  accepted: number;
  refused: number;
}

/** A directory for the buses of one test. In shared memory, as by default, where there is one. */
export class Place {
  readonly path = mkdtempSync(join(tmpdir(), 'nb-processes-'));
  readonly children = new Set<Participant>();
  readonly bad: string[] = [];

  /** `runner`: a program and its arguments that start the participant, instead of its being started itself. */
  async participant(
    environment: NodeJS.ProcessEnv = {},
    runner: readonly string[] = [],
  ): Promise<Participant> {
    const child = new Participant(this, environment, runner);
    this.children.add(child);
    return child;
  }

  /** Creates the bus `name`, with a neuron unless `neuron` is false, and starts it. */
  async creator(name: string, options: NeuronBusOptions = {}, neuron = true): Promise<Participant> {
    const child = await this.participant();
    await child.ask('create', { options: { name, ...options } });
    return child.begin(neuron);
  }

  async opener(
    name: string,
    options: object = {},
    neuron = true,
    runner: readonly string[] = [],
  ): Promise<Participant> {
    const child = await this.participant({}, runner);
    await child.ask('open', { name, options });
    return child.begin(neuron);
  }

  async end(): Promise<void> {
    await Promise.all([...this.children].map((child) => child.kill()));
    rmSync(this.path, { recursive: true, force: true });
    if (this.bad.length > 0) throw new Error(this.bad.slice(0, 5).join('\n'));
  }
}

export class Participant {
  neuron = -1;
  readonly process: ChildProcess;
  readonly #place: Place;
  readonly #waiting = new Map<number, (reply: Record<string, unknown>) => void>();
  readonly #gone: Promise<void>;
  #questions = 0;
  #expected = false;

  constructor(place: Place, environment: NodeJS.ProcessEnv, runner: readonly string[]) {
    this.#place = place;
    const [program, ...rest] = [...runner, process.execPath, PROGRAM];
    this.process = spawn(program, rest, {
      stdio: ['pipe', 'pipe', 'pipe'],
      env: { ...process.env, NEURONBUS_DIR: place.path, ...environment },
    });
    let unfinished = '';
    this.process.stdout!.on('data', (data) => {
      const lines = (unfinished + data).split('\n');
      unfinished = lines.pop()!;
      for (const line of lines) this.#hear(JSON.parse(line));
    });
    let errors = '';
    this.process.stderr!.on('data', (data) => {
      errors += data;
    });
    this.process.stdin!.on('error', () => {});
    this.#gone = new Promise((resolve) => {
      this.process.on('close', (code, signal) => {
        if (!this.#expected) place.bad.push(`a participant ended with ${code ?? signal}: ${errors}`);
        for (const answer of this.#waiting.values()) answer({ error: { code: 'GONE', message: errors } });
        resolve();
      });
    });
  }

  /** What the command returns. Throws what it threw. */
  async ask<Reply = Record<string, unknown>>(what: string, rest: object = {}): Promise<Reply> {
    const id = this.#questions++;
    const reply = await new Promise<{ error?: { code: string; message: string } }>((resolve) => {
      const hang = { error: { code: 'HANG', message: `${what}: no answer` } };
      const late = setTimeout(resolve, HANG_MS, hang).unref();
      this.#waiting.set(id, (answer) => {
        clearTimeout(late);
        resolve(answer);
      });
      this.process.stdin!.write(`${JSON.stringify({ id, what, ...rest })}\n`);
    });
    this.#waiting.delete(id);
    if (reply.error !== undefined)
      throw Object.assign(new Error(reply.error.message), { code: reply.error.code });
    return reply as Reply;
  }

  async begin(neuron: boolean): Promise<this> {
    if (neuron) this.neuron = (await this.ask<{ neuron: number }>('register')).neuron;
    await this.ask('start');
    return this;
  }

  state(): Promise<State> {
    return this.ask<State>('state');
  }

  async kill(signal: NodeJS.Signals = 'SIGKILL'): Promise<void> {
    this.#expected = true;
    this.#place.children.delete(this);
    this.process.kill(signal);
    await this.#gone;
  }

  /** Ends on its own now, or somebody else ends it. */
  expectEnd(): Promise<void> {
    this.#expected = true;
    return this.#gone;
  }

  signal(signal: NodeJS.Signals): void {
    this.process.kill(signal);
  }

  #hear(message: { id?: number; bad?: string }): void {
    if (message.bad !== undefined) this.#place.bad.push(message.bad);
    else this.#waiting.get(message.id!)?.(message);
  }
}

export const lost = ({ dropped }: BusStats): number => Object.values(dropped).reduce((a, b) => a + b, 0);
export const open = (stats: BusStats): number => stats.published - stats.delivered - lost(stats);

/** Asks until `holds`, or says what it saw last. */
export async function until(
  observer: Participant,
  what: string,
  holds: (state: State) => boolean,
): Promise<State> {
  let state: State;
  return seen(
    async () => {
      state = await observer.state();
      return holds(state) ? state : undefined;
    },
    () =>
      `${what}: open ${open(state.stats)}, ${JSON.stringify({ ...state, stats: { ...state.stats, latencyNs: 0 } })}`,
  );
}
