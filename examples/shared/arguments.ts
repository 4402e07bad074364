// Numbers from the command line, for examples that take nothing else. Ends the process on a mistake: main thread only.
import { parseArgs } from 'node:util';

/**
 * `{ rounds: [400, 1] }` reads `--rounds N`: 400 when left out, an integer of at least 1 otherwise, and of at most the third
 * number if there is one.
 */
export function integersFrom<Name extends string>(
  options: Record<Name, readonly [fallback: number, least: number, most?: number]>,
): Record<Name, number> {
  const names = Object.keys(options) as Name[];
  try {
    const { values } = parseArgs({
      options: Object.fromEntries(names.map((name) => [name, { type: 'string' as const }])),
    });
    const entries = names.map((name) => {
      const [fallback, least, most = Number.MAX_SAFE_INTEGER] = options[name];
      const value = Number(values[name] ?? fallback);
      if (!Number.isSafeInteger(value) || value < least || value > most || values[name] === '') {
        const range = most === Number.MAX_SAFE_INTEGER ? `${least} or more` : `${least} to ${most}`;
        throw new TypeError(`--${name} must be an integer, ${range}, not '${values[name]}'`);
      }
      return [name, value];
    });
    return Object.fromEntries(entries) as Record<Name, number>;
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    process.stderr.write(`${error.message}\n`);
    process.exit(2);
  }
}
