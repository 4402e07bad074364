// What neuronbus/plots says where vega is not installed.
import { weightHistogram } from 'neuronbus/plots';

try {
  await weightHistogram([0.5]);
} catch (error) {
  console.log(`${error.code}: ${error.message}`);
}
