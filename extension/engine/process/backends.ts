/** What computes: the addon, and ONNX Runtime. */
import type { Backend } from '../backend';
import { loadBinding } from '../native/binding';
import { NativeBackend } from '../native/backend';
import { seededWeights } from '../native/seeded';
import { OnnxBackend } from '../onnx/backend';
import type { EngineKind } from '../requests';

export function backend(kind: EngineKind): Backend {
  switch (kind) {
    case 'native':
      return new NativeBackend(loadBinding());
    case 'onnx':
      return new OnnxBackend(seededWeights(loadBinding));
  }
}
