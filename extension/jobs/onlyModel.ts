import { deadlines } from '../engine/deadlines';
import type { EngineOptions, ModelQuery } from '../engine/requests';
import type { EnginePort } from '../inspect/enginePort';
import type { ModelLease } from '../inspect/modelPool';

/** The model of a program that runs no other: loaded when it is asked for, again when the engine lost it, closed with the program. */
export const onlyModel =
  (engine: EnginePort, model: ModelQuery, options: EngineOptions) => async (): Promise<ModelLease> => {
    const opened = await engine.request('open-model', { model, options }, { deadlineMs: deadlines.open });
    return { ...opened, release: () => undefined };
  };
