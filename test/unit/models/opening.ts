/** What the tests of opening share: golden cases, changed copies of them, refusals, in a folder of each test file's own. */
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { ModelError, type ModelErrorCode } from '../../../extension/errors/modelError';
import { openModel } from '../../../extension/models/open';
import { pack, scratch, unpack, write, type Entry } from './files';

export const ROOT = resolve(import.meta.dirname, '../../..');
export const CASES = join(ROOT, 'test/golden/cases');
export const folder = scratch();
export const open = (path: string) => openModel(path, { root: ROOT, cwd: folder });
export const golden = (name: string) => join(CASES, name);
export const json = (path: string) => JSON.parse(readFileSync(path, 'utf8')) as Record<string, unknown>;

export async function refuses(path: string, code: ModelErrorCode, reason: RegExp): Promise<void> {
  await assert.rejects(open(path), (error) => {
    assert.ok(error instanceof ModelError, String(error));
    assert.match(error.message, reason);
    assert.equal(error.code, code, error.message);
    assert.ok(!error.message.includes('\n'));
    return true;
  });
}

/** A golden case whose tensors and config were changed, in a directory of its own. */
export function changed(
  name: string,
  as: string,
  change: (entries: Map<string, Entry>) => void,
  config: (c: Record<string, unknown>) => void = () => undefined,
): string {
  const entries = unpack(join(golden(name), 'model.safetensors'));
  change(entries);
  write(folder, `${as}/model.safetensors`, pack(entries));
  const file = join(golden(name), 'config.json');
  // the official files of some models have none
  if (existsSync(file)) {
    const fields = json(file);
    config(fields);
    write(folder, `${as}/config.json`, JSON.stringify(fields));
  }
  return join(folder, as);
}

export const errorsOf = async (path: string) =>
  (await open(path)).findings.filter(({ severity }) => severity === 'error');
