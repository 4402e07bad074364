// SPDX-License-Identifier: MIT
//
// What a scenario is: variants that do the same work by different means, measured in turns in fresh processes.
//
// Plain data, no state: any thread.

export type Unit = 'ns' | 'µs' | 'ms' | 'M/s' | 'GB/s' | 'Hz' | 'B' | 'MB' | '%';

export interface Metric {
  readonly name: string;
  readonly unit: Unit;
  /** 'neither' tells what state the work was done in; it is shown, and compared with nothing. */
  readonly better: 'lower' | 'higher' | 'neither';
}

/** How much work one process does. Quick runs trade width of the error bars for time. */
export interface Effort {
  readonly quick: boolean;
  /** Calls before anything is measured, so that the optimizing compiler is done; where several threads work, at least. */
  readonly warmupMs: number;
  /** One timed block; a process reports the median of its blocks. */
  readonly blockMs: number;
  readonly blocks: number;
}

/** One value by metric name. */
export type Sample = Readonly<Record<string, number>>;

/** neuronbus: ours. peer: what a user would pick instead. limit: what the hardware or plain C++ allows. */
export type Role = 'neuronbus' | 'peer' | 'limit';

export interface Variant {
  readonly name: string;
  readonly role: Role;
  /** The variant of ours that does comparable work; ratios are printed against it. */
  readonly against?: string;
  /** Called once in the driver; a sentence means: leave this row out, and why. */
  unavailable?(): string | undefined;
  /** Runs in a process of its own. Throws when the consumer did not see what the producer sent. */
  run(effort: Effort): Sample | Promise<Sample>;
}

export interface Scenario {
  /** Also the name of the file under bench/. */
  readonly name: string;
  readonly title: string;
  /** What is compared and what is not, in one or two sentences; printed above the table. */
  readonly note: string;
  readonly metrics: readonly Metric[];
  readonly variants: readonly Variant[];
  /** Extra flags of the measuring process. */
  readonly nodeFlags?: readonly string[];
  /** Fewer repetitions for what is expensive and steady. */
  readonly repetitions?: number;
  /** Left out of quick runs, and why. */
  readonly notQuick?: string;
  /** Called once in the driver; a sentence means: skip, and why. */
  prepare?(): string | undefined;
}

/** What a measuring process writes to its standard output. */
export interface ChildResult {
  readonly sample: Sample;
  /** Time the main thread of that process spent in garbage collection, and its whole run. */
  readonly gcMs: number;
  readonly wallMs: number;
  /** Processor time of that process, in ticks. */
  readonly ticks: number;
}

export interface Summary {
  readonly unit: Unit;
  readonly better: Metric['better'];
  readonly median: number;
  readonly min: number;
  readonly max: number;
  readonly samples: readonly number[];
}

export interface VariantResult {
  readonly name: string;
  readonly role: Role;
  readonly against?: string;
  readonly metrics: Readonly<Record<string, Summary>>;
  readonly gcShare: number;
  /** Of the processes measured, how many shared the machine with somebody busy. */
  readonly disturbed: number;
  readonly failure?: string;
  readonly unavailable?: string;
}

export interface ScenarioResult {
  readonly name: string;
  readonly title: string;
  readonly note: string;
  readonly skipped?: string;
  readonly variants: readonly VariantResult[];
}

export interface TargetResult {
  readonly text: string;
  readonly target: string;
  readonly measured: string;
  readonly met: 'yes' | 'no' | 'not measured';
}

export interface Report {
  readonly date: string;
  readonly quick: boolean;
  readonly repetitions: number;
  readonly nodeEnv: string;
  readonly machine: Readonly<Record<string, string>>;
  readonly versions: Readonly<Record<string, string>>;
  readonly scenarios: readonly ScenarioResult[];
  readonly targets: readonly TargetResult[];
}
