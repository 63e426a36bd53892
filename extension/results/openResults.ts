/** A results file that is open: its table, its labels, and what was worked out of them. */
import { existsSync, statSync } from 'node:fs';
import { appendFile } from 'node:fs/promises';
import { dirname, isAbsolute, join, normalize } from 'node:path';
import { EngineError, cancelled } from '../errors/engineError';
import { FileRefusal, whyUnwritable } from '../errors/fileRefusal';
import { agreement, mcNemar } from './comparison';
import { readEmbeddings, type Embeddings } from './embeddings';
import { evaluate } from './evaluation';
import { exportRows } from './exportRows';
import { tagLine, type ResultsHeader, type Tag } from './format';
import { readLabelFile } from './labelFile';
import { classesOfLabels, labelsOfFolders, labelsOfList, noLabels, type Labels, type LabelSource } from './labels';
import { metadataLists, readMetadata } from './metadataLists';
import { nearDuplicates, nearest, type Neighbour } from './neighbours';
import { evenly, MOST_FOR_UMAP, principalScores, umap } from './projection';
import { isRight, select, type Queried, type RowQuery } from './query';
import type {
  Comparison,
  ExportFormat,
  LabelledEvaluation,
  LabelsState,
  ResultsMap,
  ResultsOverview,
  ResultsState,
  RowsWindow,
  ShownRow,
} from './requests';
import { BEST, type ResultsTable } from './table';
import { TableReader } from './tableReader';

/** How long a request waits for what is being read. */
const PATIENCE_MS = 400;

/** The most rows of one window. */
const MOST_SHOWN = 500;

export interface Running {
  signal: AbortSignal;
  report: (done: number) => void;
}

export class OpenResults {
  private source: LabelSource = { kind: 'none' };
  /** Lists that labels come from, and what they say, by id. */
  private listed: string[] = [];
  private list: ReadonlyMap<string, string> = new Map();
  private labels: Labels = noLabels(0);
  private classOf: Int32Array = new Int32Array(0);
  private readonly classOrder: Int32Array;
  private labelledVersion = -1;
  private selected: { key: string; rows: Uint32Array } | null = null;
  private embeddings: { count: number; of: Embeddings } | null = null;
  private reading: Promise<void> | null = null;
  private other: TableReader | null = null;

  private constructor(
    private readonly file: string,
    private readonly reader: TableReader,
  ) {
    this.classOrder = placesByName(reader.header.classes);
  }

  static async open(file: string): Promise<OpenResults> {
    return new OpenResults(file, await TableReader.open(file));
  }

  private get table(): ResultsTable {
    return this.reader.table;
  }

  private get header(): ResultsHeader {
    return this.reader.header;
  }

  private get root(): string {
    const { root } = this.header;
    return isAbsolute(root) && isFolder(root) ? root : dirname(this.file);
  }

  overview(): Omit<ResultsOverview, 'resultsId'> {
    const { model, created, engine, scores, classes, embeddings } = this.header;
    return {
      root: this.root,
      model: model.name,
      created,
      engine,
      scores,
      classes,
      hasEmbeddings: embeddings !== null && existsSync(join(dirname(this.file), embeddings.file)),
    };
  }

  /** Reads on; after a while the rest goes on by itself. */
  async read(): Promise<ResultsState> {
    const reading = (this.reading ??= this.reader.readOn().finally(() => (this.reading = null)));
    let timer: NodeJS.Timeout | undefined;
    const patience = new Promise<false>((resolve) => (timer = setTimeout(() => resolve(false), PATIENCE_MS)));
    try {
      // when nobody waits for it any more, the next request tells of its failure
      reading.catch(() => undefined);
      return this.state(await Promise.race([reading.then(() => true), patience]));
    } finally {
      clearTimeout(timer);
    }
  }

  private state(isRead: boolean): ResultsState {
    const { table, reader } = this;
    const { version, rows, failed, unfamiliar, tagged } = table;
    return { version, rows, failed, unfamiliar, tagged, odd: reader.odd, isFull: reader.isFull, isRead };
  }

  async rows(query: RowQuery, from: number, count: number): Promise<RowsWindow> {
    const found = this.select(query);
    const wanted = Array.from(found.subarray(from, from + Math.min(count, MOST_SHOWN)));
    const rows = await Promise.all(wanted.map((row) => this.shown(row)));
    return { version: this.table.version, total: found.length, from, rows };
  }

