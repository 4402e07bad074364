// Which agents there are, and which thread has which of them. Any thread.
import type { NeuronBus } from 'neuronbus';
import { KeywordFinder, Linguist, NameFinder, Splitter, Summarizer } from './agents.js';

const STAGES = [
  ['splitter', Splitter],
  ['linguist', Linguist],
  ['name-finder', NameFinder],
  ['keyword-finder', KeywordFinder],
  ['summarizer', Summarizer],
] as const;

/** More workers than this have nothing to do. */
export const MAX_WORKERS = STAGES.length;

/** Registers those agents that thread `index` of `threads` has: each agent once in all. */
export function registerStages(bus: NeuronBus, index = 0, threads = 1): void {
  STAGES.forEach(([name, Agent], i) => {
    if (i % threads === index) bus.register(new Agent(), { name });
  });
}
