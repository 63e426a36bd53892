/** What a panel's picture is compared with: a second inspection, whose events go to the same webview. */
import * as vscode from 'vscode';
import type { EnginePort } from '../inspect/enginePort';
import type { ModelPool } from '../inspect/modelPool';
import { Inspection } from '../inspect/inspection';
import type { InspectionSettings, Picture } from '../inspect/inspection';
import type { SavedOther, SideEvent } from '../protocol/panel';
import { imageSource } from './source';
import { watchFile } from './fileWatch';

export class Comparison implements vscode.Disposable {
  readonly inspection: Inspection;
  #watch: vscode.Disposable | null;

  /** @param own the panel's picture, where only the model is another */
  constructor(
    readonly what: SavedOther,
    own: vscode.Uri,
    { engine, models }: { engine: EnginePort; models: ModelPool },
    settings: InspectionSettings,
    emit: (event: SideEvent) => void,
  ) {
    const words = { opening: vscode.l10n.t('Opening…'), running: vscode.l10n.t('Running the model…') };
    this.inspection = new Inspection(
      engine,
      models,
      pictureOf(this.#uri(own)),
      this.#settings(settings),
      (event) => {
        if (isOfSide(event)) emit(event);
      },
      (work) => words[work],
    );
    this.#watch = this.#watchPicture(own);
    void this.inspection.refresh();
  }

  /** What a webview that has just started needs, in order. */
  snapshot(): SideEvent[] {
    return this.inspection.snapshot().filter(isOfSide);
  }

  /** The panel shows another picture. */
  follow(own: vscode.Uri, settings: InspectionSettings): void {
    this.#watch?.dispose();
    this.#watch = this.#watchPicture(own);
    void this.inspection.replace(pictureOf(this.#uri(own)), this.#settings(settings));
  }

  change(settings: InspectionSettings): void {
    void this.inspection.change(this.#settings(settings));
  }

  dispose(): void {
    this.#watch?.dispose();
    this.inspection.dispose();
  }

  #uri(own: vscode.Uri): vscode.Uri {
    return this.what.uri === undefined ? own : vscode.Uri.parse(this.what.uri, true);
  }

  #settings(settings: InspectionSettings): InspectionSettings {
    const { model } = this.what;
    return model === undefined
      ? settings
      : { ...settings, model: { ...settings.model, id: model, version: undefined } };
  }

  #watchPicture(own: vscode.Uri): vscode.Disposable | null {
    const uri = this.#uri(own);
    return uri.scheme === 'file' ? watchFile(uri, () => void this.inspection.reopen()) : null;
  }
}

export const pictureOf = (uri: vscode.Uri): Picture => ({ uri: uri.toString(), source: () => imageSource(uri) });

const OF_SIDE: ReadonlySet<string> = new Set<SideEvent['type']>(['image', 'busy', 'model', 'run', 'error']);
const isOfSide = (event: { type: string }): event is SideEvent => OF_SIDE.has(event.type);
