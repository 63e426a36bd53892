import * as vscode from 'vscode';
import { say } from '../panel/words';
import { toErrorShape } from '../errors/engineError';
import { classifyImage } from './classifyImage';
import { classifyFolder } from './classifyFolder';
import type { Command, Parts } from './command';
import {
  copyFigure,
  hidePatch,
  nextHead,
  nextLayer,
  nextView,
  pinModel,
  previousHead,
  previousLayer,
  previousView,
  saveFigure,
  usePatchAsQuery,
} from './controls';
import { compareSelected, compareWithLastCommit, compareWithModel, compareWithPicture, endComparison } from './compare';
import { downloadModel } from './downloadModel';
import { exportOnnx } from './exportOnnx';
import { inspectCheckpoint } from './inspectCheckpoint';
import { openSettings } from './openSettings';
import { nextPicture, openPicture, previousPicture, revealPicture } from './pictures';
import { restartEngine } from './restartEngine';
import { runModelFile } from './runModelFile';
import { openSampleModel, trySamplePicture, walkThroughSample } from './samples';
import { selectModel } from './selectModel';
import { showAttentionHeatmap } from './showAttentionHeatmap';
import { showLog } from './showLog';
import { showPatchGrid } from './showPatchGrid';
import { useModel } from './useModel';
import { viewAsAttention, viewAsPicture, viewAsTokens } from './viewVariable';
import { verifyAgainstOnnx } from './verifyAgainstOnnx';
import { showFailure } from '../panel/notifications';

/** Every command: a row here, a file beside this one, an entry in package.json's `contributes.commands`. */
export const commands: Record<`vit.${string}`, Command> = {
  'vit.classifyImage': classifyImage,
  'vit.classifyFolder': classifyFolder,
  'vit.showAttentionHeatmap': showAttentionHeatmap,
  'vit.showPatchGrid': showPatchGrid,
  'vit.compareSelected': compareSelected,
  'vit.compareWithPicture': compareWithPicture,
  'vit.compareWithModel': compareWithModel,
  'vit.compareWithLastCommit': compareWithLastCommit,
  'vit.endComparison': endComparison,
  'vit.runModelFile': runModelFile,
  'vit.selectModel': selectModel,
  'vit.downloadModel': downloadModel,
  'vit.inspectCheckpoint': inspectCheckpoint,
  'vit.useModel': useModel,
  'vit.exportOnnx': exportOnnx,
  'vit.verifyAgainstOnnx': verifyAgainstOnnx,
  'vit.trySamplePicture': trySamplePicture,
  'vit.walkThroughSample': walkThroughSample,
  'vit.openSampleModel': openSampleModel,
  'vit.nextPicture': nextPicture,
  'vit.previousPicture': previousPicture,
  'vit.revealPicture': revealPicture,
  'vit.openPicture': openPicture,
  'vit.nextLayer': nextLayer,
  'vit.previousLayer': previousLayer,
  'vit.nextHead': nextHead,
  'vit.previousHead': previousHead,
  'vit.nextView': nextView,
  'vit.previousView': previousView,
  'vit.usePatchAsQuery': usePatchAsQuery,
  'vit.hidePatch': hidePatch,
  'vit.pinModel': pinModel,
  'vit.copyFigure': copyFigure,
  'vit.saveFigure': saveFigure,
  'vit.viewVariableAsAttention': viewAsAttention,
  'vit.viewVariableAsTokens': viewAsTokens,
  'vit.viewVariableAsPicture': viewAsPicture,
  'vit.openSettings': openSettings,
  'vit.restartEngine': restartEngine,
  'vit.showLog': showLog,
};

export function registerCommands(parts: Parts): vscode.Disposable {
  const registered = Object.entries(commands).map(([id, command]) =>
    vscode.commands.registerCommand(id, async (...args: unknown[]) => {
      try {
        return await command(parts, ...args);
      } catch (error) {
        const shape = toErrorShape(error);
        parts.log.error(`${id}: ${shape.message} (${shape.code})`);
        if (shape.code !== 'ERR_CANCELLED') void showFailure(say(shape), shape.code);
        return undefined;
      }
    }),
  );
  return vscode.Disposable.from(...registered);
}
