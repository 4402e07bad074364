// What is known about one document, put together from the findings of its passages in bounded memory. Used by
// one thread.
import type { Finding, Findings } from './messages.js';
import { foldNames, type Name } from './nlp/names.js';
import type { Scored } from './nlp/textrank.js';

const NAMES_SHOWN = 8;
const KEYWORDS_SHOWN = 6;
const SENTENCES_SHOWN = 3;
const CANDIDATES = 40; // sentences that the summary of a whole document is chosen from
const TALLY = 10_000; // names, and keywords, that are remembered
const FOLDED = 500; // most frequent names among which a surname is looked for

export interface DocumentResult {
  name: string;
  bytes: number;
  passages: number;
  sentences: number;
  /** Share of the sentences, most frequent language first. */
  languages: { code: string; share: number }[];
  names: Name[];
  keywords: string[];
  summary: string[];
  /** Passages that never came back. */
  lost: number;
}

interface Candidate extends Scored {
  order: number;
}

export class Digest {
  lost = 0;
  #bytes = 0;
  #passages = 0;
  #sentences = 0;
  readonly #languages = new Map<string, number>();
  readonly #names = new Map<string, Name>();
  readonly #keywords = new Map<string, number>();
  #candidates: Candidate[] = [];
  #order = 0;

  /** The findings of one more passage; passages may come in any order of time but keep the order of ids. */
  add(findings: Findings, bytes: number): void {
    this.#passages++;
    this.#bytes += bytes;
    this.#sentences += findings.sentences;
    this.#languages.set(
      findings.language,
      (this.#languages.get(findings.language) ?? 0) + findings.sentences,
    );
    for (const { name, kind, count } of findings.names) {
      const known = this.#names.get(name);
      if (known) known.count += count;
      else this.#names.set(name, { name, kind, count });
    }
    for (const { text, score } of findings.keywords) {
      this.#keywords.set(text, (this.#keywords.get(text) ?? 0) + score);
    }
    for (const { text, score } of findings.summary) {
      this.#candidates.push({ text, score, order: this.#order++ });
    }
    this.#forget();
  }

  get needsCondensing(): boolean {
    return this.#passages > 1;
  }

  /** All that the summarizer needs to make one summary of the summaries. */
  finding(id: number): Finding {
    const sentences = bestOf(this.#candidates, CANDIDATES).map(({ text }) => text);
    const reading = { id, sentences, language: this.#mainLanguage() };
    return { id, reading, names: this.#topNames(), keywords: this.#topKeywords() };
  }

  condense(findings: Findings): void {
    this.#candidates = findings.summary.map((sentence, order) => ({ ...sentence, order }));
  }

  result(name: string): DocumentResult {
    const shares = [...this.#languages].sort((a, b) => b[1] - a[1]);
    return {
      name,
      bytes: this.#bytes,
      passages: this.#passages,
      sentences: this.#sentences,
      languages: shares.map(([code, count]) => ({ code, share: count / this.#sentences })),
      names: this.#topNames(),
      keywords: this.#topKeywords().map(({ text }) => text),
      summary: bestOf(this.#candidates, SENTENCES_SHOWN).map(({ text }) => text),
      lost: this.lost,
    };
  }

  #mainLanguage(): string {
    return [...this.#languages].reduce((main, next) => (next[1] > main[1] ? next : main))[0];
  }

  #topNames(): Name[] {
    const frequent = [...this.#names.values()].sort((a, b) => b.count - a.count).slice(0, FOLDED);
    return foldNames(frequent).slice(0, NAMES_SHOWN);
  }

  // Without words that the names say already, and words that a better key phrase says already.
  #topKeywords(): Scored[] {
    const said = new Set([...this.#names.keys()].flatMap((name) => name.toLowerCase().split(' ')));
    const top: Scored[] = [];
    for (const [text, score] of [...this.#keywords].sort((a, b) => b[1] - a[1])) {
      const words = text.split(' ');
      if (words.some((word) => said.has(word))) continue;
      for (const word of words) said.add(word);
      top.push({ text, score });
      if (top.length === KEYWORDS_SHOWN) break;
    }
    return top;
  }

  #forget(): void {
    if (this.#candidates.length > 2 * CANDIDATES) this.#candidates = bestOf(this.#candidates, CANDIDATES);
    if (this.#names.size > 2 * TALLY) {
      const rare = [...this.#names.values()].sort((a, b) => b.count - a.count).slice(TALLY);
      for (const { name } of rare) this.#names.delete(name);
    }
    if (this.#keywords.size > 2 * TALLY) {
      const weak = [...this.#keywords].sort((a, b) => b[1] - a[1]).slice(TALLY);
      for (const [text] of weak) this.#keywords.delete(text);
    }
  }
}

// Each sentence once, however often the text repeats it.
function bestOf(candidates: readonly Candidate[], limit: number): Candidate[] {
  const unique = new Map([...candidates].reverse().map((candidate) => [candidate.text, candidate]));
  const best = [...unique.values()].sort((a, b) => b.score - a.score).slice(0, limit);
  return best.sort((a, b) => a.order - b.order);
}
