import { homedir } from 'node:os';
import { isAbsolute, join, resolve } from 'node:path';
import * as vscode from 'vscode';
import { DEFAULT_TOP_K } from '../engine/predictions';
import type { EngineKind, EngineOptions } from '../engine/requests';
import { EMBEDDED } from '../models/modelId';
import type { InspectionSettings } from '../inspect/inspection';

export const SECTION = 'vit';

/**
 * The user's choices, as an inspection takes them. Values out of range (settings.json takes any) fall back or are clamped.
 * @param resource in a workspace of several folders each has settings of its own: those of its folder count
 */
export function readSettings(resource?: vscode.Uri): InspectionSettings {
  const settings = vscode.workspace.getConfiguration(SECTION, resource);
  const options: EngineOptions = {
    engine: oneOf<EngineKind>(settings.get('engine'), ['native', 'onnx']),
    threads: integer(settings.get('threads'), 0, 64, 0),
    gemm: oneOf(settings.get('gemm'), ['packed', 'blas']),
    precision: oneOf(settings.get('precision'), ['fp32', 'stored', 'bf16', 'int8']),
    memoryLimit: gigabytes(settings.get('memoryLimit')),
  };
  const model = settings.get('model');
  return {
    model: choiceOf(modelId(typeof model === 'string' ? model : ''), options, resource),
    atPictureSize: oneOf(settings.get('inputSize'), ['as-trained', 'as-picture']) === 'as-picture',
    topK: integer(settings.get('topK'), 1, 100, DEFAULT_TOP_K),
  };
}

/** That model under the options of the settings; of none, the settings' own. */
export function modelChoice(id: string | undefined): InspectionSettings['model'] {
  const { model } = readSettings();
  return id === undefined ? model : choiceOf(modelId(id), model.options);
}

/** A file as somebody wrote it: `~/` is the home directory, and what else is relative counts from the first folder that is open. */
export const fileOf = (text: string): string => resolve(folderOf() ?? homedir(), fromHome(text));

/** Which pictures of a folder are classified and which are left out: glob patterns. What is no text counts as nothing. */
export function folderPatterns(folder: vscode.Uri): { include: string[]; exclude: string[] } {
  const settings = vscode.workspace.getConfiguration(SECTION, folder);
  const texts = (value: unknown): string[] =>
    Array.isArray(value) ? value.filter((item): item is string => typeof item === 'string' && item.trim() !== '') : [];
  return { include: texts(settings.get('folderInclude')), exclude: texts(settings.get('folderExclude')) };
}

/** What does not depend on a folder is the same model in all of them. */
function choiceOf(id: string, options: EngineOptions, resource?: vscode.Uri): InspectionSettings['model'] {
  return id === EMBEDDED || isAbsolute(id) ? { id, options } : { id, options, folder: folderOf(resource) };
}

/** The folder on disk that relative paths count from: the resource's, else the first. */
export function folderOf(resource?: vscode.Uri): string | undefined {
  const own = resource && vscode.workspace.getWorkspaceFolder(resource);
  const folder = own?.uri.scheme === 'file' ? own : vscode.workspace.workspaceFolders?.find(isOnDisk);
  return folder?.uri.fsPath;
}

const isOnDisk = ({ uri }: vscode.WorkspaceFolder): boolean => uri.scheme === 'file';

/** Writes the model at the scope its present value (for that resource) comes from, so that the choice takes effect. */
export async function writeModel(id: string, resource?: vscode.Uri): Promise<void> {
  const settings = vscode.workspace.getConfiguration(SECTION, resource);
  const present = settings.inspect('model');
  const target =
    present?.workspaceFolderValue !== undefined
      ? vscode.ConfigurationTarget.WorkspaceFolder
      : present?.workspaceValue !== undefined
        ? vscode.ConfigurationTarget.Workspace
        : vscode.ConfigurationTarget.Global;
  await settings.update('model', id === EMBEDDED ? undefined : id, target);
}

/** `~/x` is in the home directory. What else is relative counts from the workspace folder (models/open.ts). */
function modelId(setting: string): string {
  const text = setting.trim();
  return text === '' ? EMBEDDED : fromHome(text);
}

const fromHome = (text: string): string => (text.startsWith('~/') ? join(homedir(), text.slice(2)) : text);

function integer(value: unknown, min: number, max: number, fallback: number): number {
  return typeof value === 'number' && Number.isFinite(value)
    ? Math.min(max, Math.max(min, Math.round(value)))
    : fallback;
}

/** As bytes; 0 when it says nothing. */
const gigabytes = (value: unknown): number => (typeof value === 'number' && value > 0 ? value * 1e9 : 0);

/** The first one is the default. */
function oneOf<T extends string>(value: unknown, allowed: [T, ...T[]]): T {
  return allowed.find((one) => one === value) ?? allowed[0];
}
