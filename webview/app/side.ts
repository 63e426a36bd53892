/** What a comparison sets beside the panel's own picture: another picture, another model, or both. */
import type { EngineErrorShape, RunSummary } from '../../extension/engine/requests';
import type { PanelImage, PanelModel, SavedOther, SideEvent } from '../../extension/protocol/panel';

export interface Side {
  /** What it was asked for. */
  what: SavedOther;
  image: PanelImage | null;
  model: PanelModel | null;
  run: RunSummary | null;
  busy: string | null;
  failure: { error: EngineErrorShape; retry: boolean } | null;
}

export const newSide = (what: SavedOther): Side => ({
  what,
  image: null,
  model: null,
  run: null,
  busy: null,
  failure: null,
});

/** What an event of the host about the other side makes of it. */
export function reduceSide(side: Side, event: SideEvent): Side {
  switch (event.type) {
    case 'image':
      return { ...side, image: event.image, run: null, failure: null };
    case 'busy':
      return { ...side, busy: event.what, failure: event.what === null ? side.failure : null };
    case 'model': {
      const same = side.model?.id === event.model.id && side.model.loaded.modelId === event.model.loaded.modelId;
      return { ...side, model: event.model, run: same ? side.run : null, failure: null };
    }
    case 'run':
      return { ...side, run: event.run, failure: null };
    case 'error':
      return { ...side, busy: null, failure: { error: event.error, retry: event.retry } };
  }
}
