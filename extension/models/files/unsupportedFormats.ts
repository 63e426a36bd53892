/** What a file is by its first bytes, when it is not a safetensors file: refused with the reason and the way out. */
import { basename } from 'node:path';
import { isLfsPointer, LFS_REASON } from '../../files/lfsPointer';
import type { RegularFile } from '../../files/regularFile';
import { ModelError } from '../../errors/modelError';
import { sentence } from '../../errors/sentence';

export const PICKLE_EXTENSIONS = ['.pth', '.pt', '.bin', '.pkl', '.ckpt', '.pth.tar'];

/** As much of a file's start as its kind can be told by. */
const MAGIC_BYTES = 64;

/** Throws the refusal of a file that is a Git LFS pointer or of another kind than weights; whatever else it is passes. */
export async function refuseOtherKinds(file: RegularFile): Promise<void> {
  const start = Buffer.alloc(MAGIC_BYTES);
  const refusal = refusedByMagic(file.path, start.subarray(0, await file.read(start, 0)));
  if (refusal) throw refusal;
}

/** A refusal, or undefined when nothing is known against these bytes. */
export function refusedByMagic(file: string, start: Buffer): ModelError | undefined {
  const text = start.toString('latin1');
  // torch.save: a zip (since 1.6) or a bare pickle (protocol 2 and later).
  if (
    text.startsWith('PK\x03\x04') ||
    (start[0] === 0x80 && (start[1] ?? 0) >= 2 && (start[1] ?? 0) <= 5 && start[7] !== 0)
  ) {
    return pickleRefusal(file);
  }
  if (isLfsPointer(start)) return lfsRefusal(file);
  if (text.startsWith('GGUF'))
    return new ModelError('unsupported', sentence('{0} is a GGUF file; ViT weights are read from .safetensors.', file));
  if (text.startsWith('\x89HDF'))
    return new ModelError(
      'unsupported',
      sentence('{0} is an HDF5 (Keras) file; ViT weights are read from .safetensors.', file),
    );
  return undefined;
}

export const lfsRefusal = (file: string): ModelError =>
  new ModelError('corrupt', sentence('{0} {1}.', file, LFS_REASON));

/** A pickle runs code when it is opened, so it never is; the one line that turns it into safetensors comes with the refusal. */
export function pickleRefusal(file: string): ModelError {
  const name = basename(file);
  const target = name.replace(/(\.pth\.tar|\.[^.]+)?$/, '.safetensors');
  const python = `import torch, safetensors.torch as s; d = torch.load('${name}', map_location='cpu', weights_only=True); d = next((d[k] for k in ('state_dict', 'state_dict_ema', 'model', 'teacher') if k in d), d); s.save_file({k: v.contiguous().clone() for k, v in d.items()}, '${target}')`;
  return new ModelError(
    'unsafe',
    sentence(
      '{0} is a pickle, which can run code when opened, so it is refused; convert it once with: python -c "{1}"',
      file,
      python,
    ),
  );
}
