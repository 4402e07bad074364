// The bus with its agents, and the loop that reads input no faster than they work. Used by one thread.
import { NeuronBus } from 'neuronbus';
import { red } from '../shared/terminal.js';
import { KeywordFinder, Linguist, NameFinder, Splitter, Summarizer } from './agents.js';
import { Coordinator, type OpenDocument } from './coordinator.js';
import type { DocumentResult } from './digest.js';
import { InputError, passagesOf, type Source, standardInput } from './input.js';
import { ProgressLine } from './progress.js';

const WAIT_HINT_MS = 1000;

export class Pipeline {
  readonly bus = NeuronBus.create({
    maxNeurons: 16,
    arenaCapacity: 1 << 20,
    stamps: 'each',
  });
  readonly #progress: ProgressLine;
  readonly #coordinator: Coordinator;
  #failures = 0;

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
    this.bus.register(new Splitter(), { name: 'splitter' });
    this.bus.register(new Linguist(), { name: 'linguist' });
    this.bus.register(new NameFinder(), { name: 'name-finder' });
    this.bus.register(new KeywordFinder(), { name: 'keyword-finder' });
    this.bus.register(new Summarizer(), { name: 'summarizer' });
    this.bus.register(this.#progress, { name: 'progress-line' });
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
        this.#workWhile(() => this.#coordinator.full);
      }
    } catch (error) {
      if (!(error instanceof InputError)) throw error;
      this.complain(error.message);
    }
    clearTimeout(hint);
    if (document) this.#coordinator.end(document);
  }

  finish(): void {
    this.#workWhile(() => !this.#coordinator.idle);
    while (this.bus.tick() > 0); // the last thanks
    this.#progress.clear();
  }

  #sayWaiting(): void {
    process.stderr.write(
      'waiting for standard input; `npm start </dev/null` reads the shipped texts instead\n',
    );
  }

  // A tick delivers what is queued when it begins. Nothing, although findings are awaited: an agent failed on
  // the way, and said so.
  #workWhile(waiting: () => boolean): void {
    while (waiting()) {
      if (this.bus.tick() === 0) this.#coordinator.abandon();
    }
  }
}
