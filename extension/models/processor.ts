/** The image processor's settings of a model, wherever transformers wrote them. */
import { Fields } from './config/fields';
import { readJson } from './files/checkpoint';
import type { Located } from './files/locate';

/** preprocessor_config.json as it is, processor_config.json's image_processor; null when neither is there. */
export async function readProcessor({ processor }: Pick<Located, 'processor'>): Promise<Fields | null> {
  if (processor === null) return null;
  const fields = new Fields(processor, await readJson(processor));
  if (!processor.endsWith('processor_config.json') || processor.endsWith('preprocessor_config.json')) return fields;
  if (fields.has('image_processor')) return fields.inner('image_processor');
  return fields.has('image_mean') || fields.has('size') ? fields : null;
}
