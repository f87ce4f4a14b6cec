/** How a viewer looks, unless the page says otherwise: one class each, so that a page's own rules win. */
const css = `
.tailrace { color-scheme: light dark; display: flex; flex-direction: column; gap: 8px; min-height: 0;
  font: 14px/1.5 system-ui, sans-serif; color: light-dark(#1b2330, #e2e8f0); }
.tailrace-head { display: flex; gap: 12px; align-items: baseline; }
.tailrace-status { font-weight: 600; }
.tailrace-connection { color: light-dark(#57606f, #97a3b4); }
.tailrace-bar { height: 8px; border-radius: 4px; overflow: hidden; background: light-dark(#d9dee5, #2a323d); }
.tailrace-fill { height: 100%; width: 0; background: light-dark(#0b63c4, #5aa9ff); transition: width 0.2s; }
.tailrace-steps { display: flex; flex-wrap: wrap; gap: 4px 16px; margin: 0; padding: 0; list-style: none; }
.tailrace-steps:empty { display: none; }
.tailrace-step::before { content: "○ "; }
.tailrace-step[data-state="done"]::before { content: "✓ "; }
.tailrace-step[data-state="running"] { font-weight: 600; }
.tailrace-step[data-state="running"]::before { content: "▸ "; }
.tailrace-step[data-state="failed"]::before { content: "✗ "; }
.tailrace-log { overflow: auto; max-height: 60vh; padding: 8px; border: 1px solid light-dark(#d9dee5, #2a323d);
  background: light-dark(#ffffff, #0d1117); font: 13px/1.5 ui-monospace, Menlo, Consolas, monospace; }
.tailrace-line, .tailrace-note { white-space: pre-wrap; overflow-wrap: anywhere; }
.tailrace-time { color: light-dark(#5f6877, #8b96a6); margin-right: 8px; user-select: none; }
.tailrace-level { font-weight: 600; margin-right: 8px; }
.tailrace-note { font-style: italic; color: light-dark(#57606f, #97a3b4); }
.tailrace [data-level="WARN"] { color: light-dark(#8a5300, #f0b849); }
.tailrace [data-level="ERROR"], .tailrace[data-status="failure"] .tailrace-status { color: light-dark(#b42318, #ff8078); }
.tailrace [data-level="SUCCESS"], .tailrace[data-status="success"] .tailrace-status { color: light-dark(#116b35, #57d38c); }
@media (prefers-reduced-motion: reduce) { .tailrace-fill { transition: none; } }
`;

let isThere = false;

/** Gives the page the rules, once; by script, so that a page's policy against inline styles allows it. */
export function addLook(): void {
  if (isThere) return;
  isThere = true;
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(css);
  // First, so that what the page says later wins.
  document.adoptedStyleSheets = [sheet, ...document.adoptedStyleSheets];
}
