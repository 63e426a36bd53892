/** A renderer shares a page with others: its rules begin with its own class. */
export const styles = `
.vit-map { margin: 0; max-width: 480px; font-family: var(--vscode-font-family); font-size: var(--vscode-font-size); color: var(--vscode-foreground); }
.vit-map figcaption { font-weight: 600; padding-bottom: 4px; overflow-wrap: anywhere; }
.vit-map .patch-grid { display: block; width: 100%; cursor: pointer; }
.vit-map .patch-grid:focus-visible { outline: 1px solid var(--vscode-focusBorder); }
.vit-map-row { display: flex; justify-content: space-between; align-items: center; gap: 12px; min-height: 22px; }
.vit-map-row input { flex: 1; }
.vit-map .color-bar-track { position: relative; }
.vit-map .color-bar-gradient { display: block; width: 100%; height: 10px; }
.vit-map .color-bar-mark { display: none; }
.vit-map .color-bar-numbers { display: flex; justify-content: space-between; color: var(--vscode-descriptionForeground); }
`;
