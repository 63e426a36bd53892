import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import type { Binding } from '../../../native/binding';
import { EngineError } from '../../errors/engineError';
import { packageRoot } from '../../files/packageRoot';
import { sentence } from '../../errors/sentence';

let loaded: Binding | undefined;

/** Loads the addon once: built here (build/Release) or shipped for this platform (prebuilds/). Throws ERR_ENGINE_START. */
export function loadBinding(): Binding {
  if (loaded) return loaded;
  const root = packageRoot();
  const platform = `${process.platform}-${process.arch}`;
  const files = [
    path.join(root, 'build', 'Release', 'vit_inspector.node'),
    path.join(root, 'prebuilds', platform, 'vit_inspector.node'),
  ].filter((file) => existsSync(file));
  if (files.length === 0) {
    throw new EngineError(
      'ERR_ENGINE_START',
      sentence(
        'The native engine was not built for {0}: install the extension package for this platform, run "npm run build:native", or choose the ONNX engine.',
        platform,
      ),
    );
  }
  let reason = '';
  for (const file of files) {
    try {
      return (loaded = createRequire(import.meta.url)(file) as Binding);
    } catch (error) {
      reason ||= (error instanceof Error ? error.message : String(error)).split('\n', 1)[0] ?? '';
    }
  }
  throw new EngineError(
    'ERR_ENGINE_START',
    sentence(
      'The native engine cannot be loaded on {0} ({1}): rebuild it with "npm run build:native", or choose the ONNX engine.',
      platform,
      reason,
    ),
  );
}
