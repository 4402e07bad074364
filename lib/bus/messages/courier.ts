// SPDX-License-Identifier: MIT
//
// The way out of what streams cannot do without: parts, and what ends them or lets them go on. None of it is offered to a full
// ring, which would drop it; it waits here until there is room. Called on the thread of the bus.
//
// There is room again when this thread has delivered (its own ring), or when another one has, which nobody tells: so while
// something waits it is looked for every millisecond. Parts wait in the order in which they came, and leave a quarter of a ring to
// everything else; what ends streams and what grants credit goes before them, and may use that quarter.
//
// A part that finds the arena full waits as well, and lets others pass: of one stream there is never more than one here.

import { NeuronBusError } from '../../memory/errors.js';
import * as L from '../../memory/layout.js';
import type { Workspace } from '../workspace.js';
import type { Letter, Post } from './post.js';

const POLL_MS = 1;
const { MESSAGE_PART } = L;

interface Waiting {
  readonly letter: Letter;
  readonly value: unknown;
  /** Whether it is still to go. */
  readonly wanted: () => boolean;
  readonly resolve: (went: boolean) => void;
  readonly reject: (error: unknown) => void;
}

/** What waits for one ring, in order. */
class Line {
  readonly urgent: Waiting[] = [];
  readonly parts: Waiting[] = [];
}

export class Courier {
  readonly #ws: Workspace;
  readonly #post: Post;
  readonly #polls: boolean;
  readonly #reserve: number;
  readonly #lines = new Map<number, Line>(); // by ganglion
  #poll: NodeJS.Timeout | undefined;

  /** `polls`: other threads may make room. */
  constructor(workspace: Workspace, post: Post, polls: boolean) {
    this.#ws = workspace;
    this.#post = post;
    this.#polls = polls;
    this.#reserve = workspace.memory.axonCapacity >> 2;
  }

  /** Letters that wait for room. */
  get waiting(): number {
    let waiting = 0;
    for (const { urgent, parts } of this.#lines.values()) waiting += urgent.length + parts.length;
    return waiting;
  }

  /**
   * Sends a part, which `letter.count` numbers, now, or when there is room. False, or a promise of it: it is not `wanted` any
   * more, or the bus was closed.
   *
   * @throws NeuronBusError as `Post.send`, or rejects with it; ERR_NB_ARENA_FULL only for a first part, when nothing is under way
   * whose reading would make room.
   */
  part(letter: Letter, value: unknown, wanted: () => boolean): boolean | Promise<boolean> {
    const line = this.#lines.get(this.#ws.ganglionOf(letter.to));
    const first = line === undefined || line.parts.length === 0;
    if (first && this.#post.roomTo(letter.to) > this.#reserve) {
      try {
        return this.#post.send(letter, value);
      } catch (error) {
        if (!isArenaFull(error) || !this.#mayFit(letter)) throw error;
      }
    }
    return new Promise((resolve, reject) => {
      this.#lineTo(letter.to).parts.push({ letter, value, wanted, resolve, reject });
    });
  }

  /**
   * Sends what must not be lost, now or when there is room. What goes wrong later is forgotten: then there is nobody any more.
   *
   * @throws NeuronBusError as `Post.send`.
   */
  urgent(letter: Letter, value: unknown): boolean {
    if (this.#post.roomTo(letter.to) > 0) return this.#post.send(letter, value);
    const wanted = () => this.#ws.residents[letter.from] !== undefined;
    const forget = () => {};
    this.#lineTo(letter.to).urgent.push({ letter, value, wanted, resolve: forget, reject: forget });
    return true;
  }

  /** There may be room now: sends what it suffices for. */
  look(): void {
    if (this.#lines.size === 0) return; // after every tick: an iterator over nothing takes as long as a spike
    for (const [ganglion, { urgent, parts }] of this.#lines) {
      this.#send(urgent, 0);
      if (urgent.length === 0) this.#send(parts, this.#reserve);
      if (urgent.length === 0 && parts.length === 0) this.#lines.delete(ganglion);
    }
  }

  close(): void {
    clearTimeout(this.#poll);
    for (const { urgent, parts } of this.#lines.values()) {
      for (const { resolve } of [...urgent, ...parts]) resolve(false);
    }
    this.#lines.clear();
  }

  #send(waiting: Waiting[], reserve: number): void {
    let seen = 0;
    let kept = 0; // of these, in front
    for (; seen < waiting.length; seen++) {
      const { letter, value, wanted, resolve, reject } = waiting[seen];
      if (!wanted()) {
        resolve(false);
        continue;
      }
      if (this.#post.roomTo(letter.to) <= reserve) break;
      try {
        resolve(this.#post.send(letter, value));
      } catch (error) {
        if (letter.what === MESSAGE_PART && isArenaFull(error)) waiting[kept++] = waiting[seen];
        else reject(error);
      }
    }
    waiting.splice(kept, seen - kept);
  }

  // Later parts and what is in the ring hold blocks until they are read; the asker's patience ends what takes too long.
  #mayFit({ to, count }: Letter): boolean {
    return count !== 0 || this.#lines.size > 0 || this.#post.roomTo(to) < this.#ws.memory.axonCapacity;
  }

  #lineTo(neuron: number): Line {
    const ganglion = this.#ws.ganglionOf(neuron);
    let line = this.#lines.get(ganglion);
    if (line === undefined) {
      line = new Line();
      this.#lines.set(ganglion, line);
    }
    if (this.#polls && this.#poll === undefined) this.#poll = setTimeout(this.#again, POLL_MS).unref();
    return line;
  }

  readonly #again = (): void => {
    this.#poll = undefined;
    this.look();
    if (this.#lines.size > 0) this.#poll = setTimeout(this.#again, POLL_MS).unref();
  };
}

function isArenaFull(error: unknown): boolean {
  return error instanceof NeuronBusError && error.code === 'ERR_NB_ARENA_FULL';
}
