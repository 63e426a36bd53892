/** A variable of a Python program that stands at a breakpoint, as attention or tokens in the view of arrays, or as a picture. */
import * as vscode from 'vscode';
import { savingExpression, type VariableKind } from '../debug/savingExpression';
import { cancelled, EngineError } from '../errors/engineError';
import { plainText } from '../errors/plainText';
import { sentence } from '../errors/sentence';
import { systemReason } from '../errors/systemError';
import { ProgressNotice } from '../panel/notices';
import { fileName } from '../panel/source';
import type { Command, Parts } from './command';

const LONGEST_EXPRESSION = 10_000;

const view =
  (kind: VariableKind): Command =>
  async (parts, context) => {
    const { session, frameId, expression, name } = chosenVariable(context);
    const file = await parts.variables.place(name);
    const saving = savingExpression(expression, kind, file.fsPath);
    try {
      await answered(session.customRequest('evaluate', { expression: saving, frameId, context: 'repl' }), name);
      await assertWritten(file, name);
    } catch (error) {
      await parts.variables.remove(file);
      throw error;
    }
    await show(parts, kind, file);
  };

export const viewAsAttention = view('attention');
export const viewAsTokens = view('tokens');
export const viewAsPicture = view('picture');

/** What VS Code hands to a command of the menu of variables, as far as it is what it should be. */
interface Variable {
  session: vscode.DebugSession;
  frameId: number | undefined;
  /** In the program's own language. */
  expression: string;
  name: string;
}

function chosenVariable(context: unknown): Variable {
  const session = vscode.debug.activeDebugSession;
  const { variable } = (context ?? {}) as { variable?: { name?: unknown; evaluateName?: unknown } };
  if (!session || !variable)
    throw new Error(vscode.l10n.t('Choose a variable in the Variables view while a Python program is stopped.'));
  const name = plainText(typeof variable.name === 'string' ? variable.name : '', 60);
  const expression = typeof variable.evaluateName === 'string' ? variable.evaluateName : name;
  if (expression.trim() === '' || expression.length > LONGEST_EXPRESSION)
    throw new EngineError('ERR_ARGUMENT', sentence('The debugger has no expression for {0}.', name));
  const item = vscode.debug.activeStackItem;
  const frameId = item instanceof vscode.DebugStackFrame && item.session === session ? item.frameId : undefined;
  return { session, frameId, expression, name };
}

/** Throws a sentence with what the debugger, or Python, said against it; or ERR_CANCELLED. */
async function answered(asked: Thenable<unknown>, name: string): Promise<void> {
  let cancel = () => {};
  const stopped = new Promise<never>((_, reject) => (cancel = () => reject(cancelled())));
  const title = () => vscode.l10n.t('Saving {0}…', name);
  // the program may be in a call that never ends
  const notice = new ProgressNotice({ title, isWanted: () => true, cancel: () => cancel() });
  notice.begin();
  try {
    await Promise.race([asked, stopped]);
  } catch (error) {
    if (error instanceof EngineError) throw error;
    // of a traceback the last line says what it was
    const lines = (error instanceof Error ? error.message : String(error)).trim().split('\n');
    const reason = systemReason(new Error(plainText(lines.at(-1)!)));
    throw new EngineError('ERR_ARGUMENT', sentence('{0} cannot be saved by the debugged program: {1}.', name, reason));
  } finally {
    notice.end();
  }
}

async function assertWritten(file: vscode.Uri, name: string): Promise<void> {
  try {
    if ((await vscode.workspace.fs.stat(file)).size > 0) return;
  } catch {
    // said below
  }
  throw new EngineError(
    'ERR_ARGUMENT',
    sentence(
      '{0} was not saved where it can be read here: the debugged program may not be Python, or run on another machine.',
      name,
    ),
  );
}

async function show({ panels, variables, arrays }: Parts, kind: VariableKind, file: vscode.Uri): Promise<void> {
  if (kind === 'picture') {
    const { panel } = panels.open(file, { view: 'attention' });
    panel.onDidDispose(() => void variables.remove(file));
    return;
  }
  arrays.readAs(file, kind === 'attention' ? 'attention' : 'lengths');
  // the picture that somebody looks at is likely the one that the program was given
  const picture = panels.atHand;
  if (picture && fileName(picture) !== fileName(file)) await arrays.choosePicture(file, picture);
  await vscode.commands.executeCommand('vscode.openWith', file, 'vitInspector.array', { preview: false });
}
