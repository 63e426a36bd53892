/** All weight files of one model, seen as one table of tensors: a single safetensors file, or shards with their index. */
import { basename, dirname, join } from 'node:path';
import { ModelError, count, fileError } from '../../errors/modelError';
import { MOST_JSON_BYTES, MOST_NESTING, nestedTooDeep } from '../../files/jsonLimits';
import { decodeText, parseJson } from '../../files/json';
import { isLfsPointer } from '../../files/lfsPointer';
import { readRegularFile } from '../../files/regularFile';
import { lfsRefusal } from './unsupportedFormats';
import { isObject, readSafetensorsHeader, type StoredTensor } from './safetensors';

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
  if (header.tensors.size === 0) throw new ModelError('corrupt', `${file} holds no tensors.`);
  return { files: [file], tensors: header.tensors, metadata: header.metadata, bytes: header.bytes };
}

/** `model.safetensors.index.json`: weight_map says which shard beside it holds which tensor. */
async function readSharded(index: string): Promise<Checkpoint> {
  const shards = await readWeightMap(index);
  const checkpoint: Checkpoint = { files: [], tensors: new Map(), metadata: {}, bytes: 0 };
  let headerBytes = 0;
  for (const [name, listed] of shards) {
    const file = join(dirname(index), name);
    const header = await readSafetensorsHeader(file);
    headerBytes += header.headerBytes;
    if (headerBytes > MAX_HEADERS_BYTES)
      throw new ModelError('corrupt', `${index} names shards whose headers are together more than 64 MiB.`);
    for (const tensor of listed) {
      const stored = header.tensors.get(tensor);
      if (!stored)
        throw new ModelError('corrupt', `${index} says tensor "${tensor}" is in ${name}, but it is not there.`);
      checkpoint.tensors.set(tensor, stored);
    }
    if (listed.length < header.tensors.size) {
      const known = new Set(listed);
      const extra = [...header.tensors.keys()].find((tensor) => !known.has(tensor));
      throw new ModelError('corrupt', `${file} holds tensor "${extra}", which ${basename(index)} does not list.`);
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
  if (!isObject(map) || Object.keys(map).length === 0) throw new ModelError('corrupt', `${index} has no weight_map.`);
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
        `${index} points outside its directory or to no safetensors file: ${JSON.stringify(shard)}.`,
      );
    }
    const list = shards.get(shard);
    if (list) list.push(tensor);
    else shards.set(shard, [tensor]);
  }
  if (shards.size > MAX_SHARDS)
    throw new ModelError('corrupt', `${index} names ${count(shards.size, 'shard')}, more than ${MAX_SHARDS}.`);
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
  if (text.trim() === '') throw new ModelError('config', `${file} is empty.`);
  if (isLfsPointer(text)) throw lfsRefusal(file);
  if (nestedTooDeep(text) !== null)
    throw new ModelError('config', `${file} is nested deeper than ${MOST_NESTING} levels.`);
  let value: unknown;
  try {
    value = parse(text);
  } catch (error) {
    throw new ModelError(
      'config',
      `${file} is not valid JSON: ${error instanceof Error ? error.message : String(error)}.`,
    );
  }
  if (!isObject(value)) throw new ModelError('config', `${file} is not a JSON object.`);
  return value;
}