  private async shown(row: number): Promise<ShownRow> {
    const { table } = this;
    const line = await this.reader.line(row);
    const picture = line?.kind === 'picture' ? line : null;
    const id = table.ids[row]!;
    return {
      row,
      id,
      image: normalize(join(isAbsolute(line?.image ?? id) ? '' : this.root, line?.image ?? id)),
      label: this.labels.names[this.labels.of[row] ?? -1] ?? null,
      right: isRight(row, this.queried()),
      tag: table.tagOf(row),
      size: picture?.size ?? null,
      predictions: (picture?.predictions ?? []).slice(0, BEST),
      energy: picture?.energy ?? null,
      unfamiliar: picture?.unfamiliar ?? false,
      error: line?.kind === 'failed' ? line.error : null,
      other: this.saidByOther(id),
    };
  }

  private saidByOther(id: string): ShownRow['other'] {
    const row = this.other?.table.find(id);
    if (!this.other || row === undefined) return null;
    const { table, header } = this.other;
    const label = header.classes[table.predicted.get(row)];
    return label === undefined ? null : { label, score: table.confidence.get(row) };
  }

  private select(query: RowQuery): Uint32Array {
    const queried = this.queried();
    const key = JSON.stringify([this.table.version, this.labelledVersion, query, query.rows && [...query.rows]]);
    if (this.selected?.key !== key) this.selected = { key, rows: select(query, queried) };
    return this.selected.rows;
  }

  private queried(): Queried {
    this.labelRows();
    const { table, labels, classOf, classOrder } = this;
    return { table, labels, classOf, classOrder };
  }

  async label(source: LabelSource): Promise<LabelsState> {
    const { root } = this;
    const lists = await metadataLists(root, this.table.ids);
    const listed = source.kind === 'file' ? [source.file] : source.kind === 'found' ? lists : [];
    if (JSON.stringify([source, listed]) !== JSON.stringify([this.source, this.listed])) {
      this.list = source.kind === 'file' ? await readLabelFile(source.file, root) : await readMetadata(listed, root);
      [this.source, this.listed] = [source, listed];
      this.labelledVersion = -1;
      this.selected = null;
    }
    this.labelRows();
    return {
      source,
      lists,
      isListed: this.list.size > 0,
      names: this.labels.names,
      classOf: this.classOf,
      splits: this.labels.splits,
      labelled: this.labels.of.reduce((sum, label) => sum + Number(label >= 0), 0),
    };
  }

  /** Labels of all rows there are now. */
  private labelRows(): void {
    const { ids, rows } = this.table;
    if (this.labelledVersion === rows) return;
    this.labelledVersion = rows;
    switch (this.source.kind) {
      case 'none':
        this.labels = noLabels(rows);
        break;
      case 'folders':
        this.labels = labelsOfFolders(ids);
        break;
      case 'found':
        this.labels = this.list.size > 0 ? labelsOfList(ids, this.list) : labelsOfFolders(ids);
        break;
      case 'file':
        this.labels = labelsOfList(ids, this.list);
        break;
    }
    this.classOf = classesOfLabels(this.labels.names, this.header.classes);
  }

  /** @param split of that name alone; null: of all pictures */
  evaluate(split: string | null): LabelledEvaluation {
    const { table, labels, classOf } = this.queried();
    const { rows } = table;
    const part = split === null ? null : labels.splits.indexOf(split);
    const label = part === null ? labels.of : labels.of.map((of, row) => (labels.splitOf[row] === part ? of : -1));
    const { scores } = this.header;
    const isProbability = scores === 'softmax' || scores === 'sigmoid';
    const evaluation = evaluate({
      predicted: table.predicted.first(rows),
      confidence: isProbability ? table.confidence.first(rows) : new Float32Array(rows).fill(NaN),
      top: table.top.first(rows),
      best: Math.min(BEST, Math.max(1, this.header.topK)),
      width: BEST,
      label,
      classOf,
    });
    return { ...evaluation, names: labels.names };
  }

  private async embedded(): Promise<Embeddings> {
    const { rows } = this.table;
    if (this.embeddings?.count !== rows) {
      this.embeddings = { count: rows, of: await readEmbeddings(this.file, this.header, this.table) };
    }
    return this.embeddings.of;
  }

  async similar(row: number, count: number): Promise<Neighbour[]> {
    const { rows, vectors } = await this.embedded();
    const at = rows.indexOf(row);
    if (at < 0) return [];
    return nearest(vectors, rows.length, at, count).map((found) => ({ ...found, row: rows[found.row]! }));
  }

