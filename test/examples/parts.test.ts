// Parts of the text pipeline that a whole run shows too rarely: cutting, sentence ends, an agent that fails.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { Neuron, type NeuronHandle, type Spike } from 'neuronbus';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { widthOf, wrap } from '../../examples/shared/terminal.js';
import { Linguist } from '../../examples/text_pipeline/agents.js';
import type { DocumentResult } from '../../examples/text_pipeline/digest.js';
import { fileSource, passagesOf } from '../../examples/text_pipeline/input.js';
import { DETECT } from '../../examples/text_pipeline/messages.js';
import { namesOf } from '../../examples/text_pipeline/nlp/names.js';
import { sentencesOf } from '../../examples/text_pipeline/nlp/sentences.js';
import { Pipeline } from '../../examples/text_pipeline/pipeline.js';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'neuronbus-parts-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

function file(text: string) {
  const path = join(folder, 'text.txt');
  writeFileSync(path, text);
  return fileSource(path);
}

describe('passages', () => {
  // Words, sentence ends, paragraphs, emoji made of several code units, and stretches without any place to cut.
  const piece = fc.oneof(
    fc.constantFrom('nerve ', 'Nerv. ', '\n\n', '😀', '神経。', ' '),
    fc.constantFrom('x', '😀', 'long ').map((part) => part.repeat(700)),
  );

  it('put together are the text, and none is long or torn inside a character', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(piece, { maxLength: 60 }), async (pieces) => {
        const text = `Begin. ${pieces.join('')}`;
        const passages: string[] = [];
        for await (const passage of passagesOf(file(text))) passages.push(passage);
        // Passages of nothing but blanks are left out.
        expect(passages.join('').replace(/\s/g, '')).toBe(text.replace(/\s/g, ''));
        for (const passage of passages) {
          expect(passage.length).toBeLessThanOrEqual(2400);
          expect(passage).not.toMatch(/\p{Surrogate}/u);
        }
      }),
      { numRuns: 60 },
    );
  });
});

describe('sentences', () => {
  it('do not end at initials and abbreviations', () => {
    const text =
      'Mr. J. Z. Young met Dr. Huxley. Der Nerv, z. B. eines Froschs, ist kurz. "Is it?" she asked.';
    expect(sentencesOf(text)).toEqual([
      'Mr. J. Z. Young met Dr. Huxley.',
      'Der Nerv, z. B. eines Froschs, ist kurz.',
      '"Is it?" she asked.',
    ]);
  });

  it('run over line ends and stop at blank lines', () => {
    expect(sentencesOf('A long\nsentence here\n\nA heading\n \nThe end.')).toEqual([
      'A long sentence here',
      'A heading',
      'The end.',
    ]);
  });
});

describe('names', () => {
  const found = (text: string, language: string) =>
    namesOf(sentencesOf(text), language).map(({ name, kind, count }) => `${name}/${kind}/${count}`);

  it('count a surname for the full name', () => {
    expect(found('Alan Hodgkin came. Later Hodgkin left, and so did Hodgkin.', 'en')).toEqual([
      'Alan Hodgkin/person/3',
    ]);
  });

  it('do not take the first word of a sentence, or any German noun, for one', () => {
    expect(found('Darkness fell. The nerve was cut.', 'en')).toEqual([]);
    expect(found('Der Muskel zuckte, und der Strom floss in Berlin.', 'de')).toEqual(['Berlin/place/1']);
  });

  it('keep their small links and titles aside', () => {
    expect(found('Then Professor Ludwig van Beethoven wrote to Alexander von Humboldt.', 'en')).toEqual([
      'Ludwig van Beethoven/person/1',
      'Alexander von Humboldt/person/1',
    ]);
  });
});

describe('an agent that fails', () => {
  class Moody extends Neuron {
    override readonly capabilities = [DETECT];
    readonly #linguist = new Linguist();

    onSpike(spike: Spike, handle: NeuronHandle): void {
      if (spike.text().includes('unspeakable')) throw new Error('I will not read this');
      this.#linguist.onSpike(spike, handle);
    }
  }

  it('loses its passage, and the pipeline says so and ends', async () => {
    const results: DocumentResult[] = [];
    const complaints: string[] = [];
    const sentence = 'The nerve of the frog is shorter than the nerve of the squid. ';
    const source = file(`${sentence.repeat(20)}\n\nThis is unspeakable. ${sentence.repeat(20)}`);
    const pipeline = new Pipeline([source], (result) => results.push(result));
    pipeline.complain = (message) => complaints.push(message);
    await pipeline.staff(1);
    pipeline.bus.unregister(pipeline.bus.discover(DETECT)[0]!.id!);
    pipeline.bus.register(new Moody(), { name: 'moody' });
    await pipeline.read(source);
    await pipeline.finish();
    const { published, delivered, queued, handlerErrors } = pipeline.bus.stats();
    pipeline.bus.close();

    expect(complaints).toEqual(['moody: Error: I will not read this']);
    expect(results).toHaveLength(1);
    expect(results[0]).toMatchObject({ lost: 1, languages: [{ code: 'en', share: 1 }] });
    expect(results[0]!.passages).toBeGreaterThan(0);
    expect(pipeline.failures).toBe(1);
    expect({ published, queued, handlerErrors }).toEqual({
      published: delivered,
      queued: 0,
      handlerErrors: 1,
    });
  });
});

describe('wrapped text', () => {
  it('keeps all words, within the columns, wide characters and endless words included', () => {
    const text = 'A short line, 神経は信号を伝える, and anextremelylongwordthatfitsnowhere at all';
    const lines = wrap(text, 20);
    expect(lines.join('').replaceAll(' ', '')).toBe(text.replaceAll(' ', ''));
    for (const line of lines) expect(widthOf(line)).toBeLessThanOrEqual(20);
  });
});
