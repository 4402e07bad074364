// Names of people, places and organizations. Where a name stands is told by capitals, in any language that
// has them; what it names, by the lexicon and the word shapes of the package compromise. State: one cache.
// Use from one thread.
import nlp from 'compromise';
import { bareWord, stopwordsOf } from './language.js';

export type NameKind = 'person' | 'place' | 'organization' | 'name';

export interface Name {
  name: string;
  kind: NameKind;
  count: number;
}

interface Token {
  text: string;
  glue: string; // what stands between this word and the one before
  first: boolean; // of its sentence
}

const CACHE_NAMES = 20_000;
const TOKEN = /[\p{L}\p{M}\p{N}]+(?:['’-][\p{L}\p{M}\p{N}]+)*/gu;
const CAPITAL = /^\p{Lu}/u;
const LINKS = new Set('af da de del della der di do dos du la of the van von zu'.split(' '));
const GERMAN_LINKS = new Set('de du van von zu'.split(' ')); // "der" would join any two nouns
const TITLES = new Set(
  'Dr Frau Herr Lady Lord Madame Miss Monsieur Mr Mrs Ms Prof Professor Señor Signor Sir'.split(' '),
);
const INSTITUTION =
  /univers|a[ck]?[ck]ad[eé]m|soci[eé]t|sociedad|association|institut|mus[eé]|college|h[oô]pital|laborator/iu;
const NO_NAME = new Set(['Currency', 'Date', 'Demonym', 'Email', 'Pronoun', 'Url']);

const kinds = new Map<string, NameKind | undefined>();

/**
 * Each name once, with how often it stands in the sentences; a surname counts for its full name. Most
 * frequent first.
 */
export function namesOf(sentences: readonly string[], language: string): Name[] {
  const found = new Map<string, Name>();
  const unsure: string[] = [];
  const words = sentences.flatMap((sentence) => sentence.match(TOKEN) ?? []);
  const lower = new Set(words.filter((word) => !CAPITAL.test(word)));
  for (const run of sentences.flatMap((sentence) => runsOf(sentence, language))) {
    const tokens = withoutOpening(run, language, lower);
    const text = tokens.map((token, at) => (at > 0 ? token.glue : '') + token.text).join('');
    if (text.length < 2 || (tokens.length > 1 && text === text.toUpperCase())) continue;
    const kind = TITLES.has(run.at(-tokens.length - 1)?.text ?? '') ? 'person' : kindOf(text);
    if (kind === undefined) continue;
    if (isUnsure(tokens, kind, language)) unsure.push(text);
    else count(found, text, kind);
  }
  for (const text of unsure) {
    if (found.has(text) || fullName(found, text)) count(found, text, 'name');
  }
  return foldNames([...found.values()]);
}

// A lone word may be just the beginning of a sentence or, in German, any noun. It counts when the name is
// known already.
function isUnsure(tokens: readonly Token[], kind: NameKind, language: string): boolean {
  if (language === 'de') return kind === 'name' || (kind === 'person' && tokens.length === 1);
  return tokens.length === 1 && kind === 'name' && tokens[0]!.first;
}

/** Gives the counts of a lone surname to the one person whose name ends with it. */
export function foldNames(names: readonly Name[]): Name[] {
  const all = new Map(names.map((name) => [name.name, { ...name }]));
  for (const { name, count } of names) {
    const full = fullName(all, name);
    if (!full) continue;
    full.count += count;
    all.delete(name);
  }
  return [...all.values()].sort((a, b) => b.count - a.count);
}

function fullName(names: Map<string, Name>, surname: string): Name | undefined {
  if (surname.includes(' ')) return undefined;
  const owners = [...names.values()].filter(
    (name) => name.kind === 'person' && name.name.endsWith(` ${surname}`),
  );
  return owners.length === 1 ? owners[0] : undefined;
}

function count(found: Map<string, Name>, name: string, kind: NameKind): void {
  const known = found.get(name);
  if (known) known.count++;
  else found.set(name, { name, kind, count: 1 });
}

// Capitals side by side, with initials (J. Z. Young) and small links (Alexander von Humboldt) between them.
function runsOf(sentence: string, language: string): Token[][] {
  const runs: Token[][] = [];
  let run: Token[] = [];
  let links: Token[] = [];
  let end = 0;
  for (const match of sentence.matchAll(TOKEN)) {
    const token = {
      text: bareWord(match[0], language),
      glue: sentence.slice(end, match.index),
      first: end === 0,
    };
    end = match.index + match[0].length;
    const before = links.at(-1) ?? run.at(-1);
    const joined = before !== undefined && isJoined(before.text, token.glue);
    if (CAPITAL.test(token.text)) {
      if (joined) {
        run.push(...links, token);
      } else {
        run = [token];
        runs.push(run);
      }
      links = [];
    } else if (joined && links.length < 2 && isLink(token.text, run.length, language)) {
      links.push(token);
    } else {
      run = [];
      links = [];
    }
  }
  return runs;
}

function isJoined(before: string, glue: string): boolean {
  return glue === ' ' || (glue === '. ' && (before.length === 1 || TITLES.has(before)));
}

function isLink(word: string, runLength: number, language: string): boolean {
  if (language === 'es' && word === 'y') return runLength >= 2; // Santiago Ramón y Cajal
  return (language === 'de' ? GERMAN_LINKS : LINKS).has(word);
}

// "The Royal Society" and "Professor Müller" without their first words, "Schüler Hermann Helmholtz" without
// his.
function withoutOpening(
  run: readonly Token[],
  language: string,
  lower: ReadonlySet<string>,
): readonly Token[] {
  let from = 0;
  while (from < run.length && isOpening(run, from, language, lower)) from++;
  const tokens = run.slice(from);
  if (language !== 'de' || tokens.length < 2) return tokens;
  const known = tokens.findIndex((token) => ['person', 'place'].includes(kindOf(token.text) ?? ''));
  return known > 0 ? tokens.slice(known) : tokens;
}

function isOpening(run: readonly Token[], at: number, language: string, lower: ReadonlySet<string>): boolean {
  const { text, first } = run[at]!;
  const word = text.toLowerCase();
  if (run[at + 1]?.glue === '. ') return TITLES.has(text);
  return (
    TITLES.has(text) || LINKS.has(word) || (first && (stopwordsOf(language).has(word) || lower.has(word)))
  );
}

function kindOf(text: string): NameKind | undefined {
  if (kinds.has(text)) return kinds.get(text);
  const terms = (nlp(text).json() as { terms: { tags: string[] }[] }[]).flatMap((sentence) => sentence.terms);
  const tags = new Set(terms.flatMap((term) => term.tags));
  let kind: NameKind | undefined = 'name';
  if (INSTITUTION.test(text)) kind = text.includes(' ') ? 'organization' : undefined;
  else if (tags.has('Organization')) kind = 'organization';
  else if (tags.has('Person')) kind = 'person';
  else if (tags.has('Place')) kind = 'place';
  else if (terms.every((term) => term.tags.some((tag) => NO_NAME.has(tag)))) kind = undefined;
  if (kinds.size === CACHE_NAMES) kinds.clear();
  kinds.set(text, kind);
  return kind;
}
