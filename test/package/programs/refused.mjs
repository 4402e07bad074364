// Pretends to be the platform that $PRETEND describes, uses the library and prints the error that it gets as JSON.
const { platform, arch, napi } = JSON.parse(process.env.PRETEND ?? '{}');

if (platform) Object.defineProperty(process, 'platform', { value: platform });
if (arch) Object.defineProperty(process, 'arch', { value: arch });
if (napi) Object.defineProperty(process, 'versions', { value: { ...process.versions, napi } });

const { NeuronBus, NeuronBusError } = await import('neuronbus');

try {
  NeuronBus.create({}).close();
  console.log(JSON.stringify({ code: 'none' }));
} catch (error) {
  const typed = error instanceof NeuronBusError;
  console.log(JSON.stringify({ typed, code: error.code, message: error.message }));
}
