// Text from files and pipes, in passages of bounded length: memory does not grow with the input. Any thread.
import { createReadStream, fstatSync, statSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { basename } from 'node:path';
import { fileURLToPath } from 'node:url';
import { TextDecoder } from 'node:util';

const PASSAGE_CHARS = 1200;
const READ_BYTES = 1 << 16;
const STDIN = 0;

export interface Source {
  name: string;
  /** undefined = standard input */
  path?: string;
  /** undefined when only the end of the stream can tell */
  bytes?: number;
}

/** What is wrong with an input, said to the person who gave it. */
export class InputError extends Error {}

/** The texts that come with this example. */
export async function shippedSources(): Promise<Source[]> {
  const folder = new URL('examples/data/', import.meta.resolve('neuronbus/package.json'));
  const files = (await readdir(folder)).filter((file) => file.endsWith('.txt')).sort();
  return files.map((file) => fileSource(fileURLToPath(new URL(file, folder))));
}

export function fileSource(path: string, name = basename(path)): Source {
  const stat = statSync(path, { throwIfNoEntry: false });
  return { name, path, bytes: stat?.isFile() ? stat.size : undefined };
}

export const standardInput: Source = { name: 'standard input' };

/**
 * Whether somebody gave standard input: a pipe, a socket or a file, but not a terminal, /dev/null or nothing
 * at all.
 */
export function hasStandardInput(): boolean {
  try {
    const stat = fstatSync(STDIN);
    return stat.isFIFO() || stat.isFile() || stat.isSocket();
  } catch {
    return false;
  }
}

/**
 * The passages of a source, cut where a paragraph, a sentence or at least a word ends.
 *
 * @throws InputError when the source cannot be read, is empty, or is no text. Passages before the fault were
 * handed out.
 */
export async function* passagesOf(source: Source): AsyncGenerator<string> {
  let text = '';
  let isEmpty = true;
  for await (const piece of decoded(source)) {
    text += piece.replaceAll('\r', '');
    while (text.length > 2 * PASSAGE_CHARS) {
      const end = cutAt(text, PASSAGE_CHARS);
      const passage = text.slice(0, end);
      text = text.slice(end);
      if (passage.trim() === '') continue;
      isEmpty = false;
      yield passage;
    }
  }
  if (text.length > PASSAGE_CHARS) {
    const end = cutAt(text, Math.ceil((text.length * 2) / 3));
    const passage = text.slice(0, end);
    text = text.slice(end);
    if (passage.trim() !== '') {
      isEmpty = false;
      yield passage;
    }
  }
  if (text.trim() !== '') yield text;
  else if (isEmpty) throw new InputError(`${source.name} is empty: there is nothing to read`);
}

async function* decoded(source: Source): AsyncGenerator<string> {
  const stream =
    source.path === undefined ? process.stdin : createReadStream(source.path, { highWaterMark: READ_BYTES });
  let decoder: TextDecoder | undefined;
  try {
    for await (const chunk of stream as AsyncIterable<Buffer>) {
      decoder ??= decoderFor(chunk);
      if (decoder.encoding === 'utf-8' && chunk.includes(0)) {
        throw new InputError(`${source.name} is a binary file, not text`);
      }
      yield decoder.decode(chunk, { stream: true });
    }
    if (decoder) yield decoder.decode();
  } catch (error) {
    throw explained(error, source);
  }
}

// UTF-8 unless a byte order mark says otherwise; anything that does not decode is no text.
function decoderFor(chunk: Buffer): TextDecoder {
  const mark = chunk.subarray(0, 2).toString('hex');
  const encoding = mark === 'fffe' ? 'utf-16le' : mark === 'feff' ? 'utf-16be' : 'utf-8';
  return new TextDecoder(encoding, { fatal: true });
}

function explained(error: unknown, source: Source): unknown {
  switch ((error as NodeJS.ErrnoException).code) {
    case 'ENOENT':
      return new InputError(`${source.name} does not exist`);
    case 'EISDIR':
      return new InputError(`${source.name} is a directory: name the files in it`);
    case 'EACCES':
    case 'EPERM':
      return new InputError(`${source.name} may not be read: permission denied`);
    case 'ERR_ENCODING_INVALID_ENCODED_DATA':
      return new InputError(`${source.name} is not UTF-8 text (nor UTF-16 with a byte order mark)`);
    default:
      if (error instanceof InputError || (error as NodeJS.ErrnoException).syscall === undefined) return error;
      return new InputError(`${source.name} cannot be read: ${(error as Error).message}`);
  }
}

// The last good place in the second half of the first `limit` characters.
function cutAt(text: string, limit: number): number {
  const head = text.slice(0, limit);
  for (const boundary of [/\n\s*\n/g, /[.!?…]["'»”’)\]]*\s|[。！？]/g, /\s/g]) {
    let end = 0;
    for (const match of head.matchAll(boundary)) end = match.index + match[0].length;
    if (end > limit / 2) return end;
  }
  const splitsPair = /[\uD800-\uDBFF]$/.test(head);
  return splitsPair ? limit - 1 : limit;
}
