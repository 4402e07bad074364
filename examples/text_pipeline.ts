// npm start: a pipeline of agents over text.
//
//   coordinator → splitter → linguist ─┬→ name-finder ────┬→ summarizer → coordinator
//                                      └→ keyword-finder ─┘
//
// No agent knows another one: each looks for the capability it needs (text_pipeline/messages.ts). Texts are
// longer than the 46 bytes that fit into a spike, so they travel through the arena of the bus; no line of the
// agents is about that, nor about threads: the agents work on as many as there are processors, or as --threads says.
// The input is read as fast as they can take it, never faster.
import { clock } from 'neuronbus';
import { HELP, type Options, parseOptions } from './text_pipeline/options.js';
import { Pipeline } from './text_pipeline/pipeline.js';
import { busReport, documentReport } from './text_pipeline/report.js';

async function run({ sources, json, threads }: Options): Promise<number> {
  const print = (lines: readonly string[]) => process.stdout.write(`${lines.join('\n')}\n`);
  const started = clock.now();
  let documents = 0;
  const pipeline = new Pipeline(sources, (result) => {
    documents++;
    print(json ? [JSON.stringify(result)] : documentReport(result));
  });
  await pipeline.staff(threads);
  for (const source of sources) await pipeline.read(source);
  await pipeline.finish();
  if (json) print([JSON.stringify({ bus: pipeline.bus.stats() })]);
  else if (documents > 0) print(busReport(pipeline.bus, clock.now() - started));
  pipeline.bus.close();
  return pipeline.failures > 0 ? 1 : 0;
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
