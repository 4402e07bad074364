// Builds what the tests of this folder run, below .build/capi: the library, the agents, the tests in C. Not a test itself.
import { spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = fileURLToPath(new URL('../..', import.meta.url));
export const folder = join(root, '.build', 'capi');
export const agents = join(root, 'examples', 'agents');

/** Runs a command and returns its output. */
export function run(command: string, args: readonly string[], env: Record<string, string> = {}): string {
  const options = {
    cwd: root,
    encoding: 'utf8',
    env: { ...process.env, ...env },
    maxBuffer: 1 << 26,
  } as const;
  const { status, error, stdout, stderr } = spawnSync(command, args, options);
  if (status === 0) return stdout;
  throw new Error(`${command} ${args.join(' ')} failed: ${error?.message ?? ''}\n${stdout}\n${stderr}`);
}

export function present(command: string): boolean {
  return spawnSync(command, ['--version'], { stdio: 'ignore' }).status === 0;
}

function cmake(name: string, options: readonly string[], target: string): string {
  const output = join(folder, name);
  run('cmake', ['-S', root, '-B', output, ...options]);
  run('cmake', ['--build', output, '--parallel', '2', '--target', target]);
  return output;
}

async function sources(...lists: string[]): Promise<string[]> {
  const path = '../../tools/sources.mjs';
  const { nativeSources } = (await import(path)) as {
    nativeSources(root: string, list: string): string[];
  };
  return lists.flatMap((list) => nativeSources(root, list));
}

const CXX = [
  '-std=c++17',
  '-fPIC',
  '-fvisibility=hidden',
  '-pthread',
  '-ffp-contract=off',
  '-Iinclude',
  '-Inative/core',
  '-I.',
];
const SANITIZE = [
  '-O1',
  '-g',
  '-fsanitize=address,undefined',
  '-fno-sanitize-recover=all',
  '-fno-omit-frame-pointer',
];

/** The folder with libneuronbus.so. */
export async function buildLibrary(): Promise<string> {
  mkdirSync(folder, { recursive: true });
  if (present('cmake')) return cmake('cmake', ['-DCMAKE_BUILD_TYPE=Release'], 'neuronbus_shared');
  const name = 'libneuronbus.so';
  const link = ['-shared', '-Wl,--version-script=native/capi/exports.map', `-Wl,-soname,${name}`];
  run('g++', [
    ...CXX,
    '-O2',
    ...link,
    ...(await sources('core_sources', 'capi_sources')),
    '-o',
    join(folder, name),
  ]);
  return folder;
}

/** The programs of test/capi, instrumented: each source is one. */
export async function buildTests(): Promise<string[]> {
  const programs = readdirSync(join(root, 'test', 'capi')).filter((name) => /\.cc?$/.test(name));
  const nameOf = (source: string) => source.replace(/\.cc?$/, '');
  mkdirSync(folder, { recursive: true });
  if (present('cmake')) {
    const output = cmake('address', ['-DNEURONBUS_SANITIZE=address'], 'capi_tests');
    return programs.map((source) => join(output, nameOf(source)));
  }
  const library = join(folder, 'address.o');
  const all = await sources('core_sources', 'capi_sources');
  run('g++', [...CXX, ...SANITIZE, '-r', '-nostdlib', ...all, '-o', library]);
  return programs.map((source) => {
    const program = join(folder, nameOf(source));
    const flags = source.endsWith('.c') ? ['-std=c11', '-Iinclude'] : CXX;
    const compiler = source.endsWith('.c') ? 'gcc' : 'g++';
    run(compiler, [...flags, ...SANITIZE, '-c', join('test', 'capi', source), '-o', `${program}.o`]);
    run('g++', [...SANITIZE, '-pthread', library, `${program}.o`, '-o', program]);
    return program;
  });
}

const STRICT = ['-Wall', '-Wextra', '-pedantic', '-Werror', '-O1'];

/** A program, echo.c if no other. The library is found by the loader without help. */
export function compileC(
  library: string,
  name: string,
  compiler: string,
  standard: readonly string[],
  file = join(agents, 'echo.c'),
): string {
  const program = join(folder, name);
  const source = [...standard, ...STRICT, '-Iinclude', file];
  run(compiler, [...source, `-L${library}`, '-lneuronbus', `-Wl,-rpath,${library}`, '-o', program]);
  return program;
}

export function compileRust(library: string): string {
  const program = join(folder, 'echo_rust');
  const link = ['-L', library, '-C', `link-arg=-Wl,-rpath,${library}`];
  run('rustc', [
    '--edition',
    '2021',
    '-D',
    'warnings',
    '-O',
    join(agents, 'echo.rs'),
    ...link,
    '-o',
    program,
  ]);
  return program;
}
