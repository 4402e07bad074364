// SPDX-License-Identifier: MIT
//
// The mailboxes of a thread's neurons, and those of them that may have something to hand over, in a row. Called on the thread of
// the bus.

import { Mailbox, type Waiting } from './mailbox.js';

export class Mailroom<T extends Waiting> {
  readonly #ageingNs: number;
  readonly #mailboxes = new Map<number, Mailbox<T>>();
  #first: Mailbox<T> | undefined;
  #last: Mailbox<T> | undefined;

  constructor(ageingNs: number) {
    this.#ageingNs = ageingNs;
  }

  /** The mailbox that is first in the row. It stays there until done(). */
  get first(): Mailbox<T> | undefined {
    return this.#first;
  }

  /** Messages in all of them. */
  get waiting(): number {
    let waiting = 0;
    for (const { size } of this.#mailboxes.values()) waiting += size;
    return waiting;
  }

  /** A message came for neuron `id`. */
  add(id: number, message: T, now: number): void {
    const mailbox = this.#mailboxes.get(id) ?? this.#newMailbox(id);
    mailbox.add(message, now);
    if (!mailbox.inRow) this.#append(mailbox);
  }

  /** A handler of its neuron ended: the next message may have its turn. Returns whether there is one. */
  freed(mailbox: Mailbox<T>): boolean {
    mailbox.busy--;
    if (mailbox.size === 0 || mailbox.closed) return false;
    if (!mailbox.inRow) this.#append(mailbox);
    return true;
  }

  /** The first in the row has handed over what it could. */
  done(): void {
    const mailbox = this.#first;
    if (mailbox === undefined) return;
    mailbox.inRow = false;
    this.#first = mailbox.next;
    mailbox.next = undefined;
    if (this.#first === undefined) this.#last = undefined;
  }

  /** The message with this key that waits for neuron `id`, if there is one, which leaves. */
  withdraw(id: number, key: number): T | undefined {
    return this.#mailboxes.get(id)?.withdraw(key);
  }

  /** All messages that wait and `fit`, which leave. */
  withdrawAll(fits: (message: T) => boolean): T[] {
    const found: T[] = [];
    for (const mailbox of this.#mailboxes.values()) {
      if (mailbox.size === 0) continue;
      for (const message of mailbox.withdrawAll(fits)) found.push(message);
    }
    return found;
  }

  /** Neuron `id` left. Returns what waited for it. */
  close(id: number): T[] {
    const mailbox = this.#mailboxes.get(id);
    if (mailbox === undefined) return [];
    mailbox.closed = true;
    this.#mailboxes.delete(id);
    return mailbox.clear();
  }

  #newMailbox(id: number): Mailbox<T> {
    const mailbox = new Mailbox<T>(this.#ageingNs, id);
    this.#mailboxes.set(id, mailbox);
    return mailbox;
  }

  #append(mailbox: Mailbox<T>): void {
    mailbox.inRow = true;
    if (this.#last === undefined) this.#first = mailbox;
    else this.#last.next = mailbox;
    this.#last = mailbox;
  }
}
