// TextRank: words and sentences are recommended by those they stand near to, or share words with.
// R. Mihalcea, P. Tarau: TextRank, Bringing Order into Text (EMNLP 2004). Pure functions: any thread.
import { contentWord, wordsOf } from './language.js';

const DAMPING = 0.85;
const ROUNDS = 30;
const ENOUGH = 1e-4;
const WINDOW = 2; // words on either side that count as neighbours

export interface Scored {
  text: string;
  score: number;
}

type Graph = Map<number, number>[]; // graph[a].get(b) = graph[b].get(a) = weight of the edge

/**
 * Words, and pairs of words that return side by side; best first. A passage is short, and in a short text
 * many words are recommended alike: what counts is the rank times how often the word stands there.
 */
export function keywordsOf(sentences: readonly string[], language: string, limit: number): Scored[] {
  const numbers = new Map<string, number>();
  const graph: Graph = [];
  const lines = sentences.map((sentence) =>
    wordsOf(sentence, language).map((word) => {
      const content = contentWord(word, language);
      if (content === undefined) return -1;
      let number = numbers.get(content);
      if (number === undefined) {
        number = graph.length;
        numbers.set(content, number);
        graph.push(new Map());
      }
      return number;
    }),
  );
  for (const line of lines) {
    for (let at = 0; at < line.length; at++) {
      for (let near = at + 1; near <= at + WINDOW && near < line.length; near++) {
        link(graph, line[at]!, line[near]!, 1);
      }
    }
  }
  const words = [...numbers.keys()];
  const scores = rank(graph);
  const times = words.map(() => 0);
  for (const number of lines.flat()) if (number >= 0) times[number]!++;
  const singles = words.map((text, number) => ({ text, score: scores[number]! * times[number]! }));
  return [...singles, ...pairsOf(lines, words, scores)].sort((a, b) => b.score - a.score).slice(0, limit);
}

/**
 * The sentences that say most, in their order; a score of 1 is that of an average sentence. Those that hold
 * `favoured` words get more attention (the "random surfer" of the paper jumps to them more often).
 */
export function summaryOf(
  sentences: readonly string[],
  language: string,
  favoured: readonly string[],
  limit: number,
): Scored[] {
  const topics = new Set(favoured.flatMap((text) => text.toLowerCase().split(' ')));
  const contents = sentences.map((sentence) => {
    const words = wordsOf(sentence, language).map((word) => contentWord(word, language));
    return new Set(words.filter((word) => word !== undefined));
  });
  const graph: Graph = sentences.map(() => new Map());
  for (let a = 0; a < contents.length; a++) {
    for (let b = a + 1; b < contents.length; b++) {
      const shared = [...contents[a]!].filter((word) => contents[b]!.has(word)).length;
      // The paper's similarity; 1 is added so that two sentences of one word each do not divide by zero.
      if (shared > 0)
        link(graph, a, b, shared / (1 + Math.log(contents[a]!.size) + Math.log(contents[b]!.size)));
    }
  }
  const attention = contents.map((words) => 1 + [...words].filter((word) => topics.has(word)).length);
  const scores = rank(graph, attention);
  const best = [...scores.keys()].sort((a, b) => scores[b]! - scores[a]!).slice(0, limit);
  return best
    .sort((a, b) => a - b)
    .map((at) => ({ text: sentences[at]!, score: scores[at]! * sentences.length }));
}

function link(graph: Graph, a: number, b: number, weight: number): void {
  if (a < 0 || b < 0 || a === b) return;
  graph[a]!.set(b, (graph[a]!.get(b) ?? 0) + weight);
  graph[b]!.set(a, (graph[b]!.get(a) ?? 0) + weight);
}

/** PageRank by power iteration; scores add up to at most 1 (what a node without neighbours holds is lost). */
function rank(graph: Graph, preference: readonly number[] = graph.map(() => 1)): number[] {
  const total = preference.reduce((sum, value) => sum + value, 0);
  const jump = preference.map((value) => value / total);
  const strength = graph.map((edges) => [...edges.values()].reduce((sum, weight) => sum + weight, 0));
  let scores = jump;
  for (let round = 0; round < ROUNDS; round++) {
    const next = jump.map((value) => (1 - DAMPING) * value);
    graph.forEach((edges, from) => {
      const share = (DAMPING * scores[from]!) / strength[from]!;
      for (const [to, weight] of edges) next[to]! += share * weight;
    });
    const moved = next.reduce((sum, value, at) => sum + Math.abs(value - scores[at]!), 0);
    scores = next;
    if (moved < ENOUGH) break;
  }
  return scores;
}

// A pair that stands together once may be chance; one that returns is a term of its own.
function pairsOf(lines: readonly number[][], words: readonly string[], scores: readonly number[]): Scored[] {
  const seen = new Map<string, number>();
  const pairs: Scored[] = [];
  for (const line of lines) {
    for (let at = 1; at < line.length; at++) {
      const first = line[at - 1]!;
      const second = line[at]!;
      if (first < 0 || second < 0 || first === second) continue;
      const text = `${words[first]} ${words[second]}`;
      const times = (seen.get(text) ?? 0) + 1;
      seen.set(text, times);
      if (times === 2) pairs.push({ text, score: 2 * (scores[first]! + scores[second]!) });
    }
  }
  return pairs;
}
