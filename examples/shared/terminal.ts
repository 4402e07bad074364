// Text for people: colours, columns, numbers with units. Pure functions, except that colours depend on
// standard output.
import { stripVTControlCharacters } from 'node:util';

// hasColors knows NO_COLOR, FORCE_COLOR and TERM=dumb; only a terminal has it.
const coloured = process.stdout.isTTY && process.stdout.hasColors();
const paint = (open: number, close: number) => (text: string) =>
  coloured ? `\x1b[${open}m${text}\x1b[${close}m` : text;

export const bold = paint(1, 22);
export const dim = paint(2, 22);
export const red = paint(31, 39);
export const green = paint(32, 39);
export const cyan = paint(36, 39);

/** Columns to write in: those of the terminal, within what reads well. */
export const columns = Math.max(40, Math.min(process.stdout.columns || 96, 110));

const graphemes = new Intl.Segmenter('und', { granularity: 'grapheme' });
const WIDE =
  /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}\p{Emoji_Presentation}！-｠　-〿]/u;

/** Columns that a text takes on a terminal. */
export function widthOf(text: string): number {
  const plain = stripVTControlCharacters(text);
  if (/^[\x20-\x7e]*$/.test(plain)) return plain.length;
  let width = 0;
  for (const { segment } of graphemes.segment(plain)) width += WIDE.test(segment) ? 2 : 1;
  return width;
}

export function padEnd(text: string, width: number): string {
  return text + ' '.repeat(Math.max(0, width - widthOf(text)));
}

export function padStart(text: string, width: number): string {
  return ' '.repeat(Math.max(0, width - widthOf(text))) + text;
}

/**
 * Lines of at most `width` columns. Control characters of the text, which could take over the terminal, are
 * left out.
 */
export function wrap(text: string, width: number): string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text
    .replace(/\p{Cc}+/gu, ' ')
    .split(' ')
    .flatMap((word) => pieces(word, width))) {
    const joined = line === '' ? word : `${line} ${word}`;
    if (line !== '' && widthOf(joined) > width) {
      lines.push(line);
      line = word;
    } else {
      line = joined;
    }
  }
  return line === '' ? lines : [...lines, line];
}

// A word that fills more than a line, as in languages without spaces.
function pieces(word: string, width: number): string[] {
  if (widthOf(word) <= width) return [word];
  const parts = [''];
  for (const { segment } of graphemes.segment(word)) {
    if (widthOf(parts.at(-1)! + segment) > width) parts.push('');
    parts[parts.length - 1] += segment;
  }
  return parts;
}

/** Columns as wide as their widest cell, two spaces apart; `align` has a letter for each: l or r. */
export function table(rows: readonly (readonly string[])[], align: string): string[] {
  const widths = [...align].map((_, column) => Math.max(...rows.map((row) => widthOf(row[column] ?? ''))));
  return rows.map((row) =>
    row
      .map((cell, column) => (align[column] === 'r' ? padStart : padEnd)(cell, widths[column] ?? 0))
      .join('  ')
      .trimEnd(),
  );
}

const integers = new Intl.NumberFormat('en');

/** 1,234,567 */
export function integer(value: number): string {
  return integers.format(Math.round(value));
}

/** "850 ns", "1.24 µs", "3.10 ms", "2.50 s" */
export function duration(ns: number): string {
  if (ns < 1000) return `${Math.round(ns)} ns`;
  if (ns < 1e6) return `${(ns / 1e3).toPrecision(3)} µs`;
  if (ns < 1e9) return `${(ns / 1e6).toPrecision(3)} ms`;
  return `${(ns / 1e9).toFixed(2)} s`;
}

/** "512 B", "1.6 kB", "10.0 MB" */
export function bytes(count: number): string {
  if (count < 1000) return `${count} B`;
  if (count < 1e6) return `${(count / 1e3).toFixed(1)} kB`;
  return `${(count / 1e6).toFixed(1)} MB`;
}
