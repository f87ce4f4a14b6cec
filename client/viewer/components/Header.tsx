import { useApp } from "../app.ts";
import { chooseLanguage, language, words } from "../i18n/language.ts";

export function Header() {
  const { session } = useApp();
  const state = session.state.value;
  const { channels, apiDocs, signOut, signedInAs } = words.value;
  return (
    <header class="top">
      <a class="brand" href="/builds">
        <Logo />
        <span>Tailrace</span>
      </a>
      <nav>
        <a href="/builds">{channels}</a>
        <a href="/docs">{apiDocs}</a>
      </nav>
      <span class="push" />
      <LanguageSwitch />
      {state.name === "signedIn" && (
        <button
          type="button"
          class="quiet"
          title={signedInAs(state.session.subject)}
          onClick={() => void session.signOut()}
        >
          {signOut}
        </button>
      )}
    </header>
  );
}

function LanguageSwitch() {
  const { switchTo, switchLabel } = words.value;
  const other = language.value === "en" ? "zh" : "en";
  return (
    <button
      type="button"
      class="quiet"
      lang={other}
      aria-label={`${switchTo}: ${switchLabel}`}
      onClick={() => void chooseLanguage(other, () => localStorage)}
    >
      {switchTo}
    </button>
  );
}

function Logo() {
  return (
    <svg viewBox="0 0 32 32" width="20" height="20" aria-hidden="true">
      <rect width="32" height="32" rx="7" fill="var(--accent)" />
      <path d="M6 9h13M6 16h20M6 23h9" stroke="#fff" stroke-width="3" stroke-linecap="round" />
      <circle cx="22" cy="23" r="3" fill="#7ee2a8" />
    </svg>
  );
}
