import { ModelError, type ModelErrorCode } from './modelError';
import { sentence, type Sentence } from './sentence';

/** What is wrong with a config, and of which file: '/models/config.json: "depth" should be a number, not "x".' */
export class ConfigError extends ModelError {
  constructor(
    code: ModelErrorCode,
    file: string,
    /** Without the file and without a full stop, for where the file is known. */
    clause: Sentence,
    field?: string,
  ) {
    super(code, sentence('{0}: {1}.', file, clause), field, sentence('{0}.', clause));
    this.name = 'ModelError';
  }
}
