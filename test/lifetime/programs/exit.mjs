// Ends in the way that its argument names, and prints what it still could.
import { NeuronBus } from '../../../dist/index.js';
import { Echo, usedBus } from './scene.mjs';

const endings = {
  'not started'() {
    globalThis.bus = usedBus();
  },
  closed() {
    usedBus().close();
  },
  'started, then stopped'() {
    const bus = usedBus();
    bus.start();
    bus.stop();
  },
  'started, then closed'() {
    const bus = usedBus();
    bus.start();
    bus.close();
  },
  'started with beats, then stopped later'() {
    const bus = NeuronBus.create();
    let beats = 0;
    class Beating extends Echo {
      tick() {
        if (++beats === 3) bus.stop();
      }
    }
    bus.register(new Beating(), { name: 'beating' });
    bus.start();
  },
  'closed by a handler of a started bus'() {
    const bus = NeuronBus.create();
    class Closer extends Echo {
      onSpike() {
        bus.close();
      }
    }
    const id = bus.register(new Closer(), { name: 'closer' });
    bus.start();
    bus.fire(id, { target: id });
  },
  'kept alive by a started bus'() {
    const bus = usedBus();
    bus.start();
    setTimeout(() => {
      console.log('alive');
      bus.close();
    }, 100).unref();
  },
  'goes on although nobody holds it'() {
    const start = () => {
      const bus = NeuronBus.create({ tickIntervalMs: 1 });
      let beats = 0;
      class Beating extends Echo {
        tick(handle) {
          handle.fireTo(handle.id, 'x'.repeat(100));
          if (++beats < 30) return;
          console.log(`${handle.bus.stats().delivered} delivered`);
          handle.bus.close();
        }
      }
      bus.register(new Beating(), { name: 'beating' });
      bus.start();
    };
    start();
    const collecting = setInterval(() => globalThis.gc(), 2);
    collecting.unref();
  },
  'process.exit with a started bus'() {
    globalThis.bus = usedBus();
    globalThis.bus.start();
    setImmediate(() => process.exit(0));
  },
  'process.exit inside a handler'() {
    const bus = NeuronBus.create();
    class Exit extends Echo {
      onSpike() {
        process.exit(0);
      }
    }
    const id = bus.register(new Exit(), { name: 'exit' });
    bus.fire(id, { target: id });
    bus.tick();
  },
  "close in 'exit'"() {
    const bus = usedBus();
    process.on('exit', () => {
      bus.close();
      console.log(`closed ${bus.closed}`);
    });
  },
  "use and close in 'exit' after process.exit"() {
    const bus = usedBus();
    bus.start();
    process.on('exit', () => {
      bus.run(2);
      const { queued } = bus.stats();
      bus.close();
      console.log(`queued ${queued}`);
    });
    process.exit(0);
  },
  "close in 'beforeExit'"() {
    const bus = usedBus();
    process.once('beforeExit', () => {
      bus.close();
      console.log('closed');
    });
  },
  'several buses, some closed'() {
    globalThis.buses = Array.from({ length: 20 }, () => usedBus());
    for (const bus of globalThis.buses.slice(5)) bus.close();
  },
};

endings[process.argv[2]]();
