/** An extension that calls the tools of language models as an agent would: VS Code's own agents need an account. */
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { Page } from 'playwright-core';
import { PATIENCE, runCommand } from './ui';

/** Reads what it is to ask from a file beside the folder that is open, and writes the answer there. */
const source = `
const { readFileSync, renameSync, writeFileSync } = require('node:fs');
const path = require('node:path');
const vscode = require('vscode');

exports.activate = ({ subscriptions }) => {
  subscriptions.push(vscode.commands.registerCommand('test.ask', async () => {
    const beside = path.dirname(vscode.workspace.workspaceFolders[0].uri.fsPath);
    const { tool, input } = JSON.parse(readFileSync(path.join(beside, 'asked.json'), 'utf8'));
    const there = () => vscode.lm.tools.some(({ name }) => name === tool);
    for (let i = 0; i < 600 && !there(); i++) await new Promise((resolve) => setTimeout(resolve, 100)); // a server is starting
    const answer = { tools: vscode.lm.tools.map(({ name }) => name) };
    try {
      const { content } = await vscode.lm.invokeTool(tool, { input, toolInvocationToken: undefined });
      answer.content = content.map((part) =>
        part.value === undefined ? { mimeType: part.mimeType, data: Buffer.from(part.data).toString('base64') } : { text: part.value },
      );
    } catch (error) {
      answer.error = error.name === 'Error' ? error.message : error.name;
    }
    writeFileSync(path.join(beside, 'answer.part'), JSON.stringify(answer));
    renameSync(path.join(beside, 'answer.part'), path.join(beside, 'answer.json'));
  }));
};
`;

/** Puts it among the extensions of a run that has not started yet. */
export function addAgent(runFolder: string): void {
  const folder = path.join(runFolder, 'extensions', 'test.agent');
  mkdirSync(folder, { recursive: true });
  const manifest = {
    name: 'agent',
    publisher: 'test',
    version: '1.0.0',
    engines: { vscode: '^1.100.0' },
    main: './agent.js',
    contributes: { commands: [{ command: 'test.ask', title: 'Agent: Ask' }] },
  };
  writeFileSync(path.join(folder, 'package.json'), JSON.stringify(manifest, null, 2));
  writeFileSync(path.join(folder, 'agent.js'), source);
}

export interface AgentAnswer {
  /** Every tool that VS Code knows. */
  tools: string[];
  content?: { text?: string; mimeType?: string; data?: string }[];
  error?: string;
}

/** The agent calls a tool; VS Code asks whether it may (null: it does not), and `button` is clicked. Gives what was asked, too. */
export async function askTool(
  page: Page,
  folder: string,
  tool: string,
  input: object,
  button: 'Yes' | 'Cancel' | null = 'Yes',
): Promise<AgentAnswer & { question: string }> {
  const beside = path.dirname(folder);
  const file = path.join(beside, 'answer.json');
  rmSync(file, { force: true });
  writeFileSync(path.join(beside, 'asked.json'), JSON.stringify({ tool, input }));
  await runCommand(page, 'Agent: Ask');
  const question = button === null ? '' : await clickInDialog(page, button);
  for (const end = Date.now() + PATIENCE; !existsSync(file); await page.waitForTimeout(50)) {
    if (Date.now() > end) throw new Error(`${tool} gives no answer`);
  }
  return { question, ...(JSON.parse(readFileSync(file, 'utf8')) as AgentAnswer) };
}

async function clickInDialog(page: Page, button: string): Promise<string> {
  const dialog = page.locator('.monaco-dialog-box');
  const answer = dialog.getByRole('button', { name: button, exact: true });
  await answer.waitFor({ timeout: PATIENCE });
  const question = await dialog.locator('.dialog-message-container').innerText();
  await answer.click();
  return question;
}
