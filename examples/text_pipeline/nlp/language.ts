// Which language a text is in (n-grams, package eld), its words, and which of them carry no meaning (package
// stopwords-iso). Pure functions: any thread.
import { eld } from 'eld/extrasmall';
import stopwords from 'stopwords-iso' with { type: 'json' };

/**
 * What detectLanguage answers when a text is too short or too mixed to tell: the code that ISO 639 reserves
 * for it.
 */
export const UNDETERMINED = 'und';

const sets = new Map<string, ReadonlySet<string>>();
const names = new Intl.DisplayNames(['en'], { type: 'language' });
const unspaced = new Intl.Segmenter('und', { granularity: 'word' });
const UNSPACED = new Set(['ja', 'km', 'lo', 'my', 'th', 'zh']);
const WORD = /[\p{L}\p{M}\p{N}]+(?:['’-][\p{L}\p{M}\p{N}]+)*/gu;
const ELISION = /^\p{L}{1,8}['’](?=\p{L}{2})/u;
const POSSESSIVE = /['’]s?$/u;

/** An ISO 639-1 code, or UNDETERMINED. */
export function detectLanguage(text: string): string {
  const guess = eld.detect(text);
  return guess.isReliable() ? guess.language : UNDETERMINED;
}

/** "German" for "de". */
export function languageName(code: string): string {
  return code === UNDETERMINED ? 'unknown language' : (names.of(code) ?? code);
}

export function stopwordsOf(language: string): ReadonlySet<string> {
  let set = sets.get(language);
  if (!set) {
    set = new Set((stopwords as Record<string, string[]>)[language]);
    sets.set(language, set);
  }
  return set;
}

/** The words as they stand, without elided articles (l'hôpital) and the English possessive (Cajal's). */
export function wordsOf(sentence: string, language: string): string[] {
  if (UNSPACED.has(language)) {
    return Array.from(unspaced.segment(sentence), (part) => (part.isWordLike ? part.segment : '')).filter(
      Boolean,
    );
  }
  const words = sentence.match(WORD) ?? [];
  return words.map((word) => bareWord(word, language));
}

export function bareWord(word: string, language: string): string {
  return language === 'en' ? word.replace(POSSESSIVE, '') : word.replace(ELISION, '');
}

/**
 * Lower case, or undefined for a word that says nothing about the subject: function words, numbers, single
 * letters.
 */
export function contentWord(word: string, language: string): string | undefined {
  const lower = word.toLowerCase();
  if (lower.length < (UNSPACED.has(language) ? 2 : 3) || /\p{N}|['’]/u.test(lower)) return undefined;
  return stopwordsOf(language).has(lower) ? undefined : lower;
}
