// Shows on standard error how far a long input is read. It listens and never answers, so its synapse is one
// that weakens: the spikes still reach it. Used by the thread of the bus.
import { Neuron, type Spike } from 'neuronbus';
import { bytes, duration } from '../shared/terminal.js';
import { PROGRESS, type Progress } from './messages.js';

const QUIET_MS = 1000; // shorter inputs need no progress
const TERMINAL_MS = 100;
const LOG_MS = 5000;
const BAR = 24;

export class ProgressLine extends Neuron {
  override readonly capabilities = [PROGRESS];
  readonly #total: number;
  readonly #started = performance.now();
  #next = this.#started + QUIET_MS;
  #shown = false;

  /** @param totalBytes of all inputs, NaN when it is not known */
  constructor(totalBytes: number) {
    super();
    this.#total = totalBytes;
  }

  onSpike(spike: Spike): void {
    const now = performance.now();
    if (now < this.#next) return;
    const line = this.#text(spike.json() as Progress, now - this.#started);
    if (process.stderr.isTTY) {
      process.stderr.write(`\r\x1b[2K${line}`);
      this.#shown = true;
      this.#next = now + TERMINAL_MS;
    } else {
      process.stderr.write(`${line}\n`);
      this.#next = now + LOG_MS;
    }
  }

  /** Takes the line off the terminal, before something else is printed. */
  clear(): void {
    if (this.#shown) process.stderr.write('\r\x1b[2K');
    this.#shown = false;
  }

  #text(progress: Progress, elapsedMs: number): string {
    const rate = `${bytes(Math.round((progress.bytes / elapsedMs) * 1000))}/s`;
    const total = this.#total;
    if (Number.isNaN(total)) return `reading  ${bytes(progress.bytes)}  ${rate}`;
    const share = Math.min(1, progress.bytes / total);
    const bar = '━'.repeat(Math.round(share * BAR)).padEnd(BAR, '─');
    const left = duration(Math.max(0, elapsedMs / share - elapsedMs) * 1e6);
    const read = `${Math.floor(share * 100)} %  ${bytes(progress.bytes)} of ${bytes(total)}`;
    return `reading  ${bar} ${read}  ${rate}  ${left} left`;
  }
}
