// npm start on what people give it: the shipped texts, files, pipes, and mistakes.
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Bus, type Document, parseReport, root, runExample, runShell, sum } from './run.js';

const DATA = join(root, 'examples/data');
// One message to each agent on the way, thanks for three of them, one note to the progress line.
const SPIKES_A_PASSAGE = 11;
const SPIKES_A_LONG_DOCUMENT = 4;

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'neuronbus-text-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

function file(name: string, content: string | Buffer): string {
  writeFileSync(join(folder, name), content);
  return name;
}

function expectReconciled(bus: Bus, documents: readonly Document[]): void {
  expect(bus.published).toBe(bus.delivered + sum(Object.values(bus.dropped)) + bus.queued);
  expect(Object.values(bus.dropped).every((count) => count === 0)).toBe(true);
  const passages = sum(documents.map((document) => document.passages));
  const long = documents.filter((document) => document.passages > 1).length;
  expect(bus.delivered).toBe(passages * SPIKES_A_PASSAGE + long * SPIKES_A_LONG_DOCUMENT);
  expect(bus.latencyNs.count).toBe(bus.delivered);
  expect(bus.handlerErrors).toBe(0);
  expect(bus.arena.blocks).toBe(bus.ganglia === 1 ? 0 : bus.neurons); // cards that other threads can read
}

describe('the shipped texts', () => {
  let documents: Document[];
  let bus: Bus;
  beforeAll(async () => {
    const finished = await runExample('text_pipeline', ['--json']);
    expect(finished).toMatchObject({ code: 0, stderr: '' });
    ({ documents, bus } = parseReport(finished));
  });

  it('are all read, in order, and all listed in their README', () => {
    const files = readdirSync(DATA).filter((name) => name.endsWith('.txt'));
    expect(documents.map((document) => document.name)).toEqual(files.sort());
    const readme = readFileSync(join(DATA, 'README.md'), 'utf8');
    for (const name of files) expect(readme).toContain(`\`${name}\``);
    for (const { name, bytes } of documents) expect(bytes).toBe(readFileSync(join(DATA, name)).length);
  });

  it.each(['1', '2', '6', '20'])('give the same on %s threads', async (threads) => {
    const finished = await runExample('text_pipeline', ['--json', '--threads', threads]);
    const other = parseReport(finished);
    expect(other.documents).toEqual(documents);
    expect(other.bus.ganglia).toBe(Math.min(Number(threads), 6));
    expectReconciled(other.bus, other.documents);
  });

  it.each(['0', 'two', '1.5', ''])('are not read on %j threads', async (threads) => {
    const { code, stdout, stderr } = await runExample('text_pipeline', [`--threads=${threads}`]);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toContain(`--threads must be an integer, 1 or more, not '${threads}'`);
  });

  it('are each known to be in the language that their name says', () => {
    for (const { name, languages } of documents) {
      expect(languages).toEqual([{ code: name.split('.')[1], share: 1 }]);
    }
  });

  it.each([
    ['squid-axon.en.txt', ['Alan Hodgkin/person', 'Andrew Huxley/person', 'Plymouth/place']],
    [
      'learning-synapse.en.txt',
      ['Charles Sherrington/person', 'McGill University/organization', 'Oslo/place'],
    ],
    ['nervenleitung.de.txt', ['Hermann Helmholtz/person', 'Alexander von Humboldt/person', 'Berlin/place']],
    ['aire-de-broca.fr.txt', ['Paul Broca/person', 'Louis Victor Leborgne/person', 'Paris/place']],
    ['mariposas-del-alma.es.txt', ['Santiago Ramón y Cajal/person', 'Camillo Golgi/person', 'Madrid/place']],
    ['rana-elettrica.it.txt', ['Luigi Galvani/person', 'Alessandro Volta/person', 'Pavia/name']],
  ])('%s: its names are found', (name, expected) => {
    const { names } = documents.find((document) => document.name === name)!;
    expect(names.map((entry) => `${entry.name}/${entry.kind}`)).toEqual(expect.arrayContaining(expected));
    expect(names[0]!.count).toBeGreaterThan(1);
  });

  it.each([
    ['squid-axon.en.txt', ['nerve', 'impulse', 'sodium']],
    ['learning-synapse.en.txt', ['synapse', 'cell']],
    ['nervenleitung.de.txt', ['nerv', 'muskel']],
    ['aire-de-broca.fr.txt', ['cerveau', 'lésion']],
    ['mariposas-del-alma.es.txt', ['células']],
    ['rana-elettrica.it.txt', ['elettricità', 'rana']],
  ])('%s: its keywords are found', (name, expected) => {
    const { keywords } = documents.find((document) => document.name === name)!;
    expect(keywords).toEqual(expect.arrayContaining(expected));
  });

  it('are summed up in three of their own sentences, in order', () => {
    for (const { name, summary } of documents) {
      const text = readFileSync(join(DATA, name), 'utf8').replace(/\s+/g, ' ');
      const places = summary.map((sentence) => text.indexOf(sentence));
      expect(places).toHaveLength(3);
      expect(places).not.toContain(-1);
      expect(places).toEqual(places.toSorted((a, b) => a - b));
    }
  });

  it('lose no spike on the way', () => {
    expectReconciled(bus, documents);
    expect(bus.queued).toBe(0);
  });

  it('make a report for people, with what the bus did', async () => {
    const { code, stdout, stderr } = await runExample('text_pipeline');
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toMatch(/^nervenleitung\.de\.txt {2}German · 16 sentences/m);
    expect(stdout).toContain(
      `${bus.published} published = ${bus.delivered} delivered + 0 dropped + 0 queued`,
    );
    expect(stdout).toMatch(/rate .*spikes\/s/);
    expect(stdout).toMatch(/latency +p50 [\d.]+ [nµm]?s · p99 [\d.]+ [nµm]?s · p999 [\d.]+ [nµm]?s/);
    expect(stdout).toMatch(/drops +none/);
    expect(Number(/strongest +([\d.]+) {2}/.exec(stdout)![1])).toBeGreaterThan(0.5);
    // It only listens, so its path is the one that weakens.
    expect(Number(/([\d.]+) {2}coordinator → progress-line/.exec(stdout)![1])).toBeLessThan(0.5);
    expect(stdout).not.toContain('\x1b');
  });
});

