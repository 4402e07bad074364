// What becomes of questions, as simply as it can be said: each is open until the first of the things that can end it. Not a
// test itself.

export type End =
  | 'open'
  | 'answered'
  | 'ERR_NB_REMOTE'
  | 'ERR_NB_TIMEOUT'
  | 'ERR_NB_ABORTED'
  | 'ERR_NB_DEAD_TARGET'
  | 'ERR_NB_UNKNOWN_NEURON'
  | 'ERR_NB_NO_ROUTE'
  | 'ERR_NB_FULL'
  | 'ERR_NB_CLOSED';

export interface Question {
  readonly n: number;
  readonly from: number;
  readonly to: number;
  readonly deadlineMs: number;
  end: End;
  /** It lies in the ring, or with its handler, or its answer does; or there is nothing of it any more. */
  at: 'ring' | 'handler' | 'answer' | 'error' | 'gone';
}

/** Of deadlines on the wire. */
const UNIT_NS = 65_536;

/** A ring of given length, a clock, agents that answer when they are told. */
export class Model {
  readonly questions: Question[] = [];
  readonly alive = new Set<number>();
  readonly #capacity: number;
  nowMs = 0;
  /** What lies in the ring, in order: its effect when it comes out, or nothing for messages and cancellations. */
  #ring: (() => void)[] = [];
  late = 0;

  constructor(capacity: number, agents: number) {
    this.#capacity = capacity;
    for (let i = 0; i < agents; i++) this.alive.add(i);
  }

  /** How many more the ring takes. */
  get room(): number {
    return this.#capacity - this.#ring.length;
  }

  get pending(): number {
    return this.questions.filter(({ end }) => end === 'open').length;
  }

  /** Those whose handlers wait to be told what to answer. */
  get inHand(): Question[] {
    return this.questions.filter(({ at, to }) => at === 'handler' && this.alive.has(to));
  }

  #put(effect: () => void): boolean {
    if (this.#ring.length === this.#capacity) return false;
    this.#ring.push(effect);
    return true;
  }

  ask(from: number, to: number, timeoutMs: number): Question {
    const question: Question = {
      n: this.questions.length,
      from,
      to,
      deadlineMs: (Math.ceil(((this.nowMs + timeoutMs) * 1e6) / UNIT_NS) * UNIT_NS) / 1e6,
      end: 'open',
      at: 'ring',
    };
    this.questions.push(question);
    if (!this.alive.has(to)) question.end = 'ERR_NB_NO_ROUTE';
    else if (!this.#put(() => this.#arrives(question))) question.end = 'ERR_NB_FULL';
    if (question.end !== 'open') question.at = 'gone';
    return question;
  }

  send(): boolean {
    return this.#put(() => {});
  }

  answer(question: Question, good: boolean): void {
    question.at = 'gone';
    this.#put(() => {
      if (!this.alive.has(question.from)) return; // its neuron is gone
      if (question.end === 'open') question.end = good ? 'answered' : 'ERR_NB_REMOTE';
      else this.late++;
    });
  }

  tick(): void {
    for (const effect of this.#ring.splice(0)) effect();
  }

  abort(question: Question): void {
    if (question.end === 'open') this.#end(question, 'ERR_NB_ABORTED');
  }

  advance(ms: number): void {
    this.nowMs += ms;
    const due = this.questions.filter(({ end, deadlineMs }) => end === 'open' && deadlineMs <= this.nowMs);
    for (const question of due) this.#end(question, 'ERR_NB_TIMEOUT');
    for (const question of this.questions) // handlers know the deadline, too
      if (question.at === 'handler' && question.deadlineMs <= this.nowMs) question.at = 'gone';
  }

  leave(agent: number): void {
    this.alive.delete(agent);
    for (const question of this.questions) {
      if (question.end !== 'open') continue;
      if (question.from === agent) question.end = 'ERR_NB_UNKNOWN_NEURON';
      else if (question.to === agent) question.end = 'ERR_NB_DEAD_TARGET';
    }
    for (const question of this.questions)
      if (question.from === agent || question.to === agent) question.at = 'gone';
  }

  close(): void {
    for (const question of this.questions) if (question.end === 'open') question.end = 'ERR_NB_CLOSED';
  }

  #arrives(question: Question): void {
    if (question.at !== 'ring' || !this.alive.has(question.to)) return;
    question.at = question.deadlineMs <= this.nowMs ? 'gone' : 'handler';
  }

  #end(question: Question, end: End): void {
    question.end = end;
    if (!this.alive.has(question.from) || !this.alive.has(question.to)) return;
    this.#put(() => {
      if (question.at === 'handler' || question.at === 'ring') question.at = 'gone';
    });
  }
}
