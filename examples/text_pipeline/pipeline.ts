// The bus with its agents, on one thread or several, and the loop that reads input no faster than they work. Used by the
// thread that reads.
import { setImmediate } from 'node:timers/promises';
import { NeuronBus, type WorkerPool } from 'neuronbus';
import { red } from '../shared/terminal.js';
import { Coordinator, type OpenDocument } from './coordinator.js';
import type { DocumentResult } from './digest.js';
import { InputError, passagesOf, type Source, standardInput } from './input.js';
import { ProgressLine } from './progress.js';
import { MAX_WORKERS, registerStages } from './stages.js';

const WAIT_HINT_MS = 1000;
/** With other threads: how long to wait for findings before asking whether anything is under way, and how often in vain. */
const PATIENCE_MS = 100;
const LOOKS = 3;

export class Pipeline {
  readonly bus = NeuronBus.create({
    maxNeurons: 16,
    arenaCapacity: 1 << 20,
    stamps: 'each',
  });
  readonly #progress: ProgressLine;
  readonly #coordinator: Coordinator;
  #failures = 0;
  #workers: WorkerPool | undefined;

  constructor(sources: readonly Source[], onDocument: (result: DocumentResult) => void) {
    const sizes = sources.map(({ bytes }) => bytes ?? Number.NaN);
    this.#progress = new ProgressLine(sizes.reduce((total, size) => total + size, 0));
    this.#coordinator = new Coordinator((result) => {
      this.#progress.clear();
      if (result.lost > 0) this.#failures++;
      onDocument(result);
    });
    this.bus.on('error', (error, { card }) => this.complain(`${card?.name}: ${error}`));
    this.bus.register(this.#coordinator, { name: 'coordinator' });
    this.bus.register(this.#progress, { name: 'progress-line' });
  }

  /** Brings the agents on: all on this thread, or on `threads - 1` workers. */
  async staff(threads: number): Promise<void> {
    if (threads === 1) return registerStages(this.bus);
    this.#workers = this.bus.spawn(new URL('./worker.js', import.meta.url), {
      threads: Math.min(threads - 1, MAX_WORKERS),
      attach: { stamps: 'each' },
    });
    await this.#workers.ready;
    this.bus.start();
  }

  get failures(): number {
    return this.#failures;
  }

  complain(message: string): void {
    this.#failures++;
    this.#progress.clear();
    process.stderr.write(`${red('error:')} ${message}\n`);
  }

  async read(source: Source): Promise<void> {
    let document: OpenDocument | undefined;
    const hint = source === standardInput ? setTimeout(() => this.#sayWaiting(), WAIT_HINT_MS) : undefined;
    try {
      for await (const text of passagesOf(source)) {
        clearTimeout(hint);
        document ??= this.#coordinator.open(source.name);
        this.#coordinator.add(document, text);
        await this.#workWhile(() => this.#coordinator.full);
      }
    } catch (error) {
      if (!(error instanceof InputError)) throw error;
      this.complain(error.message);
    }
    clearTimeout(hint);
    if (document) this.#coordinator.end(document);
  }

  async finish(): Promise<void> {
    await this.#workWhile(() => !this.#coordinator.idle);
    // The last thanks.
    while (this.bus.tick() > 0 || (this.#workers && this.bus.stats().queued > 0)) await setImmediate();
    this.#progress.clear();
  }

  #sayWaiting(): void {
    process.stderr.write(
      'waiting for standard input; `npm start </dev/null` reads the shipped texts instead\n',
    );
  }

  // A tick delivers what is queued when it begins. Nothing, although findings are awaited: an agent failed on the way, and
  // said so. With other threads nothing may also mean that they are at work.
  async #workWhile(waiting: () => boolean): Promise<void> {
    let looks = 0;
    while (waiting()) {
      if (this.bus.tick() > 0) continue;
      if (this.#workers === undefined) {
        this.#coordinator.abandon();
      } else if (await this.#coordinator.findings(PATIENCE_MS)) {
        looks = 0;
      } else if (this.bus.stats().queued === 0 && ++looks === LOOKS) {
        this.#coordinator.abandon();
      }
    }
  }
}
