// SPDX-License-Identifier: MIT
//
// Entry point `neuronbus/telemetry`: spans for the messages, questions and answers of a bus, by OpenTelemetry. Called on the
// thread of the bus; each thread instruments its own.
//
// Who asks has a client span, who answers a server span below it; who sends a message has a producer span, its receiver a
// consumer span below that. They find each other by the W3C trace context that travels with the message, between threads and
// processes too. While a handler runs, its span is the active one, and what it asks
// and sends through its request or message object becomes part of the same trace even without a context manager.

import { createRequire } from 'node:module';
import type * as Api from '@opentelemetry/api';
import type { Outcome } from '../bus/messages/asking.js';
import type { Message, Request } from '../bus/messages/incoming.js';
import type { ExchangeObserver, RequestOutcome } from '../bus/messages/observer.js';
import type { MessageOptions } from '../bus/messages/options.js';
import type { Pending } from '../bus/messages/pending.js';
import type { NeuronBus } from '../bus/neuron_bus.js';
import { invalidArgument, NeuronBusError } from '../memory/errors.js';
import * as L from '../memory/layout.js';

export interface InstrumentOptions {
  /** Where spans go. Default: the provider that is registered globally. */
  tracerProvider?: Api.TracerProvider;
  /** The module `@opentelemetry/api`, for programs that are bundled. Default: it is loaded. */
  api?: typeof Api;
}

const GOOD: readonly string[] = ['answered', 'served', 'sent'];
const PACKAGE = '@opentelemetry/api';

function load(): typeof Api {
  try {
    return createRequire(import.meta.url)(PACKAGE) as typeof Api;
  } catch (cause) {
    const what = `neuronbus/telemetry needs the package ${PACKAGE}: npm install ${PACKAGE}`;
    throw new NeuronBusError('NOT_INSTALLED', what, { cause });
  }
}

/**
 * From now on each question that a neuron of this thread asks makes a client span, and each that it answers a server span; each
 * message that it sends a producer span, and each that it gets a consumer span, which ends with its handler.
 * Returns the function that ends this; spans that are open then end with their exchanges no more.
 *
 * ```ts
 * import { instrument } from 'neuronbus/telemetry';
 * const stop = instrument(bus);
 * ```
 *
 * @throws NeuronBusError ERR_NB_NOT_INSTALLED (`@opentelemetry/api` is missing), ERR_NB_INVALID_ARGUMENT (no bus, or one that is
 * instrumented already), ERR_NB_CLOSED.
 */
export function instrument(bus: NeuronBus, options: InstrumentOptions = {}): () => void {
  if (typeof bus?.history !== 'function') throw invalidArgument('bus', bus, 'a NeuronBus');
  if (bus.exchangeObserver !== undefined)
    throw invalidArgument('bus', bus, 'one that is not instrumented already');
  const api = options.api ?? load();
  const tracer = (options.tracerProvider ?? api.trace).getTracer('neuronbus');
  const observer = new Spans(bus, api, tracer);
  bus.exchangeObserver = observer;
  return () => {
    if (!bus.closed && bus.exchangeObserver === observer) bus.exchangeObserver = undefined;
  };
}

class Spans implements ExchangeObserver {
  readonly #bus: NeuronBus;
  readonly #api: typeof Api;
  readonly #tracer: Api.Tracer;
  readonly #questions = new WeakMap<Pending, Api.Span>();
  readonly #incoming = new WeakMap<Message, Api.Span>();

  constructor(bus: NeuronBus, api: typeof Api, tracer: Api.Tracer) {
    this.#bus = bus;
    this.#api = api;
    this.#tracer = tracer;
  }

