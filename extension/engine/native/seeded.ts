import type { Binding } from '../../../native/binding';
import type { Architecture } from '../../architecture/description';
import type { SeededWeights } from '../onnx/backend';

/** Weights drawn by the addon's _init_weights, for the engine that only knows tensors. */
export function seededWeights(binding: () => Binding): SeededWeights {
  return async (architecture: Architecture, seed: number) => {
    const model = await binding().load({
      architecture,
      weights: { seed },
      gemm: 'naive',
      precision: 'fp32',
      threads: 1,
      // whoever asks has compared it with the limit
      memoryLimit: Number.MAX_SAFE_INTEGER,
    });
    return {
      parameters: model.parameters,
      read: (name) => {
        try {
          return model.tensor(name);
        } catch {
          return null;
        }
      },
    };
  };
}