  async duplicates(cosine: number, running: Running): Promise<{ groups: Uint32Array[] }> {
    const { rows, vectors } = await this.embedded();
    const groups = await nearDuplicates(vectors, rows.length, cosine, steps(running));
    return { groups: groups.map((group) => Uint32Array.from(group, (i) => rows[i]!)) };
  }

  /** UMAP of at most so many rows, evenly taken; principal components of all. */
  async map(method: 'pca' | 'umap', running: Running): Promise<ResultsMap> {
    const { rows, vectors } = await this.embedded();
    const total = rows.length;
    const classes = Int32Array.from(rows, (row) => this.table.predicted.get(row));
    if (method === 'pca') return { rows, points: principalScores(vectors, total, 2), classes, total };
    const length = total === 0 ? 0 : vectors.length / total;
    const chosen = evenly(total, MOST_FOR_UMAP);
    const some = new Float32Array(chosen.length * length);
    chosen.forEach((at, i) => some.set(vectors.subarray(at * length, (at + 1) * length), i * length));
    const points = await umap(some, chosen.length, steps(running));
    const of = (values: Uint32Array | Int32Array) => Array.from(chosen, (at) => values[at]!);
    return { rows: Uint32Array.from(of(rows)), points, classes: Int32Array.from(of(classes)), total };
  }

  /** With another file's predictions of the same ids. */
  async compare(file: string): Promise<Comparison> {
    const other = await TableReader.open(file);
    await this.other?.close();
    this.other = other;
    await other.readOn();
    const { table, labels, classOf } = this.queried();
    const otherClassOf = classesOfLabels(labels.names, other.header.classes);
    const changed: number[] = [];
    const [first, second]: boolean[][] = [[], []];
    let common = 0;
    for (let row = 0; row < table.rows; row++) {
      const theirs = other.table.find(table.ids[row]!);
      const [ours, their] = [table.predicted.get(row), theirs === undefined ? -1 : other.table.predicted.get(theirs)];
      if (ours < 0 || their < 0) continue;
      common++;
      if (this.header.classes[ours] !== other.header.classes[their]) changed.push(row);
      const label = labels.of[row]!;
      if (label < 0 || classOf[label]! < 0 || otherClassOf[label]! < 0) continue;
      first!.push(classOf[label] === ours);
      second!.push(otherClassOf[label] === their);
    }
    const agreed = first!.length === 0 ? null : agreement(first!, second!);
    return {
      model: other.header.model.name,
      common,
      changed: Uint32Array.from(changed),
      agreement: agreed,
      p: agreed && mcNemar(agreed),
    };
  }

  /** Appends tags to the file. */
  async tag(rows: Uint32Array, tag: Tag | null): Promise<ResultsState> {
    const at = new Date().toISOString();
    const known = Array.from(rows).filter((row) => row < this.table.rows);
    const lines = known.map((row) => tagLine({ id: this.table.ids[row]!, tag, at }));
    try {
      // an end without its line break is a line that was cut off
      const start = (await this.reader.endsWithinLine()) ? '\n' : '';
      await appendFile(this.file, start + lines.join(''));
    } catch (error) {
      throw new EngineError('ERR_ARGUMENT', error instanceof FileRefusal ? error : whyUnwritable(this.file, error));
    }
    return this.read();
  }

  async export(query: RowQuery, format: ExportFormat, to: string): Promise<{ rows: number }> {
    const rows = this.select(query).slice();
    const { file, reader, labels } = this;
    await exportRows({ file, rows, reader, labels }, format, to);
    return { rows: rows.length };
  }

  async close(): Promise<void> {
    await this.other?.close();
    await this.reader.close();
  }
}

const steps =
  ({ signal, report }: Running) =>
  async (done: number): Promise<void> => {
    report(done);
    await new Promise((resolve) => setImmediate(resolve));
    if (signal.aborted) throw cancelled();
  };

function placesByName(names: readonly string[]): Int32Array {
  const places = new Int32Array(names.length);
  const order = names.map((_, i) => i).sort((a, b) => (names[a]! < names[b]! ? -1 : names[a] === names[b] ? a - b : 1));
  order.forEach((index, i) => (places[index] = i));
  return places;
}

function isFolder(path: string): boolean {
  try {
    return statSync(path).isDirectory();
  } catch {
    return false;
  }
}
