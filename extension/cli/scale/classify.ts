import type { Command } from 'commander';
import { availableParallelism } from 'node:os';
import path from 'node:path';
import { plainMessage, plainText, terminalJson } from '../../errors/plainText';
import type { EngineClient } from '../../engine/client';
import { DEFAULT_TOP_K } from '../../engine/predictions';
import type { DescribedModel, InputOf, LoadedModel, Prediction, RunSummary } from '../../engine/requests';
import { GONE_OR_DIED, onceMore } from '../../inspect/onceMore';
import { RESULTS_LIMITS } from '../../results/limits';
import { labelOrNumber } from '../classNames';
import { loadModel, modelQueryOf } from '../engine';
import { withEngine } from '../engineProcess';
import { complain, lineOf, UsageError } from '../errors';
import { addModelOptions, positiveNumber } from '../options';
import { areMany } from './inputs';
import { addScaleOptions, isAboutMany, type ScaleOptions, type Wanted } from './scaleOptions';

/** So many are answered as they come, each with its times; more are worth a job. */
const FEW = 64;

interface ClassifyOptions extends ScaleOptions {
  topK: number;
  json?: boolean;
}

type Outcome = { image: string } & ({ run: RunSummary } | { error: string });

export function addClassify(program: Command): void {
  const command = program
    .command('classify')
    .description('say what a model sees in pictures')
    .argument('[image...]', 'picture files, folders, patterns, tar archives')
    .usage('[options] <image...>')
    .option('-k, --top-k <n>', 'how many classes', positiveNumber, DEFAULT_TOP_K)
    .option('--json', 'one JSON object a line');
  command.option('--logits', "with --output: every class's logit, too");
  addScaleOptions(addModelOptions(command), ['jsonl', 'csv', 'parquet']).action(
    async (images: string[], options: ClassifyOptions) => {
      const { topK, json } = options;
      const isJob = isAboutMany(options) || (await areMany(images));
      const many = isJob || images.length > FEW;
      if (many && topK > RESULTS_LIMITS.topK)
        throw new UsageError(
          `--top-k is at most ${RESULTS_LIMITS.topK} where rows are written: --logits gives every class`,
        );
      const wanted: Wanted = { topK, embeddings: false, printed: json ? 'jsonl' : 'text', failedIs: isJob ? 0 : 1 };
      if (images.length === 0 && !many) throw new UsageError("missing required argument 'image'");
      await withEngine(async (engine) =>
        many ? (await import('./scale')).runScale(engine, images, options, wanted) : classify(engine, images, options),
      );
    },
  );
}

/** A bad picture is reported and the run goes on; the exit code then is 1. */
async function classify(engine: EngineClient, images: string[], options: ClassifyOptions): Promise<void> {
  const classifier = new Classifier(engine, options);
  // while the model is opened and while one computes, the next ones are decoded
  const ahead = Math.min(4, availableParallelism());
  const started = images.slice(0, ahead).map((image) => classifier.classify(image));
  const { description, loaded } = await classifier.model();
  for (const { severity, message } of description.findings) if (severity === 'warning') complain(`warning: ${message}`);
  for (let i = 0; i < images.length; i++) {
    const outcome = await started[i]!;
    const following = images[i + ahead];
    if (following !== undefined) started.push(classifier.classify(following));
    if ('error' in outcome) {
      complain(outcome.error);
      process.exitCode = 1;
    }
    print(outcome, description, loaded, options);
  }
}

class Classifier {
  private loading: Promise<{ description: DescribedModel; loaded: LoadedModel }> | undefined;
  /** What pictures are opened for: while the model is loading, its name. */
  private inputOf: InputOf;

  constructor(
    private readonly engine: EngineClient,
    private readonly options: ClassifyOptions,
  ) {
    this.inputOf = { model: modelQueryOf(options) };
  }

  model() {
    return (this.loading ??= this.load());
  }

  private async load() {
    const opened = await loadModel(this.engine, this.options);
    this.inputOf = { modelId: opened.loaded.modelId };
    return opened;
  }

  async classify(image: string): Promise<Outcome> {
    let model = this.model();
    // a picture before this one took the engine with it: its model is loaded again, once for all that wait
    const forget = () => {
      if (this.loading === model) {
        this.loading = undefined;
        this.inputOf = { model: modelQueryOf(this.options) };
      }
      model = this.model();
    };
    try {
      return { image, run: await onceMore(() => this.run(image, model), forget, GONE_OR_DIED) };
    } catch (error) {
      return { image, error: lineOf(error) };
    }
  }

  private async run(image: string, model: Promise<{ loaded: LoadedModel }>): Promise<RunSummary> {
    const [{ imageId }, { loaded }] = await Promise.all([
      this.engine.request('open-image', {
        path: path.resolve(image),
        preview: false,
        memoryLimit: this.options.memoryLimit,
        inputOf: this.inputOf,
      }),
      model,
    ]);
    const run = await this.engine.request('run', {
      modelId: loaded.modelId,
      imageId,
      topK: this.options.topK,
      attention: false,
      tokens: false,
    });
    // nobody waits for it: where the engine ends first, they are gone, too
    const closed = [
      this.engine.request('close-run', { runId: run.runId }),
      this.engine.request('close-image', { imageId }),
    ];
    void Promise.allSettled(closed);
    return run;
  }
}

/** A value is no probability: it has its own name. */
const shown = ({ index, label, probability, logit }: Prediction) => {
  const named = { index, label: labelOrNumber(label, index) };
  return probability === null ? { ...named, value: logit } : { ...named, probability, logit };
};

function print(outcome: Outcome, { id }: DescribedModel, { engine }: LoadedModel, { json }: ClassifyOptions): void {
  if (json) {
    const common = { image: outcome.image, model: id, engine };
    console.log(
      terminalJson(
        'error' in outcome
          ? { ...common, error: outcome.error }
          : {
              ...common,
              scores: outcome.run.scores,
              predictions: outcome.run.predictions.map(shown),
              timings: outcome.run.timings,
            },
      ),
    );
  } else if ('run' in outcome) {
    const { predictions, unfamiliar } = outcome.run;
    const rows = predictions.map(
      ({ index, label, probability, logit }) =>
        `  ${probability === null ? logit.toPrecision(4).padStart(7) : `${(100 * probability).toFixed(1).padStart(5)} %`}  ${plainText(labelOrNumber(label, index))}`,
    );
    if (predictions.length === 0) rows.push('  (this model has no classifier)');
    if (unfamiliar) rows.push('  unlike anything the model was trained on');
    console.log([plainMessage(outcome.image), ...rows].join('\n'));
  }
}
