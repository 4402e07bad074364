// The agents that read: each knows its own trade and the capability of whoever comes next, nothing else.
import type { NeuronHandle, Spike } from 'neuronbus';
import type { Finding, Findings, Passage, Reading, Sentences } from './messages.js';
import * as messages from './messages.js';
import { detectLanguage } from './nlp/language.js';
import { namesOf } from './nlp/names.js';
import { sentencesOf } from './nlp/sentences.js';
import { keywordsOf, summaryOf } from './nlp/textrank.js';
import { Stage } from './stage.js';

const KEYWORDS = 16; // of one passage
const SUMMARY_SENTENCES = 3;

export class Splitter extends Stage {
  override readonly capabilities = [messages.SPLIT];

  onSpike(spike: Spike, handle: NeuronHandle): void {
    const { id, text } = spike.json() as Passage;
    this.pass(handle, messages.DETECT, { id, sentences: sentencesOf(text) } satisfies Sentences);
  }
}

export class Linguist extends Stage {
  override readonly capabilities = [messages.DETECT];

  onSpike(spike: Spike, handle: NeuronHandle): void {
    const { id, sentences } = spike.json() as Sentences;
    const language = detectLanguage(sentences.join(' '));
    this.pass(handle, messages.EXTRACT, { id, sentences, language } satisfies Reading);
  }
}

export class NameFinder extends Stage {
  override readonly capabilities = [messages.EXTRACT];

  onSpike(spike: Spike, handle: NeuronHandle): void {
    if (this.isThanks(spike)) return;
    const { id, sentences, language } = spike.json() as Reading;
    this.pass(handle, messages.SUMMARIZE, { id, names: namesOf(sentences, language) } satisfies Finding);
  }
}

export class KeywordFinder extends Stage {
  override readonly capabilities = [messages.EXTRACT];

  onSpike(spike: Spike, handle: NeuronHandle): void {
    if (this.isThanks(spike)) return;
    const reading = spike.json() as Reading;
    const keywords = keywordsOf(reading.sentences, reading.language, KEYWORDS);
    this.pass(handle, messages.SUMMARIZE, { id: reading.id, reading, keywords } satisfies Finding);
  }
}

/** Waits until a passage has its names and its keywords: they say which sentences matter. */
export class Summarizer extends Stage {
  override readonly capabilities = [messages.SUMMARIZE];
  readonly #open = new Map<number, Finding>();

  onSpike(spike: Spike, handle: NeuronHandle): void {
    if (this.isThanks(spike)) return;
    const part = spike.json() as Finding;
    this.thank(handle, spike);
    const finding = { ...this.#open.get(part.id), ...part };
    const { id, reading, names, keywords } = finding;
    if (!reading || !names || !keywords) {
      this.#open.set(id, finding);
      return;
    }
    this.#open.delete(id);
    const favoured = [...names.map(({ name }) => name), ...keywords.map(({ text }) => text)];
    const summary = summaryOf(reading.sentences, reading.language, favoured, SUMMARY_SENTENCES);
    const { language, sentences } = reading;
    const findings: Findings = { id, language, sentences: sentences.length, names, keywords, summary };
    this.pass(handle, messages.COORDINATE, findings);
  }
}
