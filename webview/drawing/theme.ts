/** The theme's colours for canvases; elements use the same variables in CSS. */
const names = {
  background: '--vscode-editor-background',
  foreground: '--vscode-foreground',
  muted: '--vscode-descriptionForeground',
  focus: '--vscode-focusBorder',
  contrast: '--vscode-contrastBorder',
  font: '--vscode-font-family',
} as const;

export type Theme = Record<keyof typeof names, string> & { highContrast: boolean };

let known: Theme | null = null;

export function theme(): Theme {
  if (known) return known;
  const style = getComputedStyle(document.body);
  const read = (name: string) => style.getPropertyValue(name).trim();
  known = {
    background: read(names.background) || '#000000',
    foreground: read(names.foreground) || '#cccccc',
    muted: read(names.muted) || '#999999',
    focus: read(names.focus) || '#0078d4',
    contrast: read(names.contrast),
    font: read(names.font) || 'sans-serif',
    highContrast: document.body.classList.contains('vscode-high-contrast'),
  };
  return known;
}

/** VS Code changes the body's class and the root's variables when the theme changes. */
export function onThemeChange(changed: () => void): void {
  const observer = new MutationObserver(() => {
    known = null;
    changed();
  });
  observer.observe(document.body, { attributes: true, attributeFilter: ['class', 'data-vscode-theme-id'] });
  observer.observe(document.documentElement, { attributes: true, attributeFilter: ['style', 'class'] });
}
