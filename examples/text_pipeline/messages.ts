// What the agents of the text pipeline say to each other, as JSON. Each message holds all that the next agent
// needs.
import type { Name } from './nlp/names.js';
import type { Scored } from './nlp/textrank.js';

/** Capabilities by which the agents find each other. */
export const SPLIT = 'text/split';
export const DETECT = 'text/detect-language';
export const EXTRACT = 'text/extract';
export const SUMMARIZE = 'text/summarize';
export const COORDINATE = 'text/coordinate';
export const PROGRESS = 'text/progress';

/** Coordinator → splitter: a piece of a document, cut between sentences. */
export interface Passage {
  id: number;
  text: string;
}

/** Splitter → linguist. */
export interface Sentences {
  id: number;
  sentences: string[];
}

/** Linguist → extractors. */
export interface Reading extends Sentences {
  language: string;
}

/**
 * To the summarizer: the names from one extractor, the reading with its keywords from another. The
 * coordinator sends all three, with the best sentences of a long document as the reading.
 */
export interface Finding {
  id: number;
  reading?: Reading;
  names?: Name[];
  keywords?: Scored[];
}

/** Summarizer → coordinator. */
export interface Findings {
  id: number;
  language: string;
  sentences: number;
  names: Name[];
  keywords: Scored[];
  /** The sentences that say most, in their order. A score of 1 is that of an average sentence. */
  summary: Scored[];
}

/** Coordinator → whoever shows progress. Short enough to travel inside the spike. */
export interface Progress {
  passages: number;
  bytes: number;
}
