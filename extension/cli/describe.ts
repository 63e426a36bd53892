import type { Command } from 'commander';
import type { EngineClient } from '../engine/client';
import type { Step } from '../engine/requests';
import { modelReport } from '../reports/modelReport';
import { terminalJson } from '../errors/plainText';
import type { Sentence } from '../errors/sentence';
import type { Report } from '../models/report';
import { deadlines } from '../engine/deadlines';
import { labelOrNumber } from './classNames';
import { modelQueryOf } from './engine';
import { withEngine } from './engineProcess';
import { complain } from './errors';
import { addModelOptions, type ModelOptions } from './options';

interface DescribeOptions extends ModelOptions {
  json?: boolean;
  steps?: boolean;
}

/** A model that does not fit its weights is described all the same; the exit code then is 1. */
export function addDescribe(program: Command): void {
  const command = program
    .command('describe')
    .description('say what a model is: family, architecture, every shape, what is missing or odd')
    .option('--steps', 'list every step of every block, by the names that forward can write')
    .option('--json', 'as one JSON object');
  addModelOptions(command).action((options: DescribeOptions) => withEngine((engine) => describe(engine, options)));
}

async function describe(engine: EngineClient, options: DescribeOptions): Promise<void> {
  const take = { model: modelQueryOf(options), values: true };
  const { report, steps: all } = await engine.request('describe-model', take, { deadlineMs: deadlines.readWeights });
  const broken = report.findings.find(({ severity }) => severity === 'error');
  // ONNX Runtime gives none of them
  const steps = options.steps && !broken ? (options.engine === 'onnx' ? [] : all) : undefined;
  console.log(
    options.json
      ? terminalJson({ ...inEnglish(report), steps })
      : modelReport(report, { say, width: process.stdout.isTTY ? process.stdout.columns : undefined }).trimEnd(),
  );
  if (steps && !options.json) console.log(stepsText(steps));
  if (broken) {
    complain(`${report.path} cannot be run: ${broken.message}`);
    process.exitCode = 1;
  }
}

const say = ({ message }: Sentence): string => message;

/** A report as programs read it: of a sentence its English, not the template behind it. */
const inEnglish = (report: Report) => ({
  ...report,
  familyTitle: say(report.familyTitle),
  labels: report.labels?.map(labelOrNumber) ?? null,
  kinds: report.kinds.map(({ kind, ...numbers }) => ({ kind: say(kind), ...numbers })),
  findings: report.findings.map(({ severity, code, message, subject }) => ({ severity, code, message, subject })),
});

function stepsText(steps: Step[]): string {
  const width = Math.max(0, ...steps.map(({ name }) => name.length)) + 2;
  return ['', 'steps', ...steps.map(({ name, shape }) => `  ${name.padEnd(width)}(${shape.join(', ')})`)].join('\n');
}
