import { mapsInOrder, ownOrder } from '../architecture/tokenOrder';
import type { EngineClient } from '../engine/client';
import type { LoadedModel } from '../engine/requests';
import type { NpyArray } from '../files/npy';
import { npyBody, npyHeader } from '../files/npyEncoding';
import { writeWholeFile } from '../files/wholeFile';

/**
 * Writes (B, layers, heads, N, N): the gradient of each picture's class by every attention weight. Picture by picture, since each
 * has a class of its own, and layer by layer into the file. `classes` null: the most probable ones.
 */
export async function writeAttentionGradient(
  engine: EngineClient,
  { modelId, layers, heads, numTokens, prefixNames }: LoadedModel,
  { shape, values }: NpyArray,
  classes: readonly number[] | null,
  file: string,
): Promise<void> {
  const [batch = 0, ...one] = shape;
  const size = values.length / batch;
  const order = ownOrder(prefixNames, numTokens);
  async function* body(): AsyncGenerator<Uint8Array> {
    yield npyHeader([batch, layers, heads, numTokens, numTokens]);
    for (let i = 0; i < batch; i++) {
      const picture = { values: values.slice(i * size, (i + 1) * size), shape: [1, ...one] };
      const { runId } = await engine.request('run-tensor', { modelId, ...picture, attention: false, tokens: true });
      for (let layer = 0; layer < layers; layer++) {
        const what = { kind: 'attention-gradient', layer, class: classes?.[i] ?? null, against: null } as const;
        const maps = (await engine.request('slice', { runId, what })).values;
        yield npyBody(order ? mapsInOrder(maps, order) : maps);
      }
      await engine.request('close-run', { runId });
    }
  }
  await writeWholeFile(file, body());
}
