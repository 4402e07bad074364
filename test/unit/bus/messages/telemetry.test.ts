// neuronbus/telemetry, with the real OpenTelemetry packages.
import { context, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import {
  BasicTracerProvider,
  InMemorySpanExporter,
  type ReadableSpan,
  SimpleSpanProcessor,
} from '@opentelemetry/sdk-trace-base';
import { type Message, Neuron, NeuronBus, type Request } from 'neuronbus';
import { instrument } from 'neuronbus/telemetry';
import { afterEach, describe, expect, it, onTestFinished } from 'vitest';
import { codeOf, codeOfPromise, makeBus, turn } from '../support.js';

class Agent extends Neuron {
  answer: (request: Request) => unknown;

  constructor(answer: (request: Request) => unknown) {
    super();
    this.answer = answer;
  }

  override onRequest(request: Request): unknown {
    return this.answer(request);
  }
}

function agent(bus: NeuronBus, name: string, answer: (request: Request) => unknown = () => 'ok'): number {
  return bus.register(new Agent(answer), { name });
}

function spansOf(...buses: NeuronBus[]) {
  const exporter = new InMemorySpanExporter();
  const tracerProvider = new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] });
  const stops = buses.map((bus) => instrument(bus, { tracerProvider }));
  return { exporter, tracerProvider, stop: () => stops.map((stop) => stop()) };
}

function startedBus(): NeuronBus {
  const bus = makeBus({ clock: 'real' });
  bus.start();
  return bus;
}

const parentOf = (span: ReadableSpan) => span.parentSpanContext?.spanId;
const idOf = (span: ReadableSpan) => span.spanContext().spanId;

/** Name, outcome, error type and failure of each span that ended. */
function endsOf(exporter: InMemorySpanExporter): unknown[][] {
  return exporter
    .getFinishedSpans()
    .map(({ name, attributes, status }) => [
      name,
      attributes['neuronbus.outcome'],
      attributes['error.type'],
      status.code === SpanStatusCode.ERROR,
    ]);
}

afterEach(() => {
  context.disable();
});

