// npm start: a pipeline of agents over text.
//
//   coordinator → splitter → linguist ─┬→ name-finder ────┬→ summarizer → coordinator
//                                      └→ keyword-finder ─┘
//
// No agent knows another one: each looks for the capability it needs (text_pipeline/messages.ts). Texts are longer than the
// 46 bytes that fit into a spike, so they travel through the arena of the bus; no line of the agents is about that.
// One thread does all of it, with bus.tick(): the input is read as fast as the agents can take it, never faster.
import { clock, NeuronBus } from 'neuronbus';
import { bold, dim, red } from './shared/terminal.js';
import { KeywordFinder, Linguist, NameFinder, Splitter, Summarizer } from './text_pipeline/agents.js';
import { Coordinator, type OpenDocument } from './text_pipeline/coordinator.js';
import type { DocumentResult } from './text_pipeline/digest.js';
import { InputError, passagesOf, type Source, standardInput } from './text_pipeline/input.js';
import { HELP, type Options, parseOptions } from './text_pipeline/options.js';
import { ProgressLine } from './text_pipeline/progress.js';
import { busReport, documentReport } from './text_pipeline/report.js';

const WAIT_HINT_MS = 1000;

class Pipeline {
  readonly bus = NeuronBus.create({ name: 'text pipeline', maxNeurons: 16, arenaCapacity: 1 << 20, stamps: 'each' });
  readonly #progress: ProgressLine;
  readonly #coordinator: Coordinator;
  #failures = 0;

  constructor(sources: readonly Source[], onDocument: (result: DocumentResult) => void) {
    const total = sources.reduce<number | undefined>((sum, { bytes }) => sum && bytes && sum + bytes, 1);
    this.#progress = new ProgressLine(total);
    this.#coordinator = new Coordinator((result) => {
      this.#progress.clear();
      if (result.lost > 0) this.#failures++;
      onDocument(result);
    });
    this.bus.on('error', ({ error, card }) => this.complain(`${card.name}: ${error}`));
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
    try {
      for await (const text of passagesOf(source)) {
        document ??= this.#coordinator.open(source.name);
        this.#coordinator.add(document, text);
        this.#workWhile(() => this.#coordinator.full);
      }
    } catch (error) {
      if (!(error instanceof InputError)) throw error;
      this.complain(error.message);
    }
    if (document) this.#coordinator.end(document);
  }

  finish(): void {
    this.#workWhile(() => !this.#coordinator.idle);
    this.#progress.clear();
  }

  // Two ticks without a delivery, although findings are awaited: an agent failed on the way, and said so.
  #workWhile(waiting: () => boolean): void {
    let idleTicks = 0;
    while (waiting()) {
      idleTicks = this.bus.tick() > 0 ? 0 : idleTicks + 1;
      if (idleTicks === 2) this.#coordinator.abandon();
    }
  }
}

async function run({ sources, json }: Options): Promise<number> {
  const print = (lines: readonly string[]) => process.stdout.write(`${lines.join('\n')}\n`);
  const started = clock.now();
  const pipeline = new Pipeline(sources, (result) => print(json ? [JSON.stringify(result)] : documentReport(result)));
  if (!json) print([bold(`Reading ${sources.length === 1 ? sources[0]!.name : `${sources.length} texts`}`), '']);
  for (const source of sources) {
    const hint = source === standardInput ? setTimeout(sayWaiting, WAIT_HINT_MS) : undefined;
    await pipeline.read(source);
    clearTimeout(hint);
  }
  pipeline.finish();
  if (json) print([JSON.stringify({ bus: pipeline.bus.stats() })]);
  else print(busReport(pipeline.bus, clock.now() - started));
  pipeline.bus.close();
  return pipeline.failures > 0 ? 1 : 0;
}

function sayWaiting(): void {
  process.stderr.write(dim('waiting for the end of standard input; npm start </dev/null reads the shipped texts\n'));
}

async function main(): Promise<number> {
  let options: Options;
  try {
    options = await parseOptions(process.argv.slice(2));
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    process.stderr.write(`${error.message}\n\n${HELP}`);
    return 2;
  }
  if (!options.help) return run(options);
  process.stdout.write(HELP);
  return 0;
}

// A reader that has seen enough, as in `npm start | head`, is no fault.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
  process.exit(0);
});

process.exitCode = await main();
