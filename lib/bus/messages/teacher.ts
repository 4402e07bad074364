// SPDX-License-Identifier: MIT
//
// What exchanges teach synapses. A synapse sits with the one who answers, so that one applies what was learnt: how long the
// answer took, that there was none, or how the asker judged it. Called on the thread of the bus.

import * as L from '../../memory/layout.js';
import type { Workspace } from '../workspace.js';
import { onScale } from './time_scale.js';

const PRE = L.CONTROL_TAUGHT_PRE >> 1;
const POST = L.CONTROL_TAUGHT_POST >> 1;
const LESSON = L.CONTROL_LESSON >> 2;
const VALUE = L.CONTROL_LESSON_VALUE >> 3;

export class Teacher {
  readonly #ws: Workspace;

  constructor(workspace: Workspace) {
    this.#ws = workspace;
  }

  /** The question of `asker` was answered by `answerer`, of this thread, after `delayNs`. `scale` came with the question. */
  answered(asker: number, answerer: number, delayNs: number, scale: number): void {
    this.teach(asker, answerer, L.LESSON_ANSWERED, onScale(delayNs, scale));
  }

  /** It got an error, or nothing. */
  failed(asker: number, answerer: number): void {
    this.teach(asker, answerer, L.LESSON_FAILED, 0);
  }

  /** `signal`: reward times eligibility, in [-1, 1]. */
  rewarded(asker: number, answerer: number, signal: number): void {
    this.teach(asker, answerer, L.LESSON_REWARD, signal);
  }

  /** `lesson`: LESSON_ANSWERED .. */
  teach(asker: number, answerer: number, lesson: number, value: number): void {
    const { u16, u32, control, memory, native } = this.#ws;
    this.#ws.recorder?.lesson(lesson, asker, answerer, value);
    u16[control * 2 + PRE] = asker;
    u16[control * 2 + POST] = answerer;
    u32[control + LESSON] = lesson;
    memory.f64[control / 2 + VALUE] = value;
    native.teach();
  }
}
