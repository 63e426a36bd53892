/** All weight files of one model, seen as one table of tensors: a single safetensors file, or shards with their index. */
import { basename, dirname, join } from 'node:path';
import { faultOf } from '../../errors/fileFault';
import { ModelError, fileError } from '../../errors/modelError';
import { count } from '../../errors/count';
import { MOST_JSON_BYTES, MOST_NESTING, nestedTooDeep } from '../../files/jsonLimits';
import { decodeText, parseJson } from '../../files/json';
import { isLfsPointer } from '../../files/lfsPointer';
import { readRegularFile } from '../../files/regularFile';
import { assertBeside } from '../../files/within';
import { lfsRefusal } from './unsupportedFormats';
import { isObject, readSafetensorsHeader, type StoredTensor } from './safetensors';
import { sentence } from '../../errors/sentence';

export interface Checkpoint {
  files: string[];
  tensors: Map<string, StoredTensor>;
  metadata: Record<string, string>;
  bytes: number;
}

const MAX_INDEX_BYTES = 16 * 1024 * 1024;
const MAX_SHARDS = 1000;
/** Of all shards together: what is kept in memory of them. */
const MAX_HEADERS_BYTES = 64 * 1024 * 1024;

export async function readCheckpoint(file: string): Promise<Checkpoint> {
  if (file.endsWith('.index.json')) return readSharded(file);
  const header = await readSafetensorsHeader(file);
  if (header.tensors.size === 0) throw new ModelError('corrupt', sentence('{0} holds no tensors.', file));
  return { files: [file], tensors: header.tensors, metadata: header.metadata, bytes: header.bytes };
}

/** `model.safetensors.index.json`: weight_map says which shard beside it holds which tensor. */
async function readSharded(index: string): Promise<Checkpoint> {
  const shards = await readWeightMap(index);
  const checkpoint: Checkpoint = { files: [], tensors: new Map(), metadata: {}, bytes: 0 };
  let headerBytes = 0;
  for (const [name, listed] of shards) {
    const file = join(dirname(index), name);
    await assertBeside(index, file).catch((error: unknown) => {
      throw fileError(file, error);
    });
    const header = await readSafetensorsHeader(file);
    headerBytes += header.headerBytes;
    if (headerBytes > MAX_HEADERS_BYTES)
      throw new ModelError('corrupt', sentence('{0} names shards whose headers are together more than 64 MiB.', index));
    for (const tensor of listed) {
      const stored = header.tensors.get(tensor);
      if (!stored)
        throw new ModelError(
          'corrupt',
          sentence('{0} says tensor "{1}" is in {2}, but it is not there.', index, tensor, name),
        );
      checkpoint.tensors.set(tensor, stored);
    }
    if (listed.length < header.tensors.size) {
      const known = new Set(listed);
      const extra = [...header.tensors.keys()].find((tensor) => !known.has(tensor));
      throw new ModelError(
        'corrupt',
        sentence('{0} holds tensor "{1}", which {2} does not list.', file, extra!, basename(index)),
      );
    }
    checkpoint.files.push(file);
    checkpoint.bytes += header.bytes;
    Object.assign(checkpoint.metadata, header.metadata);
  }
  return checkpoint;
}

async function readWeightMap(index: string): Promise<Map<string, string[]>> {
  const parsed = await readJson(index, MAX_INDEX_BYTES);
  const map = parsed['weight_map'];
  if (!isObject(map) || Object.keys(map).length === 0)
    throw new ModelError('corrupt', sentence('{0} has no weight_map.', index));
  const shards = new Map<string, string[]>();
  for (const [tensor, shard] of Object.entries(map)) {
    if (
      typeof shard !== 'string' ||
      shard !== basename(shard) ||
      shard.includes('\\') ||
      !shard.endsWith('.safetensors')
    ) {
      throw new ModelError(
        'corrupt',
        sentence('{0} points outside its directory or to no safetensors file: {1}.', index, JSON.stringify(shard)),
      );
    }
    const list = shards.get(shard);
    if (list) list.push(tensor);
    else shards.set(shard, [tensor]);
  }
  if (shards.size > MAX_SHARDS)
    throw new ModelError(
      'corrupt',
      sentence('{0} names {1}, more than {2}.', index, count(shards.size, 'shard'), MAX_SHARDS),
    );
  return shards;
}

/** A JSON object from a file of at most `limit` bytes. */
export async function readJson(
  file: string,
  limit = MOST_JSON_BYTES,
  parse: (text: string) => unknown = parseJson,
): Promise<Record<string, unknown>> {
  let text: string;
  try {
    text = decodeText(await readRegularFile(file, limit));
  } catch (error) {
    throw fileError(file, error);
  }
  if (text.trim() === '') throw new ModelError('config', sentence('{0} is empty.', file));
  if (isLfsPointer(text)) throw lfsRefusal(file);
  if (nestedTooDeep(text) !== null)
    throw new ModelError('config', sentence('{0} is nested deeper than {1} levels.', file, MOST_NESTING));
  let value: unknown;
  try {
    value = parse(text);
  } catch (error) {
    const fault = faultOf(error);
    // V8 says that once more behind a piece of the text
    const once = typeof fault === 'string' ? fault.replace(/ is not valid JSON$/, '') : fault;
    throw new ModelError('config', sentence('{0} is not valid JSON: {1}.', file, once));
  }
  if (!isObject(value)) throw new ModelError('config', sentence('{0} is not a JSON object.', file));
  return value;
}
