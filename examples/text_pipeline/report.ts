// What the text pipeline prints: a block for each document, and what the bus did. Pure functions, except for
// colours.
import type { NeuronBus } from 'neuronbus';
import {
  bold,
  bytes,
  columns,
  cyan,
  dim,
  duration,
  integer,
  padEnd,
  red,
  table,
  wrap,
} from '../shared/terminal.js';
import type { DocumentResult } from './digest.js';
import { languageName } from './nlp/language.js';
import type { Name } from './nlp/names.js';

const LABEL = 12;
const SYNAPSES_SHOWN = 3;
const MINOR_SHARE = 0.05; // of sentences in another language that is worth mentioning

/** Lines about one document. */
export function documentReport(result: DocumentResult): string[] {
  const facts = [
    languagesOf(result),
    count(result.sentences, 'sentence'),
    count(result.passages, 'passage'),
    bytes(result.bytes),
  ];
  const lines = [`${bold(wrap(result.name, columns).join(' '))}  ${dim(facts.join(' · '))}`];
  if (result.lost > 0)
    lines.push(...block('lost', [red(`${count(result.lost, 'passage')} never came back`)]));
  lines.push(...block('names', wrapItems(result.names.map(nameText))));
  lines.push(...block('keywords', wrapItems(result.keywords)));
  lines.push(
    ...block(
      'summary',
      result.summary.flatMap((sentence) => wrap(sentence, columns - LABEL)),
    ),
  );
  return [...lines, ''];
}

/** Lines about the bus. `wallNs`: how long the whole work took. */
export function busReport(bus: NeuronBus, wallNs: number): string[] {
  const { published, delivered, queued, dropped, latencyNs, neurons, handlerErrors } = bus.stats();
  const drops = Object.entries(dropped).filter(([, times]) => times > 0);
  const lost = drops.reduce((sum, [, times]) => sum + times, 0);
  const account = `${integer(delivered)} delivered + ${integer(lost)} dropped + ${integer(queued)} queued`;
  const rate = `${integer(delivered / (wallNs / 1e9))} spikes/s in ${duration(wallNs)}`;
  const { p50, p99, p999 } = latencyNs;
  const lines = [
    bold('The bus'),
    ...block('agents', [`${neurons}, found by capability`]),
    ...block('spikes', [`${integer(published)} published = ${account}`]),
    ...block('rate', [`${rate}${dim(", the agents' own work included")}`]),
    ...block('latency', [
      `p50 ${duration(p50)} · p99 ${duration(p99)} · p999 ${duration(p999)}`,
      dim('from fire to onSpike; the wait for the agents that share a thread'),
    ]),
    ...block('drops', [drops.map(([reason, times]) => `${integer(times)} ${reason}`).join(' · ') || 'none']),
  ];
  if (handlerErrors > 0) lines.push(...block('errors', [red(`${count(handlerErrors, 'handler')} failed`)]));
  return [...lines, ...block('synapses', synapseLines(bus))];
}

function synapseLines(bus: NeuronBus): string[] {
  const synapses = bus.synapses().sort((a, b) => b.weight - a.weight);
  const rows = (label: string, some: typeof synapses) =>
    some.map(({ pre, post, weight }, at) => [
      at === 0 ? label : '',
      weight.toFixed(4),
      `${bus.card(pre)?.name} → ${bus.card(post)?.name}`,
    ]);
  const shown = Math.min(SYNAPSES_SHOWN, Math.ceil(synapses.length / 2));
  const strongest = rows('strongest', synapses.slice(0, shown));
  const weakest = rows('weakest', synapses.slice(Math.max(shown, synapses.length - SYNAPSES_SHOWN)));
  return table([...strongest, ...weakest], 'lrl');
}

function languagesOf({ languages }: DocumentResult): string {
  const [main, ...others] = languages.filter(({ share }, at) => at === 0 || share >= MINOR_SHARE);
  if (!main) return languageName('und');
  if (others.length === 0) return languageName(main.code);
  return [main, ...others]
    .map(({ code, share }) => `${languageName(code)} ${Math.round(share * 100)} %`)
    .join(', ');
}

function nameText({ name, kind, count }: Name): string {
  return name + (kind === 'name' ? '' : ` (${kind})`) + (count > 1 ? ` ×${count}` : '');
}

// Items stay whole where a line has room for them.
function wrapItems(items: readonly string[]): string[] {
  const glued = items
    .map((item) => item.replaceAll(' ', '\u00a0'))
    .join(' · ')
    .replaceAll(' ·', '\u00a0·');
  return wrap(glued, columns - LABEL).map((line) => line.replaceAll('\u00a0', ' '));
}

function block(label: string, lines: readonly string[]): string[] {
  const shown = lines.length > 0 ? lines : [dim('none')];
  return shown.map((line, at) => `  ${cyan(padEnd(at === 0 ? label : '', LABEL - 2))}${line}`);
}

function count(value: number, noun: string): string {
  return `${integer(value)} ${noun}${value === 1 ? '' : 's'}`;
}
