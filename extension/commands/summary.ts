import * as vscode from 'vscode';
import { className } from '../architecture/className';
import type { Prediction } from '../engine/requests';
import type { Outcome } from '../inspect/inspection';
import type { ImagePanel } from '../panel/imagePanel';
import { labelText, showInformation, showProgress } from '../panel/notifications';
import { fileName } from '../panel/source';
import { say } from '../panel/words';
import type { Parts } from './command';

/** Classifies the pictures one after another, panels first, and says what came of them in one notification with details. */
export async function showSummary(parts: Parts, images: vscode.Uri[], panels: ImagePanel[]): Promise<void> {
  const outcomes: Outcome[] = [];
  const title = vscode.l10n.t('ViT: classifying {0} images', images.length);
  await showProgress(title, async (report, cancellation) => {
    for (const [i, uri] of images.entries()) {
      if (cancellation.isCancellationRequested) return;
      outcomes.push(await (panels[i]?.settled() ?? parts.panels.classify(uri, cancellation)));
      report({ increment: 100 / images.length, message: fileName(uri) });
    }
  });
  const show = vscode.l10n.t('Show All');
  const choice = await showInformation(counted(outcomes), show);
  if (choice === show) await pickOne(parts, images, outcomes);
}

/** `12 images: 5 cat, 4 dog, 2 ship, 1 failed` */
function counted(outcomes: Outcome[]): string {
  const counts = new Map<string, number>();
  let failed = 0;
  for (const outcome of outcomes) {
    if ('error' in outcome) {
      failed++;
      continue;
    }
    const [best] = outcome.run.predictions;
    const label = best ? say(className(best.label, best.index)) : vscode.l10n.t('no class');
    counts.set(label, (counts.get(label) ?? 0) + 1);
  }
  const parts = [...counts].sort(([, a], [, b]) => b - a).map(([label, count]) => `${count} ${label}`);
  if (failed > 0) parts.push(vscode.l10n.t('{0} failed', failed));
  return vscode.l10n.t('{0} images: {1}', outcomes.length, parts.join(', '));
}

const scoreText = ({ probability, logit }: Prediction): string =>
  probability === null ? String(Number(logit.toPrecision(4))) : `${(100 * probability).toFixed(1)} %`;

async function pickOne({ panels }: Parts, images: vscode.Uri[], outcomes: Outcome[]): Promise<void> {
  const rows = outcomes.map((outcome, i) => {
    const uri = images[i]!;
    const [best] = 'run' in outcome ? outcome.run.predictions : [];
    return {
      uri,
      label: labelText(fileName(uri)),
      description: best && labelText(`${say(className(best.label, best.index))} ${scoreText(best)}`),
      detail: 'error' in outcome ? labelText(say(outcome.error)) : undefined,
    };
  });
  const placeHolder = vscode.l10n.t('Open a panel');
  const chosen = await vscode.window.showQuickPick(rows, { placeHolder, matchOnDescription: true });
  if (chosen) panels.open(chosen.uri);
}
