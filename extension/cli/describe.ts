import type { Command } from 'commander';
import type { Step } from '../engine/requests';
import { inspect, reportText } from '../models/doctor';
import { describeModel, loadModel, withEngine } from './engine';
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
    .option('--steps', 'load it, and list the steps that forward can write')
    .option('--json', 'as one JSON object');
  addModelOptions(command).action(async (options: DescribeOptions) => {
    const report = inspect(await describeModel(options));
    const broken = report.findings.find(({ severity }) => severity === 'error');
    const steps = options.steps && !broken ? await stepsOf(options) : undefined;
    console.log(options.json ? JSON.stringify({ ...report, steps }) : reportText(report).trimEnd());
    if (steps && !options.json) console.log(stepsText(steps));
    if (broken) {
      complain(`${report.path} cannot be run: ${broken.message}`);
      process.exitCode = 1;
    }
  });
}

const stepsOf = (options: ModelOptions): Promise<Step[]> =>
  withEngine(async (engine) => (await loadModel(engine, options)).loaded.steps);

function stepsText(steps: Step[]): string {
  const width = Math.max(0, ...steps.map(({ name }) => name.length)) + 2;
  return ['', 'steps', ...steps.map(({ name, shape }) => `  ${name.padEnd(width)}(${shape.join(', ')})`)].join('\n');
}
