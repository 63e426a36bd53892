/** What targets are made with: the addon in this process, an engine process, graphs that it exported. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { EngineClient } from '../../extension/engine/client';
import { architecture, block, binding, ROOT } from '../native/support';

export const root = ROOT;

export const addon = {
  binding,
  architectures: [
    architecture(),
    architecture({ pool: 'avg', depth: 2, block: block(24, { qkNorm: { kind: 'layer', eps: 1e-6 } }) }),
    architecture({ block: block(24, { order: 'post' }) }),
  ],
};

let client: EngineClient | undefined;

export const engine = (): EngineClient =>
  (client ??= new EngineClient({ processFile: path.join(root, 'dist', 'engine.js') }));

/** Ends the process. */
export function endEngine(): void {
  client?.dispose();
}

let graphs: Promise<Uint8Array[]> | undefined;

/** Two models of the golden cases as ONNX files. */
export const exportedGraphs = (): Promise<Uint8Array[]> => (graphs ??= exportGraphs());

async function exportGraphs(): Promise<Uint8Array[]> {
  const folder = mkdtempSync(path.join(tmpdir(), 'vit-fuzz-graphs-'));
  try {
    const files: Uint8Array[] = [];
    for (const name of ['hf-clip', 'timm-aimv2']) {
      const file = path.join(folder, `${name}.onnx`);
      const model = { id: path.join(root, 'test/golden/cases', name) };
      await engine().request('export-onnx', { model, file, attention: false, tokens: false });
      files.push(readFileSync(file));
    }
    return files;
  } finally {
    rmSync(folder, { recursive: true });
  }
}
