/** Which bytes a model's numbers came from: its weight files' names, sizes and SHA-256, as sha256sum prints them. */
import { createHash } from 'node:crypto';
import path from 'node:path';
import { withRegularFile } from '../../files/regularFile';
import type { ModelDescription } from '../../architecture/description';
import { cancelled } from '../../errors/engineError';
import type { WeightFile, WeightFiles } from '../requests';

const PIECE = 8 * 2 ** 20;

/** Of an ONNX model the file itself. Throws FileRefusal, the operating system's error, or ERR_CANCELLED between two pieces. */
export async function weightFiles({ weights }: ModelDescription, signal: AbortSignal): Promise<WeightFiles> {
  if (weights.kind === 'seed') return { files: [], seed: weights.seed };
  const files = weights.kind === 'onnx' ? [weights.file] : tensorFiles(weights.tensors);
  const hashed: WeightFile[] = [];
  for (const file of files) hashed.push(await hash(file, signal));
  return { files: hashed, seed: null };
}

function tensorFiles(tensors: Extract<ModelDescription['weights'], { kind: 'tensors' }>['tensors']): string[] {
  const files = new Set<string>();
  for (const tensor of Object.values(tensors))
    for (const part of 'parts' in tensor ? tensor.parts : []) if ('file' in part) files.add(part.file);
  return [...files].sort();
}

function hash(file: string, signal: AbortSignal): Promise<WeightFile> {
  return withRegularFile(file, async (opened) => {
    const sha256 = createHash('sha256');
    const piece = Buffer.allocUnsafe(Math.min(PIECE, Math.max(1, opened.size)));
    for (let at = 0; at < opened.size;) {
      if (signal.aborted) throw cancelled();
      const length = await opened.read(piece, at);
      if (length === 0) break;
      sha256.update(piece.subarray(0, length));
      at += length;
    }
    return { name: path.basename(file), bytes: opened.size, sha256: sha256.digest('hex') };
  });
}
