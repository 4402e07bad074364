// The only limit of time in the tests: what takes this long hangs. A guard, not a measure: slow machines take the time they need.
// Not a test itself.

/** When a test is ended. */
export const TEST_MS = 300_000;
/** When somebody gives up waiting, before that, to say for what. */
export const HANG_MS = 270_000;
const PAUSE_MS = 5;

/** What `look` sees as soon as it is there. `what`: what is said when it never comes. */
export async function seen<T>(
  look: () => T | undefined | Promise<T | undefined>,
  what: () => string,
): Promise<T> {
  for (const end = performance.now() + HANG_MS; ; await new Promise((next) => setTimeout(next, PAUSE_MS))) {
    const found = await look();
    if (found !== undefined) return found;
    if (performance.now() > end) throw new Error(`it never happened: ${what()}`);
  }
}
