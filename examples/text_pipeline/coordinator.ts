// Feeds passages into the pipeline and puts the findings together again. At most WINDOW passages are under
// way, and the next one leaves when the findings of an earlier one come back: however long the input, no ring
// or arena overflows. Used by the thread of the bus: `tick` and `onSpike` by the bus, the rest by whoever
// reads the input.
import type { NeuronHandle, Spike } from 'neuronbus';
import { Digest, type DocumentResult } from './digest.js';
import type { Finding, Findings, Passage, Progress } from './messages.js';
import * as messages from './messages.js';
import { Stage } from './stage.js';

const WINDOW = 8;

/** A document that is being read. */
export interface OpenDocument {
  readonly name: string;
  readonly digest: Digest;
  readonly passages: Map<number, number>; // id → bytes, of those not back yet
  ended: boolean;
  condensed: boolean; // the summarizer was asked to make one summary of the passages' summaries
}

interface Errand {
  capability: string;
  message: Passage | Finding;
}

export class Coordinator extends Stage {
  override readonly capabilities = [messages.COORDINATE];
  readonly #onDocument: (result: DocumentResult) => void;
  readonly #documents: OpenDocument[] = []; // in the order of input, which is the order of output
  readonly #errands: Errand[] = [];
  readonly #underWay = new Map<number, OpenDocument>();
  readonly #progress: Progress = { passages: 0, bytes: 0 };
  #lastId = 0;
  #news: () => void = () => {};

  constructor(onDocument: (result: DocumentResult) => void) {
    super();
    this.#onDocument = onDocument;
  }

  /** Whether the next passage had better wait. */
  get full(): boolean {
    return this.#underWay.size >= WINDOW;
  }

  get idle(): boolean {
    return this.#underWay.size === 0;
  }

  open(name: string): OpenDocument {
    const document = { name, digest: new Digest(), passages: new Map(), ended: false, condensed: false };
    this.#documents.push(document);
    return document;
  }

  add(document: OpenDocument, text: string): void {
    const id = this.#begin(document);
    document.passages.set(id, Buffer.byteLength(text));
    this.#errands.push({ capability: messages.SPLIT, message: { id, text } });
  }

  /** No further passages: the document is finished when those under way are back. */
  end(document: OpenDocument): void {
    document.ended = true;
    this.#settle(document);
  }

  /** Resolves with true at the next findings, with false when `ms` passed. */
  findings(ms: number): Promise<boolean> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, ms, false);
      this.#news = () => {
        clearTimeout(timer);
        resolve(true);
      };
    });
  }

  /** Gives up whatever is under way, for when the bus has gone quiet without bringing it back. */
  abandon(): void {
    for (const [id, document] of this.#underWay) {
      if (document.passages.delete(id)) document.digest.lost++;
      else document.condensed = true;
    }
    this.#underWay.clear();
    for (const document of [...this.#documents]) this.#settle(document);
  }

  override tick(handle: NeuronHandle): void {
    for (const { capability, message } of this.#errands.splice(0)) this.pass(handle, capability, message);
  }

  onSpike(spike: Spike, handle: NeuronHandle): void {
    if (this.isThanks(spike)) return;
    this.thank(handle, spike);
    this.#news();
    const findings = spike.json() as Findings;
    const document = this.#underWay.get(findings.id);
    if (!document) return;
    this.#underWay.delete(findings.id);
    const bytes = document.passages.get(findings.id);
    if (bytes === undefined) {
      document.digest.condense(findings);
    } else {
      document.passages.delete(findings.id);
      document.digest.add(findings, bytes);
      this.#progress.passages++;
      this.#progress.bytes += bytes;
      this.pass(handle, messages.PROGRESS, this.#progress);
    }
    this.#settle(document);
  }

  #begin(document: OpenDocument): number {
    const id = ++this.#lastId;
    this.#underWay.set(id, document);
    return id;
  }

  #settle(document: OpenDocument): void {
    if (!document.ended || document.passages.size > 0) return;
    if (!document.condensed && document.digest.needsCondensing) {
      document.condensed = true;
      const message = document.digest.finding(this.#begin(document));
      this.#errands.push({ capability: messages.SUMMARIZE, message });
    }
    while (this.#documents.length > 0 && this.#isDone(this.#documents[0]!)) {
      const { name, digest } = this.#documents.shift()!;
      this.#onDocument(digest.result(name));
    }
  }

  #isDone(document: OpenDocument): boolean {
    return document.ended && ![...this.#underWay.values()].includes(document);
  }
}
