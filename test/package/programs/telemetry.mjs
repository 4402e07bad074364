// What neuronbus/telemetry says where @opentelemetry/api is not installed.
import { NeuronBus } from 'neuronbus';
import { instrument } from 'neuronbus/telemetry';

const bus = NeuronBus.create({ clock: 'virtual' });
try {
  instrument(bus);
} catch (error) {
  console.log(`${error.code}: ${error.message}`);
}
bus.close();
