/**
 * What the extension host loads when it is first asked for, as a bundle of its own (dist/later.js): downloads, and the tools of agents with
 * what draws their maps. Activation, which reads and compiles all of dist/extension.js, is a third shorter without them.
 */
import { callTool } from '../agents/tools';
import { EngineError, toErrorShape } from '../errors/engineError';
import { downloadModel } from '../models/hub/client';

/** Another bundle has classes of its own, so what is thrown is told by its code and its sentence. */
const telling =
  <Given extends unknown[], Answer>(work: (...given: Given) => Promise<Answer>) =>
  async (...given: Given): Promise<Answer> => {
    try {
      return await work(...given);
    } catch (error) {
      const shape = toErrorShape(error);
      throw new EngineError(shape.code, shape);
    }
  };

export const later = { callTool: telling(callTool), downloadModel: telling(downloadModel) };
