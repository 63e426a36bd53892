/** Rows on standard output, as they are made; a reader that is slow slows the job down. */
import { plainMessage, plainText, terminalJson } from '../../errors/plainText';
import type { ResultsSink } from '../../jobs/job';
import { rowLine, type ResultsHeader } from '../../results/format';
import type { NewRow } from '../../results/writer';
import { csvHeader, csvLine } from '../../results/exportColumns';

export type PrintedAs = 'jsonl' | 'csv' | 'text';

export class StandardOutput implements ResultsSink {
  private begun = false;

  constructor(
    private readonly header: ResultsHeader,
    private readonly as: PrintedAs,
    private readonly shown: (image: string) => string,
    /** Of a line: embeddings are part of it. */
    private readonly embeddings: boolean,
  ) {}

  claim(): boolean {
    return true;
  }

  async append(rows: readonly NewRow[]): Promise<void> {
    const begin = this.begun || this.as !== 'csv' ? '' : csvHeader();
    this.begun = true;
    const text = begin + rows.map((row) => this.line(row)).join('');
    if (!process.stdout.write(text)) await new Promise<void>((resolve) => process.stdout.once('drain', resolve));
  }

  close(): Promise<void> {
    return Promise.resolve();
  }

  private line(made: NewRow): string {
    const { model, engine, scores } = this.header;
    const context = { model: model.source, engine, scores };
    const [features, timings] = made.kind === 'picture' ? [made.features, made.timings] : [];
    const image = this.shown(made.image);
    const row = made.kind === 'failed' ? { ...made, image } : { ...withoutFeatures(made), image, embedding: null };
    if (this.as === 'csv') return csvLine({ ...context, row, image, embedding: null });
    if (this.as === 'jsonl') {
      const fields = JSON.parse(rowLine(row, context)) as object;
      const extra = { timings, ...(this.embeddings && features && { embedding: Array.from(features) }) };
      return `${terminalJson({ ...fields, ...extra })}\n`;
    }
    if (row.kind === 'failed') return `${plainMessage(image)}\n  ${plainMessage(row.error.message)}\n`;
    const lines = row.predictions.map(
      ({ label, probability, logit }) =>
        `  ${probability === null ? logit.toPrecision(4).padStart(7) : `${(100 * probability).toFixed(1).padStart(5)} %`}  ${plainText(label)}`,
    );
    if (row.unfamiliar) lines.push('  unlike anything the model was trained on');
    return `${[plainMessage(image), ...lines].join('\n')}\n`;
  }
}

function withoutFeatures({ features: _features, timings: _timings, ...row }: Extract<NewRow, { kind: 'picture' }>) {
  return row;
}
