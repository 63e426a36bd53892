/** What the engine answers, as the events a panel shows. */
import type { Sentence } from '../errors/sentence';
import type { OpenedImage, Slice } from '../engine/requests';
import type { HostEvent } from '../protocol/panel';
import type { ModelLease } from './modelPool';

type Event<T extends HostEvent['type']> = Extract<HostEvent, { type: T }>;

export function imageEvent(uri: string, { name, format, width, height, bytes, preview }: OpenedImage): Event<'image'> {
  // a plain Uint8Array: VS Code sends a Buffer (what comes from the engine process) to webviews as its JSON
  const plain = { ...preview, bytes: new Uint8Array(preview.bytes) };
  return { type: 'image', image: { uri, name, format, width, height, bytes, preview: plain } };
}

/** `attention`: whether this run has maps, or why not. */
export function modelEvent({ description, loaded }: ModelLease, attention: true | Sentence): Event<'model'> {
  const { id, name, path, family, architecture, preprocessing, labels, findings } = description;
  const { engine } = loaded;
  return {
    type: 'model',
    model: {
      id,
      name,
      path,
      family,
      engine,
      architecture,
      preprocessing,
      labels,
      findings,
      loaded: { ...loaded, attention },
    },
  };
}

/** What the engine process sends is a view of a whole message; VS Code would send all of that message's memory on. */
export function sliceForWebview({ values, ...rest }: Slice): Slice {
  return { ...rest, values: values.slice() };
}