describe('other input', () => {
  const TEXT = 'Ada Lovelace lived in London. She wrote to Charles Babbage about the Analytical Engine.';

  it('is read from files, each with a result of its own', async () => {
    const names = [file('one.txt', TEXT), file('two.txt', `\ufeff${TEXT}\r\n`)];
    const { documents, bus } = parseReport(
      await runExample('text_pipeline', ['--json', ...names], { cwd: folder }),
    );
    expect(documents.map(({ name, sentences }) => ({ name, sentences }))).toEqual(
      names.map((name) => ({ name, sentences: 2 })),
    );
    expect(documents[0]!.summary).toEqual(documents[1]!.summary);
    expectReconciled(bus, documents);
  });

  it('may be UTF-16 with a byte order mark', async () => {
    const name = file('utf16.txt', Buffer.from(`\ufeff${TEXT}`, 'utf16le'));
    const { documents } = parseReport(await runExample('text_pipeline', ['--json', name], { cwd: folder }));
    expect(documents[0]!.summary).toEqual(TEXT.split(/(?<=\.) /));
  });

  it.each([
    ['without arguments', []],
    ['as -', ['-']],
  ])('comes through a pipe, %s', async (_, args) => {
    const finished = await runExample('text_pipeline', ['--json', ...args], { input: TEXT });
    const { documents, bus } = parseReport(finished);
    expect(documents).toHaveLength(1);
    expect(documents[0]).toMatchObject({ name: 'standard input', bytes: TEXT.length, sentences: 2 });
    expect(documents[0]!.names.map((name) => name.name)).toEqual([
      'Ada Lovelace',
      'London',
      'Charles Babbage',
      'Analytical Engine',
    ]);
    expectReconciled(bus, documents);
  });

  it('is the shipped texts when standard input is closed', async () => {
    const { code, stdout } = await runShell('"$NODE" "$PIPELINE" --json <&-');
    expect({ code, lines: stdout.trim().split('\n').length }).toEqual({ code: 0, lines: 7 });
  });

  it('cannot write to the terminal behind the back of the report', async () => {
    const { stdout } = await runExample('text_pipeline', [], {
      input: `Hello \x1b[31mred\x1b[0m world. ${TEXT}`,
    });
    expect(stdout).toContain('Ada Lovelace');
    expect(stdout).not.toContain('\x1b');
  });

  it('may be more than the reader of the report wants to see', async () => {
    const { code, stdout, stderr } = await runShell(
      '{ "$NODE" "$PIPELINE"; echo "exit $?" >&2; } | head -n 1',
    );
    expect({ code, stderr }).toEqual({ code: 0, stderr: 'exit 0\n' });
    expect(stdout).toContain('aire-de-broca');
  });
});

