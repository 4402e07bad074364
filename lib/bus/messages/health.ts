// SPDX-License-Identifier: MIT
//
// Who answers, and who had better not be asked: a monitor of the agents that neurons of this thread asked. Called on the thread
// of the bus.
//
// The score of an agent is the share of its exchanges that were answered, over about the last twenty. Below the threshold it is
// out: nobody here asks it, but for one question on trial at a time, the first after a second and then after twice as long, up
// to a minute. An answer lets it back in. A chart is of the neuron that the roster had under the id when it was begun. That a neuron is there at all, its thread and its process, is asked of the roster
// (lib/bus/roster.ts), which is cleared of the dead by whoever notices first.

const MEMORY = 20;
/** Exchanges before anybody is judged. */
const FEWEST = 5;
const FIRST_TRIAL_NS = 1e9;
const LONGEST_TRIAL_NS = 60e9;

/** What is known of an agent, see {@link NeuronBus.health}. */
export interface AgentHealth {
  /** It is registered, and its thread and process live. */
  alive: boolean;
  /** Share of its last exchanges that were answered, 0 to 1; 1 before the first. */
  score: number;
  /** It failed too often, or failed its network, and is asked on trial only. */
  out: boolean;
  /** Exchanges with it that ended with an answer, an error or silence. */
  exchanges: number;
  /** Questions that it has got, from anybody, and not answered. */
  load: number;
  /** When it last answered, ns on the clock of the bus; 0 = never. */
  answeredNs: number;
  /** When it is asked on trial next, ns; 0 while it is in. */
  trialNs: number;
}

interface Chart {
  /** What the roster said of it: another word, another agent. */
  readonly entry: number;
  score: number;
  exchanges: number;
  /** Of these, since it was last let back in. */
  judged: number;
  answeredNs: number;
  out: boolean;
  trialNs: number;
  waitNs: number;
}

export class Health {
  readonly #threshold: number;
  readonly #entryOf: (agent: number) => number;
  readonly #charts = new Map<number, Chart>();
  #out = 0;

  /** `threshold`: the score below which an agent is out. `entryOf`: what the roster says of an id now. */
  constructor(threshold: number, entryOf: (agent: number) => number) {
    this.#threshold = threshold;
    this.#entryOf = entryOf;
  }

  /** An exchange ended with the agent of which the roster said `entry`. One that is gone is not judged any more. */
  ended(agent: number, entry: number, answered: boolean, now: number): void {
    if (entry !== this.#entryOf(agent)) return;
    const chart = this.#chart(agent);
    chart.exchanges++;
    chart.judged++;
    chart.score += ((answered ? 1 : 0) - chart.score) / MEMORY;
    if (answered) {
      chart.answeredNs = now;
      if (chart.out) this.#letIn(chart);
    } else if (chart.out) {
      this.#postpone(chart, now);
    } else if (chart.judged >= FEWEST && chart.score < this.#threshold) {
      this.#takeOut(chart, now);
    }
  }

  /** It failed where another one did not: it is out until it answers on trial, unless nobody ever is (threshold 0). */
  mark(agent: number, entry: number, now: number): void {
    if (this.#threshold === 0 || entry !== this.#entryOf(agent)) return;
    const chart = this.#chart(agent);
    if (!chart.out) this.#takeOut(chart, now);
  }

  /** Whether it may be asked now. One that is out may when its trial is due, until asked() says that it is made. */
  mayAsk(agent: number, now: number): boolean {
    if (this.#out === 0) return true;
    const chart = this.#known(agent);
    return chart === undefined || !chart.out || now >= chart.trialNs;
  }

  /** It is asked now, be it on trial. */
  asked(agent: number, now: () => number): void {
    if (this.#out === 0) return;
    const chart = this.#known(agent);
    if (chart?.out) this.#postpone(chart, now());
  }

  /** Whether anybody is out: otherwise there is nothing to leave out. */
  get anyOut(): boolean {
    return this.#out > 0;
  }

  /** What is known of it, beside what the memory of the bus says. */
  of(agent: number): Pick<AgentHealth, 'score' | 'out' | 'exchanges' | 'answeredNs' | 'trialNs'> {
    const { score, out, exchanges, answeredNs, trialNs } = this.#known(agent) ?? newChart(0);
    return { score, out, exchanges, answeredNs, trialNs: out ? trialNs : 0 };
  }

  /** The id is somebody else's from now on, or nobody's. */
  forget(agent: number): void {
    const chart = this.#charts.get(agent);
    if (chart?.out) this.#out--;
    this.#charts.delete(agent);
  }

  /** The same for all ids that are somebody else's now. */
  forgetGone(): void {
    for (const agent of this.#charts.keys()) this.#known(agent);
  }

  #known(agent: number): Chart | undefined {
    const chart = this.#charts.get(agent);
    if (chart === undefined || chart.entry === this.#entryOf(agent)) return chart;
    this.forget(agent);
    return undefined;
  }

  #chart(agent: number): Chart {
    let chart = this.#known(agent);
    if (chart === undefined) {
      chart = newChart(this.#entryOf(agent));
      this.#charts.set(agent, chart);
    }
    return chart;
  }

  #takeOut(chart: Chart, now: number): void {
    chart.out = true;
    this.#out++;
    chart.waitNs = FIRST_TRIAL_NS;
    chart.trialNs = now + FIRST_TRIAL_NS;
  }

  #postpone(chart: Chart, now: number): void {
    if (now < chart.trialNs) return;
    chart.waitNs = Math.min(LONGEST_TRIAL_NS, 2 * chart.waitNs);
    chart.trialNs = now + chart.waitNs;
  }

  // It starts afresh: what it did before it was repaired says nothing.
  #letIn(chart: Chart): void {
    this.#out--;
    chart.out = false;
    chart.score = 1;
    chart.judged = 0;
  }
}

function newChart(entry: number): Chart {
  return { entry, score: 1, exchanges: 0, judged: 0, answeredNs: 0, out: false, trialNs: 0, waitNs: 0 };
}
