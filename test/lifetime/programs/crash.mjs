// An exception that nobody catches, with a bus open and started: the process must die of that, not of the bus.
import { usedBus } from './scene.mjs';

const bus = usedBus();
bus.start();
setImmediate(() => {
  throw new Error('on purpose');
});