describe('a mistake', () => {
  it.each([
    ['a missing file', 'missing.txt', undefined, 'does not exist'],
    ['an empty file', 'empty.txt', '', 'is empty'],
    ['a file of blanks', 'blank.txt', ' \n\n\t ', 'is empty'],
    ['a directory', '.', undefined, 'is a directory'],
    ['a binary file', 'binary', Buffer.from([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1, 0, 0]), 'is a binary file'],
    ['a file in Latin-1', 'latin1.txt', Buffer.from('café, encore', 'latin1'), 'is not UTF-8 text'],
  ])('%s is named, and the exit code is 1', async (_, name, content, reason) => {
    if (content !== undefined) file(name, content);
    const { code, stdout, stderr } = await runExample('text_pipeline', [name], { cwd: folder });
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expect(stderr).toMatch(/^error: /);
    expect(stderr).toContain(`${name} ${reason}`);
    expect(stderr.trim().split('\n')).toHaveLength(1);
  });

  it.each([
    ['an empty pipe', ':  | "$NODE" "$PIPELINE"'],
    ['an empty file as standard input', '"$NODE" "$PIPELINE" <"$(mktemp)"'],
    ['/dev/null asked for as -', '"$NODE" "$PIPELINE" - </dev/null'],
  ])('%s is said to be empty', async (_, line) => {
    const { code, stdout, stderr } = await runShell(line);
    expect({ code, stdout, stderr }).toEqual({
      code: 1,
      stdout: '',
      stderr: 'error: standard input is empty: there is nothing to read\n',
    });
  });

  it('in one of several files leaves the others alone', async () => {
    const good = file('good.txt', 'The nerve of the frog is short. The nerve of the squid is long.');
    const args = ['--json', 'missing.txt', good, '.'];
    const finished = await runExample('text_pipeline', args, { cwd: folder });
    const { documents, bus } = parseReport(finished);
    expect(finished.code).toBe(1);
    expect(finished.stderr.trim().split('\n')).toHaveLength(2);
    expect(documents.map(({ name, sentences }) => ({ name, sentences }))).toEqual([
      { name: good, sentences: 2 },
    ]);
    expectReconciled(bus, documents);
  });

  it.each([['--nope'], ['-', '-']])('on the command line shows how it is done: %s', async (...args) => {
    const { code, stdout, stderr } = await runExample('text_pipeline', args);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toContain('npm start -- FILE...');
  });
});

describe('a large input', () => {
  // Far more than the arena (1 MB) holds: only the flow of answers keeps it from overflowing.
  const texts = ['squid-axon.en.txt', 'nervenleitung.de.txt'].map((name) =>
    readFileSync(join(DATA, name), 'utf8'),
  );
  const repeated = Array.from({ length: 1200 }, (_, at) => `Part ${at}.\n\n${texts[at % 2]}\n`);

  it('flows through a pipe without a lost spike', async () => {
    const finished = await runExample('text_pipeline', ['--json'], { input: repeated });
    const { documents, bus } = parseReport(finished);
    const [document] = documents;
    expect(finished.code).toBe(0);
    expect(document!.bytes).toBe(Buffer.byteLength(repeated.join('')));
    expect(
      document!.languages
        .map(({ code }) => code)
        .slice(0, 2)
        .sort(),
    ).toEqual(['de', 'en']);
    expect(document!.names.map(({ name }) => name)).toEqual(expect.arrayContaining(['Andrew Huxley']));
    expect(new Set(document!.summary).size).toBe(3);
    expectReconciled(bus, documents);
    expect(bus.queued).toBe(0);
  });

  it('that turns into something else on the way is read up to there', async () => {
    const input = [...repeated.slice(0, 100), Buffer.alloc(100_000)];
    const finished = await runExample('text_pipeline', ['--json'], { input });
    const { documents, bus } = parseReport(finished);
    expect(finished.code).toBe(1);
    expect(finished.stderr).toContain('standard input is a binary file');
    expect(documents[0]!.passages).toBeGreaterThan(10);
    expectReconciled(bus, documents);
  });
});
