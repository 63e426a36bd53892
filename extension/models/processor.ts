/** The image processor's settings of a model, wherever transformers wrote them. */
import { Fields } from './config/fields';
import { readJson } from './files/checkpoint';
import type { Located } from './files/locate';

/** preprocessor_config.json, or what it or processor_config.json holds as image_processor; null when neither is there. */
export async function readProcessor({ processor }: Pick<Located, 'processor'>): Promise<Fields | null> {
  if (processor === null) return null;
  const fields = new Fields(processor, await readJson(processor));
  if (fields.holdsObject('image_processor')) return fields.inner('image_processor');
  if (processor.endsWith('preprocessor_config.json')) return fields;
  return fields.has('image_mean') || fields.has('size') ? fields : null;
}
