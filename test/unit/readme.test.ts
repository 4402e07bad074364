// The documents say what is so: their code is code that runs, their links and file names lead somewhere.
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Neuron, NeuronBus, type NeuronHandle, type Spike } from 'neuronbus';
import { describe, expect, it, vi } from 'vitest';

const root = fileURLToPath(new URL('../..', import.meta.url));
const read = (file: string) => readFileSync(join(root, file), 'utf8');

const documents = [
  ...['README.md', 'CONTRIBUTING.md', 'CHANGELOG.md', 'examples/README.md'],
  ...readdirSync(join(root, 'docs'))
    .filter((name) => name.endsWith('.md'))
    .map((name) => `docs/${name}`),
];

/** Written by `npm run bench` and `npm run docs`, so a checkout may lack them. */
const made = ['docs/benchmarks.md', 'docs/api/', 'bench/results.json'];

/** Programs in a document, with the file that the marker names; undefined where there is no marker. Shell is none. */
function codeOf(document: string): { code: string; from: string | undefined }[] {
  const block = /(?:<!-- code: (\S+) -->\n)?^```(?:ts|c|python|rust)\n([\s\S]*?)^```$/gm;
  return [...read(document).matchAll(block)].map(([, from, code]) => ({ code: code!, from }));
}

/** Whether `file` has these lines, all of them perhaps further to the right: an excerpt may come from within a function. */
function contains(file: string, code: string): boolean {
  const text = read(file);
  return [0, 2, 4, 6, 8].some((spaces) => text.includes(code.replace(/^(?=.)/gm, ' '.repeat(spaces))));
}

describe('code of the README', () => {
  it('is all taken from files that run in the tests', () => {
    const blocks = codeOf('README.md');
    expect(blocks.map(({ from }) => from)).toEqual([
      'examples/my_first_agent.ts',
      'examples/requests.ts',
      'examples/requests.ts',
      'test/unit/readme.test.ts',
      'examples/threads/shouter.ts',
      'examples/threads.ts',
      'examples/agents/echo.c',
      'examples/agents/echo.py',
      'examples/first_network.ts',
    ]);
  });

  it('shows the first example whole, in twenty lines at most', () => {
    const { code } = codeOf('README.md')[0]!;
    const example = read('examples/my_first_agent.ts');
    expect(code).toBe(example.slice(example.indexOf('import ')));
    expect(code.split('\n').filter((line) => line.trim() !== '').length).toBeLessThanOrEqual(20);
  });

  it('prints the weight that it says', () => {
    class Greeter extends Neuron {
      override capabilities = ['greet'];
      onSpike(spike: Spike, handle: NeuronHandle) {
        handle.reply(spike, `Hello, ${spike.text()}!`);
      }
    }
    class Visitor extends Neuron {
      onSpike() {}
    }
    const log = vi.spyOn(console, 'log').mockImplementation(() => {});
    const bus = NeuronBus.create({ clock: 'virtual' });
    const visitor = bus.register(new Visitor(), { name: 'visitor' });
    bus.register(new Greeter(), { name: 'greeter' });
    const [greeter] = bus.discover('greet');
    const synapse = bus.connect(visitor, greeter.id).weight(0.5).build();
    for (let i = 0; i < 100; i++) if (bus.fire(visitor, { payload: 'neuron' })) bus.run(2);
    console.log(synapse.weight.toFixed(2)); // 0.82
    bus.close();
    const printed = log.mock.calls;
    log.mockRestore();
    expect(printed).toEqual([['0.82']]);
  });

  it('has one place for the measured table', () => {
    expect(read('README.md').match(/<!-- bench:(start|end) -->/g)).toEqual([
      '<!-- bench:start -->',
      '<!-- bench:end -->',
    ]);
  });
});

describe.each(documents)('%s', (document) => {
  const text = read(document);

  it('has code as it stands in the file that it names', () => {
    const strange = codeOf(document).filter(({ code, from }) => from && !contains(from, code));
    expect(strange).toEqual([]);
  });

  it('links to files and headings that exist', () => {
    const links = [...text.matchAll(/\]\((?!https?:|#)([^)#\s]+)(#[^)\s]+)?\)/g)];
    const broken = links.filter(([, target, anchor]) => {
      const file = join(dirname(document), target!);
      if (made.includes(file)) return false;
      if (!existsSync(join(root, file))) return true;
      return anchor !== undefined && !anchorsOf(file).includes(anchor);
    });
    expect(broken.map(([link]) => link)).toEqual([]);
  });

  it('names files that exist', () => {
    const path = /^(?:lib|native|include|test|tools|bench|examples|docs|cmake|\.github|\.ci|bin)\/[\w./-]*$/;
    const named = [...text.matchAll(/`([^`\s]+)`/g)]
      .map(([, code]) => code!)
      .filter((code) => path.test(code));
    const missing = named.filter((name) => !made.includes(name) && !existsSync(join(root, name)));
    expect(missing).toEqual([]);
  });

  it('names scripts of package.json', () => {
    const { scripts } = JSON.parse(read('package.json')) as { scripts: Record<string, string> };
    const named = [...text.matchAll(/`npm run ([\w:]+)/g)].map(([, name]) => name!);
    expect(named.filter((name) => !(name in scripts))).toEqual([]);
  });
});

/** The anchors that GitHub gives to headings. */
function anchorsOf(file: string): string[] {
  const headings = [...read(file).matchAll(/^#+ (.+)$/gm)].map(([, title]) => title!);
  return headings.map(
    (title) =>
      `#${title
        .toLowerCase()
        .replace(/[^\p{L}\p{N}\s_-]/gu, '')
        .replace(/\s/g, '-')}`,
  );
}

describe('docs/errors.md', () => {
  it('is what tools/gen-docs.mjs makes of the headers', () => {
    const check = spawnSync(process.execPath, [join(root, 'tools/gen-docs.mjs'), '--check'], {
      encoding: 'utf8',
    });
    expect(check).toMatchObject({ status: 0, stderr: '' });
  });

  it('has every code that the library can throw', async () => {
    const { ERROR_TABLE } = await import('../../lib/memory/error_table.js');
    const listed = [...read('docs/errors.md').matchAll(/^\| `ERR_NB_(\w+)` \|/gm)].map(([, name]) => name);
    expect(listed).toEqual(Object.keys(ERROR_TABLE));
  });
});
