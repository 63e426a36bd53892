/** ONNX Runtime with 8-bit weights: our export with every linear layer dynamically quantised. */
import type { ModelDescription } from '../architecture/description';
import { weightsOf, type SeededWeights } from '../engine/onnx/backend';
import { createSession, loadRuntime } from '../engine/onnx/runtime';
import { EngineError } from '../errors/engineError';
import { sentence } from '../errors/sentence';
import { exportOnnx, outputNames } from '../onnx/export';

export interface OnnxInt8 {
  forward: (input: Float32Array, batch: number) => Promise<Float32Array>;
  close(): Promise<void>;
}

export async function openOnnxInt8(
  description: ModelDescription,
  seeded: SeededWeights,
  threads: number,
): Promise<OnnxInt8> {
  const { architecture, name } = description;
  if (architecture === null)
    throw new EngineError('ERR_UNSUPPORTED', sentence('{0} is an ONNX file.', description.path));
  const { read } = await weightsOf(description, architecture, seeded);
  const ort = await loadRuntime();
  const bytes = Buffer.concat(exportOnnx(name, architecture, read, { attention: false, tokens: false, int8: true }));
  const session = await createSession(ort, bytes, [], description, {
    engine: 'onnx',
    threads,
    gemm: 'packed',
    precision: 'fp32',
  });
  const { channels, height, width } = architecture.image;
  return {
    forward: async (input, batch) => {
      const tensor = new ort.Tensor('float32', input, [batch, channels, height, width]);
      const results = await session.run({ input: tensor });
      return results[outputNames.logits]!.data as Float32Array;
    },
    close: () => session.release(),
  };
}