  sending(
    from: number,
    to: number,
    { correlationId = 0, priority = 0, traceparent }: MessageOptions,
    send: (traceparent: string | undefined) => boolean,
  ): boolean {
    const span = this.#tracer.startSpan(
      `send ${this.#nameOf(to)}`,
      { kind: this.#api.SpanKind.PRODUCER, attributes: this.#attributes(from, to, correlationId, priority) },
      this.#parentOf(traceparent),
    );
    try {
      const went = send(this.#traceparentOf(span) ?? traceparent);
      this.#end(span, went ? 'sent' : 'dropped', undefined);
      return went;
    } catch (error) {
      this.#end(span, 'dropped', error);
      throw error;
    }
  }

  receiving(message: Message, handle: () => void): void {
    this.#handling('handle', this.#api.SpanKind.CONSUMER, message, handle);
  }

  received(message: Message, failure: { readonly error: unknown } | undefined): void {
    this.#end(this.#incoming.get(message), failure === undefined ? 'served' : 'failed', failure?.error);
    this.#incoming.delete(message);
  }

  asking(question: Pending, traceparent: string | undefined): string | undefined {
    const { from, to, correlation, priority, what } = question;
    const verb = what === L.MESSAGE_STREAM ? 'stream' : 'request';
    const span = this.#tracer.startSpan(
      `${verb} ${this.#nameOf(to)}`,
      { kind: this.#api.SpanKind.CLIENT, attributes: this.#attributes(from, to, correlation, priority) },
      this.#parentOf(traceparent),
    );
    this.#questions.set(question, span);
    return this.#traceparentOf(span) ?? traceparent;
  }

  ended(question: Pending, outcome: Outcome, error: Error | undefined): void {
    this.#end(this.#questions.get(question), outcome, error);
    this.#questions.delete(question);
  }

  answering(request: Request, handle: () => void): void {
    this.#handling('answer', this.#api.SpanKind.SERVER, request, handle);
  }

  answered(request: Request, outcome: RequestOutcome, error: unknown): void {
    this.#end(this.#incoming.get(request), outcome, error);
    this.#incoming.delete(request);
  }

  #handling(verb: string, kind: Api.SpanKind, message: Message, handle: () => void): void {
    const { from, to, correlationId, priority, traceparent } = message;
    const parent = this.#parentOf(traceparent);
    const span = this.#tracer.startSpan(
      `${verb} ${this.#nameOf(to)}`,
      { kind, attributes: this.#attributes(from, to, correlationId, priority) },
      parent,
    );
    this.#incoming.set(message, span);
    message.context = this.#traceparentOf(span);
    this.#api.context.with(this.#api.trace.setSpan(parent, span), handle);
  }

  #attributes(from: number, to: number, correlation: number, priority: number): Api.Attributes {
    return {
      'neuronbus.bus': this.#bus.options.name,
      'neuronbus.from': this.#nameOf(from),
      'neuronbus.from.id': from,
      'neuronbus.to': this.#nameOf(to),
      'neuronbus.to.id': to,
      'neuronbus.correlation_id': correlation,
      'neuronbus.priority': priority,
    };
  }

  #nameOf(id: number): string {
    return this.#bus.card(id)?.name ?? String(id);
  }

  #end(span: Api.Span | undefined, outcome: Outcome | RequestOutcome | 'sent', error: unknown): void {
    if (span === undefined) return;
    span.setAttribute('neuronbus.outcome', outcome);
    if (!GOOD.includes(outcome)) {
      const { name = outcome, message = outcome, code } = (error ?? {}) as Partial<NeuronBusError>;
      if (error !== undefined) span.recordException({ name, message, ...(code && { code }) });
      span.setAttribute('error.type', code ?? name);
      span.setStatus({ code: this.#api.SpanStatusCode.ERROR, message });
    }
    span.end();
  }

  /** The context that a span with this W3C parent belongs to: the active one if it is of the same trace. */
  #parentOf(traceparent: string | undefined): Api.Context {
    const active = this.#api.context.active();
    if (traceparent === undefined) return active;
    const [, traceId, spanId, flags] = traceparent.split('-');
    if (this.#api.trace.getSpanContext(active)?.traceId === traceId) return active;
    const traceFlags = Number.parseInt(flags, 16);
    return this.#api.trace.setSpanContext(active, { traceId, spanId, traceFlags, isRemote: true });
  }

  #traceparentOf(span: Api.Span): string | undefined {
    const context = span.spanContext();
    if (!this.#api.isSpanContextValid(context)) return undefined;
    const { traceId, spanId, traceFlags } = context;
    return `00-${traceId}-${spanId}-${traceFlags.toString(16).padStart(2, '0')}`;
  }
}
