/** The tools of agents, for the language models of VS Code (`contributes.languageModelTools`): it asks before each is used. */
import * as vscode from 'vscode';
import { inputs, type ToolName } from '../agents/inputs';
import type { Answer, Surroundings } from '../agents/tools';
import { toErrorShape } from '../errors/engineError';
import { plainText } from '../errors/plainText';
import { later } from './later';
import { fileOf, modelChoice } from './settings';

/** As package.json calls it: names of tools are everybody's. */
const nameOf = (tool: ToolName): string => `vit_${tool}`;

export function registerLanguageModelTools(
  parts: Pick<Surroundings, 'engine' | 'tables' | 'models' | 'query'> & { log: vscode.LogOutputChannel },
): vscode.Disposable {
  const at: Surroundings = { ...parts, resolve: fileOf, choose: modelChoice };
  const registered = (Object.keys(inputs) as ToolName[]).map((tool) =>
    vscode.lm.registerTool<Record<string, unknown>>(nameOf(tool), {
      prepareInvocation: ({ input }) => asked(tool, input),
      invoke: async ({ input }, token) => {
        try {
          return resultOf(await later().callTool(tool, input, at, signalOf(token)));
        } catch (error) {
          const { code, message } = toErrorShape(error);
          if (code === 'ERR_CANCELLED') throw new vscode.CancellationError();
          parts.log.error(`${nameOf(tool)}: ${message} (${code})`);
          // what the agent is told: one line, and no stack
          throw new Error(message, { cause: error });
        }
      },
    }),
  );
  return vscode.Disposable.from(...registered);
}

/** The question before, and what is said meanwhile. Paths come from an agent: they are shown as text. */
function asked(tool: ToolName, input: Record<string, unknown>): vscode.PreparedToolInvocation {
  const given = (key: string): string => plainText(typeof input[key] === 'string' ? input[key] : '');
  const [title, doing] = questions[tool](given);
  const model = given('model');
  const lines =
    tool === 'inspect_checkpoint' || model === '' ? [doing] : [doing, vscode.l10n.t('With the model {0}.', model)];
  return {
    invocationMessage: plainMarkdown(doing),
    confirmationMessages: { title, message: plainMarkdown(lines.join('\n\n')) },
  };
}

const questions: Record<ToolName, (given: (key: string) => string) => [title: string, doing: string]> = {
  classify_image: (given) => [
    vscode.l10n.t('Classify this picture?'),
    vscode.l10n.t('A Vision Transformer on this machine classifies {0}.', given('image')),
  ],
  explain_image: (given) => [
    vscode.l10n.t('Explain this picture?'),
    vscode.l10n.t(
      'A Vision Transformer on this machine explains {0}. The agent is given the picture with its map.',
      given('image'),
    ),
  ],
  inspect_checkpoint: (given) => [
    vscode.l10n.t('Inspect this checkpoint?'),
    vscode.l10n.t('The checkpoint {0} is read.', given('model')),
  ],
  summarise_results: (given) => [
    vscode.l10n.t('Summarise these results?'),
    vscode.l10n.t('The file of results {0} is read.', given('file')),
  ],
};

const plainMarkdown = (text: string) => new vscode.MarkdownString().appendText(text);

function signalOf(token: vscode.CancellationToken): AbortSignal {
  const controller = new AbortController();
  token.onCancellationRequested(() => controller.abort());
  return controller.signal;
}

/** VS Code has parts with data since 1.106; before it an agent is given the words alone. */
const { LanguageModelDataPart: Data } = vscode as unknown as {
  LanguageModelDataPart?: { image(data: Uint8Array, mime: string): vscode.LanguageModelTextPart };
};

function resultOf({ text, picture }: Answer): vscode.LanguageModelToolResult {
  const words = new vscode.LanguageModelTextPart(text);
  return new vscode.LanguageModelToolResult(picture && Data ? [words, Data.image(picture, 'image/png')] : [words]);
}