describe('an instrumented bus', () => {
  it('leaves no span open of a question that was withdrawn before its turn', async () => {
    const bus = makeBus();
    const open = new Set<string>();
    const tracerProvider = new BasicTracerProvider({
      spanProcessors: [
        {
          onStart: (span) => void open.add((span as unknown as ReadableSpan).spanContext().spanId),
          onEnd: (span) => void open.delete(idOf(span)),
          forceFlush: () => Promise.resolve(),
          shutdown: () => Promise.resolve(),
        },
      ],
    });
    instrument(bus, { tracerProvider });
    const asker = agent(bus, 'asker');
    const slow = new (class extends Agent {
      override readonly concurrency = 1;
    })(() => turn().then(turn));
    bus.register(slow, { name: 'slow' });
    const controller = new AbortController();
    const first = bus.request(asker, 'slow', 1);
    const second = codeOfPromise(bus.request(asker, 'slow', 2, { signal: controller.signal }));
    bus.tick();
    controller.abort();
    for (let i = 0; i < 10; i++) {
      bus.tick();
      await turn();
    }
    await first;
    expect(await second).toBe('ERR_NB_ABORTED');
    expect(open.size).toBe(0);
  });

  it('makes a client span at who asks and a server span below it at who answers', async () => {
    const bus = startedBus();
    const { exporter } = spansOf(bus);
    const [a, b] = [agent(bus, 'asker'), agent(bus, 'expert')];
    const reply = await bus.request(a, b, 'x', { priority: 9 });
    const [server, client] = exporter.getFinishedSpans() as [ReadableSpan, ReadableSpan];
    expect([client.name, client.kind]).toEqual(['request expert', SpanKind.CLIENT]);
    expect([server.name, server.kind]).toEqual(['answer expert', SpanKind.SERVER]);
    expect(parentOf(server)).toBe(idOf(client));
    expect(server.parentSpanContext?.isRemote).toBe(true);
    expect(server.spanContext().traceId).toBe(client.spanContext().traceId);
    expect(parentOf(client)).toBeUndefined();
    expect(client.attributes).toMatchObject({
      'neuronbus.from': 'asker',
      'neuronbus.from.id': a,
      'neuronbus.to': 'expert',
      'neuronbus.to.id': b,
      'neuronbus.priority': 9,
      'neuronbus.correlation_id': reply.correlationId,
      'neuronbus.outcome': 'answered',
    });
    expect(server.attributes['neuronbus.outcome']).toBe('served');
    expect(client.status.code).toBe(SpanStatusCode.UNSET);
  });

  it('joins the spans of threads by the trace context that travels', async () => {
    const here = startedBus();
    const there = NeuronBus.attach(here.handle);
    onTestFinished(() => there.close());
    there.start();
    const [mine, theirs] = [spansOf(here).exporter, spansOf(there).exporter];
    const seen: unknown[] = [];
    const b = agent(there, 'far', (request) => {
      seen.push(request.traceparent);
      return 'ok';
    });
    await here.request(agent(here, 'near'), b, 'x');
    const [client, server] = [mine.getFinishedSpans()[0]!, theirs.getFinishedSpans()[0]!];
    expect([mine.getFinishedSpans().length, theirs.getFinishedSpans().length]).toEqual([1, 1]);
    expect(parentOf(server)).toBe(idOf(client));
    expect(seen).toEqual([`00-${client.spanContext().traceId}-${idOf(client)}-01`]);
  });

  it('puts what a handler asks through its request below its own span, without a context manager', async () => {
    const bus = startedBus();
    const { exporter } = spansOf(bus);
    const last = agent(bus, 'last');
    const middle = agent(bus, 'middle', async (request) => {
      await Promise.resolve();
      return (await request.request(last, 'on')).value;
    });
    await bus.request(agent(bus, 'first'), middle, 'x');
    const spans = exporter.getFinishedSpans();
    const named = (name: string) => spans.find((span) => span.name === name)!;
    expect(spans).toHaveLength(4);
    expect(parentOf(named('answer middle'))).toBe(idOf(named('request middle')));
    expect(parentOf(named('request last'))).toBe(idOf(named('answer middle')));
    expect(parentOf(named('answer last'))).toBe(idOf(named('request last')));
  });

  it('makes its spans the active ones of handlers, generators too, and takes the active one for a parent', async () => {
    context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
    const bus = startedBus();
    const { exporter, tracerProvider } = spansOf(bus);
    const active: unknown[] = [];
    const note = () => active.push(trace.getSpanContext(context.active())?.spanId);
    const a = agent(bus, 'a');
    const b = agent(bus, 'b', async () => {
      note();
      await Promise.resolve();
      note();
      return 'ok';
    });
    const c = agent(bus, 'c', async function* () {
      note();
      yield 1;
      note();
      yield 2;
    });
    const outer = tracerProvider.getTracer('test').startSpan('outer');
    await context.with(trace.setSpan(context.active(), outer), async () => {
      await bus.request(a, b, 'x');
      for await (const _ of bus.stream(a, c, 'x'));
    });
    const named = (name: string) => exporter.getFinishedSpans().find((span) => span.name === name)!;
    const [answered, streamed] = [idOf(named('answer b')), idOf(named('answer c'))];
    expect(active).toEqual([answered, answered, streamed, streamed]);
    for (const name of ['request b', 'stream c'])
      expect(parentOf(named(name))).toBe(outer.spanContext().spanId);
    expect(named('stream c').attributes['neuronbus.outcome']).toBe('answered');
  });

  it('ends every span, and says what went wrong', async () => {
    const bus = makeBus();
    const { exporter } = spansOf(bus);
    const a = agent(bus, 'a');
    const failing = agent(bus, 'failing', () => {
      throw new TypeError('not this');
    });
    const silent = agent(bus, 'silent', () => undefined);
    const failed = codeOfPromise(bus.request(a, failing, 1));
    bus.run(2);
    expect(await failed).toBe('ERR_NB_REMOTE');
    const late = codeOfPromise(bus.request(a, silent, 2, { timeoutMs: 5 }));
    bus.tick();
    bus.clock.advance(6);
    bus.run(2);
    expect(await late).toBe('ERR_NB_TIMEOUT');
    const open = codeOfPromise(bus.request(a, silent, 3));
    bus.tick();
    bus.close();
    expect(await open).toBe('ERR_NB_CLOSED');
    expect(endsOf(exporter)).toEqual([
      ['answer failing', 'failed', 'TypeError', true],
      ['request failing', 'failed', 'ERR_NB_REMOTE', true],
      ['request silent', 'timeout', 'ERR_NB_TIMEOUT', true],
      ['answer silent', 'aborted', 'aborted', true],
      ['answer silent', 'closed', 'closed', true],
      ['request silent', 'closed', 'ERR_NB_CLOSED', true],
    ]);
    const [event] = exporter.getFinishedSpans()[0]!.events;
    expect(event!.attributes).toMatchObject({
      'exception.type': 'TypeError',
      'exception.message': 'not this',
    });
  });

  it('makes a producer span of a message and a consumer span below it, until its handler is through', async () => {
    const bus = startedBus();
    const { exporter } = spansOf(bus);
    let goOn = () => {};
    class Reader extends Neuron {
      override async onMessage(message: Message): Promise<void> {
        await new Promise<void>((resolve) => {
          goOn = resolve;
        });
        message.send('last', 'on'); // without a context manager: below the span of its handler
      }
    }
    class Last extends Neuron {
      override onMessage(): void {}
    }
    const [a, b] = [agent(bus, 'writer'), bus.register(new Reader(), { name: 'reader' })];
    bus.register(new Last(), { name: 'last' });
    const correlationId = 77;
    expect(bus.send(a, b, 'x', { priority: 3, correlationId })).toBe(true);
    await turn();
    expect(exporter.getFinishedSpans().map(({ name }) => name)).toEqual(['send reader']);
    goOn();
    await turn();
    const spans = exporter.getFinishedSpans();
    const named = (name: string) => spans.find((span) => span.name === name)!;
    expect(spans).toHaveLength(4);
    expect([named('send reader').kind, named('handle reader').kind]).toEqual([
      SpanKind.PRODUCER,
      SpanKind.CONSUMER,
    ]);
    expect(parentOf(named('send reader'))).toBeUndefined();
    expect(parentOf(named('handle reader'))).toBe(idOf(named('send reader')));
    expect(parentOf(named('send last'))).toBe(idOf(named('handle reader')));
    expect(parentOf(named('handle last'))).toBe(idOf(named('send last')));
    expect(new Set(spans.map((span) => span.spanContext().traceId)).size).toBe(1);
    for (const span of spans) expect(span.attributes['neuronbus.correlation_id']).toBe(correlationId);
    expect(named('handle reader').attributes).toMatchObject({
      'neuronbus.from': 'writer',
      'neuronbus.to': 'reader',
      'neuronbus.priority': 3,
      'neuronbus.outcome': 'served',
    });
    expect(named('send reader').attributes['neuronbus.outcome']).toBe('sent');
  });

  it('joins the spans of a message between threads', async () => {
    const here = startedBus();
    const there = NeuronBus.attach(here.handle);
    onTestFinished(() => there.close());
    const [mine, theirs] = [spansOf(here).exporter, spansOf(there).exporter];
    class Reader extends Neuron {
      override onMessage(): void {}
    }
    const to = there.register(new Reader(), { name: 'far' });
    here.send(agent(here, 'near'), to, 'x');
    await turn();
    there.tick();
    const [sent, handled] = [mine.getFinishedSpans()[0]!, theirs.getFinishedSpans()[0]!];
    expect([sent.name, handled.name, parentOf(handled)]).toEqual(['send far', 'handle far', idOf(sent)]);
  });

  it('says of messages what went wrong, and makes one span for each of many', () => {
    const bus = makeBus({ axonCapacity: 4 });
    bus.on('error', () => {});
    const { exporter } = spansOf(bus);
    class Failing extends Neuron {
      override onMessage(): void {
        throw new RangeError('no');
      }
    }
    const a = agent(bus, 'a');
    for (let i = 0; i < 5; i++) bus.register(new Failing(), { name: `failing ${i}` });
    expect(bus.sendAll(a, () => true, 'to all')).toBe(4);
    const circle: unknown[] = [];
    circle.push(circle);
    expect(codeOf(() => bus.send(a, 'failing 0', circle))).toBe('ERR_NB_INVALID_ARGUMENT');
    bus.tick();
    const four = [0, 1, 2, 3];
    expect(endsOf(exporter)).toEqual([
      ...four.map((i) => [`send failing ${i}`, 'sent', undefined, false]),
      ['send failing 4', 'dropped', 'dropped', true],
      ['send failing 0', 'dropped', 'ERR_NB_INVALID_ARGUMENT', true],
      ...four.map((i) => [`handle failing ${i}`, 'failed', 'RangeError', true]),
    ]);
  });

  it('passes a trace context on where nobody registered a provider', async () => {
    const bus = startedBus();
    instrument(bus);
    const seen: unknown[] = [];
    const b = agent(bus, 'b', (request) => {
      seen.push(request.traceparent);
      return 'ok';
    });
    const traceparent = `00-${'a'.repeat(32)}-${'b'.repeat(16)}-01`;
    await bus.request(agent(bus, 'a'), b, 'x', { traceparent });
    await bus.request(agent(bus, 'a2'), b, 'x');
    expect(seen).toEqual([traceparent, undefined]);
  });

  it('is instrumented once, until that is ended', async () => {
    const bus = startedBus();
    const { exporter, stop } = spansOf(bus);
    expect(codeOf(() => instrument(bus))).toBe('ERR_NB_INVALID_ARGUMENT');
    stop();
    await bus.request(agent(bus, 'a'), agent(bus, 'b'), 'x');
    expect(exporter.getFinishedSpans()).toEqual([]);
    spansOf(bus).stop();
    expect(codeOf(() => instrument({} as NeuronBus))).toBe('ERR_NB_INVALID_ARGUMENT');
    bus.close();
    expect(codeOf(() => instrument(bus))).toBe('ERR_NB_CLOSED');
    expect(stop).not.toThrow();
  });
});
