import { describe, expect, it } from 'vitest';
import {
  claimToken,
  dropClaim,
  highWord,
  readCursor,
  storeCursor,
  takeClaim,
} from '../../../lib/memory/cursor.js';
import { failure } from './helpers.js';

// A cursor in words 2 and 3, moved to `position`.
function at(position: number): Uint32Array {
  const words = new Uint32Array(6);
  words[2] = position >>> 0;
  words[3] = Math.floor(position / 2 ** 31);
  return words;
}

const POSITIONS = [
  0,
  1,
  2 ** 31 - 1,
  2 ** 31,
  2 ** 32 - 1,
  2 ** 32,
  3 * 2 ** 31 - 1,
  2 ** 45 + 12345,
  2 ** 53 - 1,
];

describe('a cursor', () => {
  it('is read whole, over the whole range of exact numbers', () => {
    for (const position of POSITIONS) expect(readCursor(at(position), 2)).toBe(position);
  });

  it('is moved by a step of any size across the ends of both words', () => {
    for (const position of POSITIONS.slice(0, -1)) {
      for (const step of [1, 63, 2 ** 26]) {
        const words = at(position);
        const signed = new Int32Array(words.buffer);
        const high = storeCursor(signed, 2, signed[2], (signed[2] + step) | 0, signed[3]);
        expect(readCursor(words, 2)).toBe(position + step);
        expect(high).toBe(words[3] | 0);
        expect([words[1], words[4]]).toEqual([0, 0]);
      }
    }
  });

  it('is read as the old one between the two stores of its writer, also if the writer never gets to the second', () => {
    for (const position of [2 ** 31 - 1, 2 ** 32 - 1, 5 * 2 ** 31 - 64]) {
      const words = at(position);
      words[3]++;
      expect(readCursor(words, 2)).toBe(position);
    }
  });

  it('is moved on from there by a successor without counting a period twice', () => {
    for (const position of [2 ** 31 - 1, 2 ** 32 - 1, 5 * 2 ** 31 - 64]) {
      const words = at(position);
      words[3]++;
      const found = readCursor(words, 2);
      const high = highWord(found);
      storeCursor(new Int32Array(words.buffer), 2, found | 0, (found + 64) | 0, high);
      expect(readCursor(words, 2)).toBe(position + 64);
    }
  });
});

describe('a claim', () => {
  it('has one holder, and only the holder gives it back', () => {
    const words = new Uint32Array(3);
    const [mine, theirs] = [claimToken(), claimToken()];
    expect(mine).not.toBe(theirs);
    takeClaim(words, 1, mine, 'READER_TAKEN');
    failure('ERR_NB_READER_TAKEN', () => takeClaim(words, 1, theirs, 'READER_TAKEN'));
    dropClaim(words, 1, theirs);
    failure('ERR_NB_PRODUCER_TAKEN', () => takeClaim(words, 1, theirs, 'PRODUCER_TAKEN'));
    dropClaim(words, 1, mine);
    takeClaim(words, 1, theirs, 'READER_TAKEN');
    expect([...words]).toEqual([0, theirs, 0]);
  });
});
